"""Planes through a volume: true to scale, letters, linked places, honest gaps, pixels as expected."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from models.ct import CtSegmentation, Label
from models.prediction import Side
from ptx_viewer.results import VolumeAnalysis
from ptx_viewer.study.image import Acquisition, ImageReference, PatientIdentity, Window
from ptx_viewer.study.planes import Cursor, Planes
from ptx_viewer.study.volume import Volume
from ptx_viewer.ui.mpr import MprView, Plane
from ptx_viewer.ui.viewport import MaskStyle


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


def test_window_and_outlines_reach_the_pixels(view):
    labels = np.zeros((5, 30, 20), np.uint8)
    labels[2, 5:15, 5:15] = Label.RIGHT_PNEUMOTHORAX
    found = CtSegmentation(labels, -1000.0, {Side.RIGHT: -850.0, Side.LEFT: -850.0})
    view.set_window(Window(200.5, 401))
    axial = view.views[Plane.AXIAL]
    view.set_cursor(Cursor(2, 0, 0))
    grey = axial._render(axial._planes).pixelColor(10, 10)
    # 210 HU between 0 and 400 HU.
    assert grey.getRgb()[:3] == pytest.approx((133, 133, 133), abs=1)
    view.show_analysis(VolumeAnalysis("2", segmentation=found))
    view.set_style(MaskStyle.FILL, 0.5)
    filled = axial._render(axial._planes).pixelColor(10, 10).getRgb()[:3]
    assert filled[0] > filled[2] + 40  # orange over grey
    view.set_style(MaskStyle.HIDDEN, 0.5)
    assert axial._render(axial._planes).pixelColor(10, 10) == grey


def test_a_finding_is_jumped_to(view):
    labels = np.zeros((5, 30, 20), np.uint8)
    labels[3, 4:9, 2:5] = Label.LEFT_PNEUMOTHORAX
    labels[4, 4:6, 2:5] = Label.LEFT_PNEUMOTHORAX
    found = CtSegmentation(labels, -1000.0, {Side.RIGHT: -850.0, Side.LEFT: -850.0})
    view.show_analysis(VolumeAnalysis("2", segmentation=found))
    view.jump_to(Side.LEFT)
    assert view.cursor_ == Cursor(3, 6, 3)
    assert view.probe_text().endswith("left pneumothorax")
