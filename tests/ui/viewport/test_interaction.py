"""Mouse, wheel, probe and stacks."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from ptx_viewer.study.errors import StudyError
from ptx_viewer.study.image import Image2D, Window
from ptx_viewer.study.spacing import Spacing, SpacingBasis
from ptx_viewer.ui.viewport import FilmViewport, HeatmapLayer, MaskLayer, Tool
from ptx_viewer.ui.viewport.window import DRAG_PIXELS, dragged


class Slices:
    """Ten slices of one grey each; one of them cannot be read."""

    def __init__(self, build, shapes=None, damaged=None) -> None:
        self._build = build
        self._shapes = shapes or [(40, 40)] * 10
        self._damaged = damaged

    def __len__(self) -> int:
        return len(self._shapes)

    def image(self, index: int) -> Image2D:
        if index == self._damaged:
            raise StudyError("The pixel data of this slice end too early.")
        return self._build(np.full(self._shapes[index], 20 * index, np.int16), unit="HU")


def turn_wheel(viewport: FilmViewport, delta: int, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    event = QWheelEvent(
        QPointF(100, 80),
        viewport.mapToGlobal(QPointF(100, 80)),
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewport, event)


def test_dragging_moves_the_window_by_its_own_span_in_300_pixels():
    # A width of 401 spans 400 from black to white: 400 / 300 for a pixel.
    moved = dragged(Window(40.0, 401.0), Window(40.0, 401.0), across=30, down=15)
    assert moved == Window(40.0 + 15 * 400 / DRAG_PIXELS, 401.0 + 30 * 400 / DRAG_PIXELS)


def test_a_window_dragged_to_nothing_can_be_dragged_open_again():
    own = Window(2048.0, 4097.0)
    closed = dragged(own, own, across=-10_000, down=0)
    assert closed.width > 1
    assert dragged(closed, own, across=100, down=0).width > 50


def test_the_left_button_sets_window_and_level(films, show, drag, qtbot):
    viewport = show(films.noise())
    changes = []
    viewport.windowChanged.connect(lambda center, width: changes.append((center, width)))
    drag(viewport, [(100, 80), (110, 80), (130, 95)])
    # The window of 201 spans 200.
    assert viewport.window == Window(100 + 15 * 200 / 300, 201 + 30 * 200 / 300)
    assert changes[-1] == (viewport.window.center, viewport.window.width)


def test_colour_has_no_window_to_drag(films, show, drag, qtbot):
    viewport = show(films.noise(), colour=np.zeros((60, 90, 3), np.uint8))
    with qtbot.assertNotEmitted(viewport.windowChanged):
        drag(viewport, [(100, 80), (130, 95)])


@pytest.mark.parametrize(
    ("tool", "button"), [(Tool.PAN, Qt.MouseButton.LeftButton), (Tool.WINDOW, Qt.MouseButton.MiddleButton)]
)
def test_panning_moves_the_film_with_the_mouse(films, show, drag, tool, button):
    viewport = show(films.noise())
    viewport.set_tool(tool)
    before = films.render(viewport)
    drag(viewport, [(100, 80), (104, 75), (110, 73)], button)
    assert np.array_equal(films.render(viewport)[: 160 - 7, 10:], before[7:, : 200 - 10])


@pytest.mark.parametrize(
    ("tool", "button"), [(Tool.ZOOM, Qt.MouseButton.LeftButton), (Tool.WINDOW, Qt.MouseButton.RightButton)]
)
def test_dragging_down_by_120_pixels_doubles_the_size(films, show, drag, tool, button):
    viewport = show(films.noise())
    viewport.set_tool(tool)
    drag(viewport, [(100, 20), (100, 100), (100, 140)], button)
    assert viewport.zoom_percent == pytest.approx(200)


def test_the_wheel_zooms_a_film_and_a_double_turn_back_restores_it(films, show):
    viewport = show(films.noise())
    turn_wheel(viewport, 120)
    assert viewport.zoom_percent == pytest.approx(120)
    turn_wheel(viewport, -120)
    assert viewport.zoom_percent == pytest.approx(100)


def test_clicking_makes_the_viewport_the_active_one(films, show, qtbot):
    viewport = show(films.noise())
    with qtbot.waitSignal(viewport.activated):
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton)


# ---------------------------------------------------------------------- stacks


def test_the_wheel_scrolls_a_stack_and_adds_up_fractions_of_a_notch(films, viewport, qtbot):
    viewport.show_stack(Slices(films.image), index=3)
    shown = []
    viewport.sliceChanged.connect(shown.append)
    turn_wheel(viewport, -120)
    turn_wheel(viewport, -60)
    turn_wheel(viewport, -60)
    turn_wheel(viewport, 240)
    assert shown == [4, 5, 3]
    assert films.render(viewport)[80, 100, 0] == films.grey(viewport.image)[0, 0]
    assert viewport.probe(QPointF(100, 80)).value == 60


def test_ctrl_and_wheel_zoom_a_stack(films, viewport):
    viewport.show_stack(Slices(films.image))
    before = viewport.zoom_percent
    turn_wheel(viewport, 120, Qt.KeyboardModifier.ControlModifier)
    assert viewport.zoom_percent == pytest.approx(1.2 * before)
    assert viewport.slice_index == 0


def test_a_stack_ends_at_its_ends(films, viewport):
    viewport.show_stack(Slices(films.image), index=99)
    assert viewport.slice_index == 9
    viewport.set_slice(-5)
    assert viewport.slice_index == 0
    assert viewport.slice_count == 10


def test_the_scroll_tool_goes_through_the_stack_in_one_drag(films, viewport, drag):
    viewport.show_stack(Slices(films.image))
    viewport.set_tool(Tool.SCROLL)
    # 160 screen pixels for 10 slices.
    drag(viewport, [(100, 10), (100, 30), (100, 60)])
    assert viewport.slice_index == 3


def test_window_and_view_stay_while_scrolling_and_overlays_go(films, viewport):
    viewport.show_stack(Slices(films.image))
    viewport.set_window(50.0, 31.0)
    viewport.zoom_by(2.0)
    viewport.rotate(1)
    zoom = viewport.zoom_percent
    viewport.set_masks([MaskLayer("a", np.ones((40, 40), bool), "#ff9f1c")])
    viewport.set_heatmap(HeatmapLayer(np.ones((40, 40), np.float32), signed=False))
    viewport.set_slice(3)
    assert (viewport.window, viewport.zoom_percent, viewport.quarter_turns) == (Window(50.0, 31.0), zoom, 1)
    # (60 - 49.5) / 30 + 0.5 of white, and nothing over it.
    assert (films.render(viewport) == round(255 * (10.5 / 30 + 0.5))).all()


def test_an_unreadable_slice_says_so_and_the_next_one_is_shown_again(films, viewport):
    viewport.show_stack(Slices(films.image, damaged=1))
    blank = films.render(viewport)
    viewport.set_slice(1)
    assert viewport.image is None
    assert viewport.slice_index == 1
    assert (films.render(viewport) != blank).any()
    viewport.set_slice(2)
    assert viewport.image.raw[0, 0] == 40


def test_a_slice_of_another_size_is_fitted_anew(films, viewport):
    viewport.show_stack(Slices(films.image, shapes=[(40, 40), (80, 80)]))
    viewport.zoom_by(3.0)
    viewport.set_slice(1)
    assert viewport.zoom_percent == pytest.approx(200)


# ---------------------------------------------------------------------- probe


def test_the_probe_says_what_lies_under_the_cursor(films, show):
    raw = films.noise()
    spacing = Spacing(0.5, 0.25, SpacingBasis.DETECTOR_PLANE)
    heat = np.zeros((60, 90), np.float32)
    heat[30, 40] = 0.75
    viewport = show(raw, unit="HU", spacing=spacing)
    viewport.set_heatmap(HeatmapLayer(heat, signed=False))
    # Rows are twice as high as columns are wide, so on the screen as well.
    probe = viewport.probe(QPointF(55 + 40, 20 + 2 * 30))
    assert (probe.row, probe.column) == (30, 40)
    assert (probe.value, probe.unit, probe.heatmap) == (float(raw[30, 40]), "HU", 0.75)
    assert probe.position_mm == (30.5 * 0.5, 40.5 * 0.25)
    assert probe.text.startswith("row 30, column 40  ·  15.2, 10.1 mm (detector plane)")
    assert probe.text.endswith("HU  ·  heatmap 0.75")


def test_without_calibration_no_millimetres_are_stated(films, show):
    probe = show(films.noise()).probe(QPointF(100, 80))
    assert probe.position_mm is None
    assert "mm" not in probe.text


def test_colour_is_probed_as_colour(films, show):
    colour = np.zeros((60, 90, 3), np.uint8)
    colour[30, 45] = (1, 2, 3)
    probe = show(films.noise(), colour=colour).probe(QPointF(100, 80))
    assert (probe.value, probe.colour) == (None, (1, 2, 3))
    assert probe.text.endswith("RGB 1, 2, 3")


def test_moving_reports_the_pixel_and_leaving_the_film_reports_none(films, show, drag):
    viewport = show(films.noise())
    seen = []
    viewport.cursorMoved.connect(seen.append)
    drag(viewport, [(100, 80), (100, 80), (5, 5)], Qt.MouseButton.BackButton)
    assert (seen[0].row, seen[0].column) == (30, 45)
    assert seen[-1] is None


def test_probing_follows_a_turned_film(films, show):
    viewport = show(films.noise())
    viewport.rotate(1)
    viewport.flip_vertical()
    # Transposed: screen columns are source rows from the right, screen rows source columns from below.
    probe = viewport.probe(QPointF(70 + 59 - 7, 35 + 89 - 11))
    assert (probe.row, probe.column) == (7, 11)


# ---------------------------------------------------------------------- signals


def test_every_change_of_the_view_is_announced(films, show, qtbot):
    viewport = show(films.noise())
    for change in (
        viewport.fit,
        viewport.one_to_one,
        lambda: viewport.zoom_by(2),
        lambda: viewport.rotate(1),
        viewport.flip_horizontal,
        viewport.flip_vertical,
        viewport.invert,
        viewport.reset_view,
        lambda: viewport.pan_by(1, 1),
    ):
        with qtbot.waitSignal(viewport.viewChanged):
            change()


def test_a_new_image_starts_as_its_file_asks(films, show, viewport):
    show(films.noise())
    viewport.set_window(10, 20)
    viewport.rotate(1)
    viewport.invert()
    show(films.noise())
    assert viewport.window == Window(100.0, 201.0)
    assert not viewport.inverted
    assert viewport.quarter_turns == 0


@pytest.mark.parametrize("window", [(float("nan"), 10.0), (10.0, float("inf"))])
def test_a_window_that_is_no_number_is_refused(films, show, window):
    with pytest.raises(ValueError, match="finite"):
        show(films.noise()).set_window(*window)
