"""Measuring on the canvas: drawn, gripped, moved, resized; what is seen and what is handed over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from ptx_viewer.measure.annotation import AnnotationKind
from ptx_viewer.ui.viewport import Drawing, Tool

RULER, ANGLE = AnnotationKind.RULER, AnnotationKind.ANGLE
ELLIPSE, RECTANGLE = AnnotationKind.ELLIPSE, AnnotationKind.RECTANGLE
YELLOW = "#ffe66d"


@pytest.fixture
def canvas(show):
    """A film of 120 x 160 pixels at one screen pixel each: its corner lies at (20, 20) of the canvas."""
    return show(np.zeros((120, 160), np.int16))


def yellow(picture: np.ndarray) -> np.ndarray:
    red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
    return (red > 180) & (green > 160) & (blue < 170)


def collected(signal) -> list:
    calls: list = []
    signal.connect(lambda *arguments: calls.append(arguments))
    return calls


def at(canvas, row: float, column: float) -> tuple[float, float]:
    """Return the canvas point whose film point is (row, column)."""
    start = canvas.film_point(canvas.rect().topLeft().toPointF())
    return column - start[1], row - start[0]


def test_a_film_point_is_the_centre_of_its_pixel(canvas):
    # Canvas 200 x 160, film 160 x 120 in its middle: pixel (0, 0) fills the screen pixel (20, 20).
    assert canvas.film_point(QPoint(20, 20).toPointF()) == pytest.approx((0.0, 0.0))
    assert canvas.film_point(QPoint(50, 30).toPointF()) == pytest.approx((10.0, 30.0))


@pytest.mark.parametrize("tool", [Tool.RULER, Tool.ELLIPSE, Tool.RECTANGLE])
def test_dragging_draws_between_its_two_ends(canvas, drag, tool):
    made = collected(canvas.drawingMade)
    canvas.set_tool(tool)
    drag(canvas, [(30, 40), (50, 60), (70, 90)])
    ((kind, points),) = made
    assert kind is tool.measures
    assert points == (pytest.approx((20.0, 10.0)), pytest.approx((70.0, 50.0)))


def test_a_line_can_be_drawn_with_two_clicks(canvas, qtbot):
    made = collected(canvas.drawingMade)
    canvas.set_tool(Tool.RULER)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(30, 40))
    assert made == []
    qtbot.mouseMove(canvas, QPoint(60, 60))
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(70, 90))
    assert [points for _, points in made] == [(pytest.approx((20.0, 10.0)), pytest.approx((70.0, 50.0)))]


def test_an_angle_is_a_drag_and_a_click(canvas, drag, qtbot):
    made = collected(canvas.drawingMade)
    canvas.set_tool(Tool.ANGLE)
    drag(canvas, [(30, 40), (40, 50), (70, 90)])
    assert made == []
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(30, 90))
    ((kind, points),) = made
    assert kind is ANGLE
    assert points[2] == pytest.approx((70.0, 10.0))


def test_points_stay_on_the_film(canvas, drag):
    made = collected(canvas.drawingMade)
    canvas.set_tool(Tool.RECTANGLE)
    drag(canvas, [(5, 5), (100, 80), (199, 159)])
    # From the outer edge of the first pixel to that of the last one.
    assert made[0][1] == ((-0.5, -0.5), (119.5, 159.5))


def test_escape_gives_up_a_drawing(canvas, qtbot):
    made = collected(canvas.drawingMade)
    canvas.set_tool(Tool.RULER)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(30, 40))
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(70, 90))
    assert made == []


def test_a_line_is_drawn_where_its_points_are_with_its_label_beside_it(canvas, films):
    before = films.render(canvas)
    line = Drawing("ruler-1", RULER, ((60.0, 20.0), (60.0, 60.0)), YELLOW, ("20.0 mm",))
    canvas.set_drawings([line])
    marked = yellow(films.render(canvas)) & ~yellow(before)
    # Row 60 of the film is row 80 of the canvas; columns 20 to 60 are 40 to 80.
    assert marked[79:82, 41:80].any(axis=0).all()
    # The caliper's bars reach five pixels to both sides.
    assert marked[75:86, 40].all()
    assert not marked[:, :35].any()
    # The label stands to the right of the line's end.
    assert marked[70:92, 90:140].sum() > 40


@pytest.mark.parametrize("kind", [ELLIPSE, RECTANGLE])
def test_shapes_are_outlines_between_their_corners(canvas, films, kind):
    canvas.set_drawings([Drawing("x-1", kind, ((20.0, 30.0), (80.0, 110.0)), YELLOW)])
    marked = yellow(films.render(canvas))
    rows, columns = np.nonzero(marked)
    assert (rows.min(), rows.max()) == (pytest.approx(40, abs=1), pytest.approx(100, abs=1))
    assert (columns.min(), columns.max()) == (pytest.approx(50, abs=1), pytest.approx(130, abs=1))
    # The corner belongs to the rectangle alone, and the middle to neither.
    assert marked[38:43, 48:53].any() == (kind is RECTANGLE)
    assert not marked[65:75, 85:95].any()


def test_dragging_an_end_moves_it_by_the_way_of_the_mouse(canvas, drag):
    canvas.set_drawings([Drawing("ruler-1", RULER, ((60.0, 20.0), (60.0, 60.0)), YELLOW)])
    moved, chosen, moving = (
        collected(signal) for signal in (canvas.drawingMoved, canvas.drawingSelected, canvas.drawingMoving)
    )
    x, y = at(canvas, 60, 60)
    # Taken hold of two pixels beside the end, with a tool that does something else elsewhere.
    drag(canvas, [(x + 2, y + 1), (x + 7, y + 1), (x + 12, y + 1)])
    assert chosen == [("ruler-1",)]
    assert moved == [("ruler-1", ((60.0, 20.0), (pytest.approx(60.0), pytest.approx(70.0))))]
    assert [points[1][1] for _, points in moving] == [pytest.approx(65.0), pytest.approx(70.0)]


def test_dragging_the_line_moves_it_whole_and_not_off_the_film(canvas, drag):
    canvas.set_drawings([Drawing("ruler-1", RULER, ((60.0, 20.0), (60.0, 60.0)), YELLOW)])
    moved = collected(canvas.drawingMoved)
    x, y = at(canvas, 60, 40)
    drag(canvas, [(x, y), (x - 5, y + 10)])
    drag(canvas, [(x, y), (x - 39, y)])
    assert moved[0][1] == (pytest.approx((70.0, 15.0)), pytest.approx((70.0, 55.0)))
    # 39 columns to the left would be column -19: it stops at the film's edge.
    assert moved[1][1] == (pytest.approx((60.0, -0.5)), pytest.approx((60.0, 39.5)))


def test_a_selected_box_is_resized_at_its_handles(canvas, drag):
    box = Drawing("rectangle-1", RECTANGLE, ((20.0, 30.0), (80.0, 110.0)), YELLOW, selected=True)
    canvas.set_drawings([box])
    moved = collected(canvas.drawingMoved)
    corner, edge = at(canvas, 80, 110), at(canvas, 50, 110)
    drag(canvas, [corner, (corner[0] + 4, corner[1] - 6)])
    drag(canvas, [edge, (edge[0] + 4, edge[1] - 6)])
    assert moved[0][1] == ((20.0, 30.0), pytest.approx((74.0, 114.0)))
    # The middle of an edge moves that edge alone.
    assert moved[1][1] == ((20.0, 30.0), pytest.approx((80.0, 114.0)))


def test_the_inside_of_a_shape_leaves_the_tool_its_work(canvas, drag):
    canvas.set_drawings([Drawing("ellipse-1", ELLIPSE, ((20.0, 30.0), (80.0, 110.0)), YELLOW)])
    chosen = collected(canvas.drawingSelected)
    before = canvas.window
    x, y = at(canvas, 50, 70)
    drag(canvas, [(x, y), (x + 20, y)])
    assert canvas.window.width > before.width
    assert chosen == [("",)]


@pytest.mark.parametrize(
    "points",
    [((60.0, 130.0), (60.0, 40.0)), ((60.0, 40.0), (60.0, 130.0)), ((100.0, 80.0), (20.0, 80.0))],
    ids=["from the right", "from the left", "upwards"],
)
def test_a_label_hides_no_line(canvas, films, points):
    """Neither its own nor another one's; the line is as it is without any label."""
    other = Drawing("b", RULER, ((50.0, 30.0), (75.0, 140.0)), YELLOW)
    line = Drawing("a", RULER, points, YELLOW, selected=True)
    canvas.set_drawings([line, other])
    bare = yellow(films.render(canvas))
    canvas.set_drawings([replace(line, label=("hilum  34.3 mm",)), other])
    assert yellow(films.render(canvas))[bare].all()


def test_what_is_locked_cannot_be_gripped(canvas, drag):
    canvas.set_drawings([Drawing("ruler-1", RULER, ((60.0, 20.0), (60.0, 60.0)), YELLOW, movable=False)])
    moved = collected(canvas.drawingMoved)
    x, y = at(canvas, 60, 60)
    drag(canvas, [(x, y), (x + 10, y)])
    assert moved == []


def test_drawings_follow_the_film_when_it_is_turned(canvas, films):
    canvas.set_drawings([Drawing("ruler-1", RULER, ((60.0, 20.0), (60.0, 60.0)), YELLOW)])
    canvas.flip_horizontal()
    _, columns = np.nonzero(yellow(films.render(canvas)))
    # Columns 20 to 60 of 160 become 99 to 139, and the canvas adds 20.
    assert (columns.min(), columns.max()) == (pytest.approx(119, abs=1), pytest.approx(159, abs=1))


def test_what_is_written_follows_while_a_drawing_is_made(canvas, drag, films, qtbot):
    canvas.set_describer(lambda drawing: (f"{drawing.points[1][1] - drawing.points[0][1]:.0f} px",))
    canvas.set_tool(Tool.RULER)
    written = collected(canvas.drawingMoving)
    drag(canvas, [(30, 80), (60, 80)], release=False)
    short = yellow(films.render(canvas))
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert not yellow(films.render(canvas)).any()
    drag(canvas, [(30, 80), (60, 80), (90, 80)], release=False)
    long = yellow(films.render(canvas))
    assert [points[1][1] - points[0][1] for _, points in written] == [pytest.approx(n) for n in (30, 30, 60)]
    # The line is 30 pixels longer; its label has moved on with its end.
    assert long[80, 36:84].all()
    assert not short[80, 66:84].all()
    assert long[72:90, 102:].sum() > 30


def test_another_image_takes_the_drawings_away(canvas, films):
    canvas.set_drawings([Drawing("ruler-1", RULER, ((60.0, 20.0), (60.0, 60.0)), YELLOW)])
    canvas.show_image(films.image(np.zeros((120, 160), np.int16)))
    assert not yellow(films.render(canvas)).any()
