"""Planes through a volume: true to scale, letters, linked places, honest gaps, pixels as expected."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from models.ct import Label
from models.prediction import Side
from ptx_viewer.measure.annotation import AnnotationKind
from ptx_viewer.review.volume import VolumeMask
from ptx_viewer.study.image import Acquisition, ImageReference, PatientIdentity, Window
from ptx_viewer.study.planes import Cursor, Planes
from ptx_viewer.study.spacing import SpacingBasis
from ptx_viewer.study.volume import Volume
from ptx_viewer.ui.mpr import MprView, Outlined, Outlines, Plane
from ptx_viewer.ui.viewport import MaskStyle, Tool


def make_volume(positions=(0.0, 4.0, 8.0, 12.0, 16.0), gaps=()) -> Volume:
    """Slices of 30 x 20 pixels of 1 x 2 mm, valued 100 x slice + row."""
    count = len(positions)
    values = (
        100 * np.arange(count)[:, None, None] + np.arange(30)[None, :, None] + np.zeros((1, 1, 20))
    ).astype(np.int16)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = (0, 0, -4), (0, 1, 0), (2, 0, 0)
    references = tuple(ImageReference("a", "a", "1", "2", f"3.{i}", "4") for i in range(count))
    return Volume(
        values, affine, np.array(positions), references, Acquisition("CT"), PatientIdentity(),
        Window(40, 400), (), gaps,
    )  # fmt: skip


@pytest.fixture
def view(qtbot) -> MprView:
    made = MprView()
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    made.show_volume(make_volume())
    return made


def test_planes_have_the_patients_proportions():
    planes = Planes(make_volume())
    assert planes.size_mm(Plane.AXIAL) == (30, 40)
    assert planes.size_mm(Plane.CORONAL) == (20, 40)
    assert planes.size_mm(Plane.SAGITTAL) == (20, 30)
    assert [planes.count(plane) for plane in Plane] == [5, 30, 20]


def test_letters_say_which_way_the_patient_lies():
    planes = Planes(make_volume())
    assert planes.letters(Plane.AXIAL) == ("R", "A", "L", "P")
    assert planes.letters(Plane.CORONAL) == ("R", "H", "L", "F")
    assert planes.letters(Plane.SAGITTAL) == ("A", "H", "P", "F")


def test_a_coronal_plane_shows_each_slice_as_thick_as_it_is():
    planes = Planes(make_volume())
    cut = planes.cut(planes.volume.hounsfield, Plane.CORONAL, 7)
    # Pitch is the finest spacing, 1 mm: each slice of 4 mm fills four rows, none is interpolated.
    assert cut[:, 0].tolist() == [100 * i + 7 for i in range(5) for _ in range(4)]


def test_missing_slices_leave_a_gap():
    planes = Planes(make_volume((0.0, 4.0, 16.0, 20.0, 24.0), (1,)))
    gaps = planes.gaps(Plane.CORONAL)
    assert gaps is not None
    # Of the 12 mm between slices 1 and 2, each stands for 3 mm; 6 mm are nobody's.
    assert int(gaps.sum()) == 6
    assert planes.gaps(Plane.AXIAL) is None


@pytest.mark.parametrize("plane", list(Plane))
def test_a_place_on_a_plane_leads_back_to_its_voxel(plane):
    planes = Planes(make_volume())
    cursor = Cursor(3, 17, 11)
    assert planes.cursor_at(plane, cursor, *planes.place(plane, cursor)) == cursor


def test_a_click_on_one_plane_moves_the_others(view, qtbot):
    coronal = view.views[Plane.CORONAL]
    area = coronal.image_rect()
    spot = QPoint(round(area.left() + area.width() * 0.975), round(area.top() + area.height() * 0.9))
    qtbot.mouseClick(coronal, Qt.MouseButton.LeftButton, pos=spot)
    assert view.cursor_ == Cursor(4, 15, 19)
    assert view.views[Plane.AXIAL].index == 4
    assert view.views[Plane.SAGITTAL].index == 19
    assert view.active is coronal
    assert view.probe_text() == "slice 5, x 38 y 15 z -16 mm: 415 HU"


def test_scrolling_stops_at_the_ends(view):
    axial = view.views[Plane.AXIAL]
    axial.step(100)
    assert (axial.index, axial.caption) == (4, "Axial  5 / 5")
    axial.step(-100)
    assert axial.index == 0


def test_aspect_is_the_patients_on_the_screen(view):
    for plane in Plane:
        area = view.views[plane].image_rect()
        height, width = Planes(make_volume()).size_mm(plane)
        assert area.height() / area.width() == pytest.approx(height / width)


def outlines(labels: np.ndarray, selected: bool = False) -> Outlines:
    """Outline what `labels` calls pneumothorax."""
    found = tuple(
        Outlined(side.value, side, VolumeMask.of(labels == label), "#ff9f1c", selected)
        for side, label in (
            (Side.RIGHT, Label.RIGHT_PNEUMOTHORAX),
            (Side.LEFT, Label.LEFT_PNEUMOTHORAX),
        )
    )
    return Outlines(labels, found)


def pixel(view, row: int, column: int) -> tuple[int, ...]:
    """Return the colour in the middle of a pixel of a plane, as it is on the screen."""
    area = view.image_rect()
    rows, columns = view.image.grid(view.plane)
    x = area.left() + (column + 0.5) / columns * area.width()
    y = area.top() + (row + 0.5) / rows * area.height()
    return view.grab().toImage().pixelColor(round(x), round(y)).getRgb()[:3]


def test_window_and_outlines_reach_the_pixels(view):
    labels = np.zeros((5, 30, 20), np.uint8)
    labels[2, 5:15, 5:15] = Label.RIGHT_PNEUMOTHORAX
    view.set_window(Window(200.5, 401))
    axial = view.views[Plane.AXIAL]
    view.set_cursor(Cursor(2, 0, 0))
    # 210 HU between 0 and 400 HU.
    assert pixel(axial, 10, 10) == pytest.approx((133, 133, 133), abs=2)
    view.show_outlines(outlines(labels))
    view.set_style(MaskStyle.FILL, 0.5)
    filled = pixel(axial, 10, 10)
    assert filled[0] > filled[2] + 40  # orange over grey
    view.set_style(MaskStyle.OUTLINE, 0.5)
    assert pixel(axial, 10, 10) == pytest.approx((133, 133, 133), abs=2)
    view.set_style(MaskStyle.HIDDEN, 0.5)
    assert pixel(axial, 10, 10) == pytest.approx((133, 133, 133), abs=2)


@pytest.mark.parametrize(("plane", "index", "at"), [(Plane.CORONAL, 7, (9, 6)), (Plane.SAGITTAL, 6, (9, 7))])
def test_a_finding_is_filled_in_the_planes_across_the_slices(view, plane, index, at):
    labels = np.zeros((5, 30, 20), np.uint8)
    labels[2, 5:15, 5:15] = Label.LEFT_PNEUMOTHORAX
    view.show_outlines(outlines(labels))
    view.set_style(MaskStyle.FILL, 1.0)
    view.set_cursor(Cursor(2, 7, 6) if plane is Plane.CORONAL else Cursor(2, 7, index))
    # Slice 2 of 4 mm fills the displayed rows 8 to 11.
    inside, above = pixel(view.views[plane], *at), pixel(view.views[plane], 6, at[1])
    assert inside == (255, 159, 28)
    assert above[0] == above[1] == above[2]


def test_a_finding_is_jumped_to(view):
    labels = np.zeros((5, 30, 20), np.uint8)
    labels[3, 4:9, 2:5] = Label.LEFT_PNEUMOTHORAX
    labels[4, 4:6, 2:5] = Label.LEFT_PNEUMOTHORAX
    found = outlines(labels)
    view.show_outlines(found)
    view.jump_to(found.find("left"))
    assert view.cursor_ == Cursor(3, 6, 3)
    assert view.probe_text().endswith("left pneumothorax")


def screen(view, row: float, column: float) -> QPoint:
    """Return where the middle of a pixel lies."""
    return view._to_view().map(QPointF(column + 0.5, row + 0.5)).toPoint()


def test_a_stroke_paints_the_selected_finding_in_its_slice(view, qtbot):
    labels = np.zeros((5, 30, 20), np.uint8)
    labels[2, 5:10, 5:10] = Label.RIGHT_PNEUMOTHORAX
    view.show_outlines(outlines(labels, selected=True))
    view.set_edit_target("right")
    view.set_tool(Tool.BRUSH)
    view.set_brush_radius(1.2)
    axial = view.views[Plane.AXIAL]
    view.set_cursor(Cursor(2, 0, 0))
    with qtbot.waitSignal(view.painted) as heard:
        qtbot.mousePress(axial, Qt.MouseButton.LeftButton, pos=screen(axial, 20, 5))
        qtbot.mouseMove(axial, screen(axial, 20, 8))
        qtbot.mouseRelease(axial, Qt.MouseButton.LeftButton, pos=screen(axial, 20, 8))
    finding, plane, index, mask = heard.args
    assert (finding, plane, index) == ("right", Plane.AXIAL, 2)
    assert mask[5:10, 5:10].all()
    assert mask[20, 5:9].all()
    assert mask.sum() == 25 + 4 + 2 + 8
    # The eraser takes away, and the cursor has not moved.
    view.set_tool(Tool.ERASER)
    with qtbot.waitSignal(view.painted) as heard:
        qtbot.mouseClick(axial, Qt.MouseButton.LeftButton, pos=screen(axial, 7, 7))
    assert heard.args[3].sum() == 25 - 5
    assert view.cursor_ == Cursor(2, 0, 0)


def test_a_stroke_in_a_coronal_plane_paints_whole_slices(view, qtbot):
    labels = np.zeros((5, 30, 20), np.uint8)
    labels[2, 7, 5:10] = Label.RIGHT_PNEUMOTHORAX
    view.show_outlines(outlines(labels, selected=True))
    view.set_edit_target("right")
    view.set_tool(Tool.BRUSH)
    view.set_brush_radius(0.4)
    view.set_cursor(Cursor(2, 7, 0))
    coronal = view.views[Plane.CORONAL]
    # Rows 5 and 13 of the plane show slices 1 and 3, each four rows high.
    with qtbot.waitSignal(view.painted) as heard:
        qtbot.mousePress(coronal, Qt.MouseButton.LeftButton, pos=screen(coronal, 5, 12))
        qtbot.mouseMove(coronal, screen(coronal, 13, 12))
        qtbot.mouseRelease(coronal, Qt.MouseButton.LeftButton, pos=screen(coronal, 13, 12))
    finding, plane, index, section = heard.args
    assert (finding, plane, index) == ("right", Plane.CORONAL, 7)
    assert section.shape == (5, 20)
    assert section[1:4, 12].all()
    assert section[2, 5:10].all()
    assert section.sum() == 3 + 5
    view.set_tool(Tool.ERASER)
    with qtbot.waitSignal(view.painted) as heard:
        qtbot.mouseClick(coronal, Qt.MouseButton.LeftButton, pos=screen(coronal, 9, 6))
    assert heard.args[3].sum() == 4


def test_gaps_between_slices_cannot_be_painted():
    planes = Planes(make_volume((0.0, 4.0, 16.0, 20.0, 24.0), (1,)))
    gaps = planes.gaps(Plane.CORONAL)
    marked = np.repeat(gaps[:, None], 20, axis=1)
    assert not planes.gathered(marked).any()
    assert planes.gathered(~marked).all()


@pytest.mark.parametrize(
    ("plane", "target", "words"),
    [
        (Plane.CORONAL, None, "Choose a finding of this series to paint on, or add one."),
        (Plane.AXIAL, None, "Choose a finding of this series to paint on, or add one."),
    ],
)
def test_a_brush_that_cannot_paint_says_why(view, qtbot, plane, target, words):
    view.show_outlines(outlines(np.zeros((5, 30, 20), np.uint8)))
    view.set_edit_target(target)
    view.set_tool(Tool.BRUSH)
    shown = view.views[plane]
    with qtbot.waitSignal(view.told) as heard:
        qtbot.mouseClick(shown, Qt.MouseButton.LeftButton, pos=screen(shown, 5, 5))
    assert heard.args == [words]


def test_escape_gives_a_stroke_up(view, qtbot):
    view.show_outlines(outlines(np.zeros((5, 30, 20), np.uint8)))
    view.set_edit_target("left")
    view.set_tool(Tool.BRUSH)
    axial = view.views[Plane.AXIAL]
    with qtbot.assertNotEmitted(view.painted):
        qtbot.mousePress(axial, Qt.MouseButton.LeftButton, pos=screen(axial, 20, 5))
        qtbot.keyClick(axial, Qt.Key.Key_Escape)
        qtbot.mouseRelease(axial, Qt.MouseButton.LeftButton, pos=screen(axial, 20, 8))


def test_a_line_is_drawn_in_the_plane_where_the_mouse_goes(view, qtbot):
    view.set_tool(Tool.RULER)
    coronal = view.views[Plane.CORONAL]
    with qtbot.waitSignal(view.drawingMade) as heard:
        qtbot.mousePress(coronal, Qt.MouseButton.LeftButton, pos=screen(coronal, 4, 2))
        qtbot.mouseMove(coronal, screen(coronal, 4, 12))
        qtbot.mouseRelease(coronal, Qt.MouseButton.LeftButton, pos=screen(coronal, 4, 12))
    plane, index, kind, points = heard.args
    assert (plane, index, kind) == (Plane.CORONAL, 15, AnnotationKind.RULER)
    assert np.allclose(points, ((4, 2), (4, 12)), atol=0.06)


def test_a_plane_is_magnified_about_the_mouse_and_fitted_again(view):
    axial = view.views[Plane.AXIAL]
    at = QPointF(screen(axial, 10, 5))
    fitted = axial.image_rect()
    axial.zoom_by(4, at)
    assert axial.image_rect().height() == pytest.approx(4 * fitted.height())
    assert axial.film_point(at) == pytest.approx((10, 5), abs=0.06)
    axial.pan_by(40, 0)
    assert axial.film_point(at + QPointF(40, 0)) == pytest.approx((10, 5), abs=0.06)
    axial.fit()
    assert axial.image_rect() == fitted


def test_millimetres_of_a_plane_are_those_of_its_voxels():
    planes = Planes(make_volume())
    spacing = planes.spacing(Plane.CORONAL)
    assert (spacing.row_mm, spacing.column_mm, spacing.basis) == (1, 2, SpacingBasis.PATIENT)
    assert planes.grid(Plane.SAGITTAL) == (20, 30)
    gap = Planes(make_volume((0.0, 4.0, 16.0, 20.0, 24.0), (1,)))
    values = gap.values(Plane.CORONAL, 7)
    assert np.isnan(values).sum() == 6 * 20
    assert np.nanmin(values) == 7


def test_tilted_slices_leave_the_planes_across_them_without_a_basis():
    volume = make_volume()
    volume.affine[:3, 0] = (0, 1, -4)
    assert volume.tilt_degrees == pytest.approx(14.04, abs=0.01)
    planes = Planes(volume)
    assert planes.spacing(Plane.AXIAL).basis is SpacingBasis.PATIENT
    assert planes.spacing(Plane.SAGITTAL).basis is SpacingBasis.UNKNOWN
    assert planes.spacing(Plane.SAGITTAL).description == "slices tilted by 14.0°, not straightened"


def test_the_scroll_tool_goes_on_from_plane_to_plane(view, qtbot):
    view.set_tool(Tool.SCROLL)
    axial = view.views[Plane.AXIAL]
    view.set_cursor(Cursor(0, 0, 0))
    # The height of the view spans the five slices.
    step = axial.height() // 5
    qtbot.mousePress(axial, Qt.MouseButton.LeftButton, pos=QPoint(50, 10))
    for count in (1, 2, 3):
        qtbot.mouseMove(axial, QPoint(50, 12 + count * step))
        assert axial.index == count
    qtbot.mouseRelease(axial, Qt.MouseButton.LeftButton, pos=QPoint(50, 12 + 3 * step))


def test_scrolling_gives_a_drawing_in_hand_up(view, qtbot):
    view.set_tool(Tool.RULER)
    axial = view.views[Plane.AXIAL]
    qtbot.mousePress(axial, Qt.MouseButton.LeftButton, pos=screen(axial, 5, 5))
    qtbot.mouseMove(axial, screen(axial, 5, 12))
    with qtbot.assertNotEmitted(view.drawingMade):
        axial.step(1)
        qtbot.mouseRelease(axial, Qt.MouseButton.LeftButton, pos=screen(axial, 5, 12))
    assert axial._drawings.items == ()
