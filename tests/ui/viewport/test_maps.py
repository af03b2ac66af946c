"""Borders of superpixels, regions drawn to ask about them, the linked cursor, and shared looks."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from ptx_viewer.study.image import Window
from ptx_viewer.ui.viewport import HeatmapLayer, MaskLayer, Readout, Tool
from ptx_viewer.ui.viewport.borders import border_pixels
from ptx_viewer.ui.viewport.geometry import Geometry, ViewState


def halves(rows: int = 60, columns: int = 90, at: int = 45) -> np.ndarray:
    labels = np.zeros((rows, columns), np.int32)
    labels[:, at:] = 1
    return labels


@pytest.mark.parametrize("zoom", [1.0, 3.0, 0.5])
def test_a_border_is_one_device_pixel_wide_at_every_zoom(zoom):
    geometry = Geometry((60, 90), (1.0, 1.0), (400, 300), ViewState(zoom=zoom))
    border = border_pixels(halves(at=44), geometry)
    assert border.shape == (60 * zoom, 90 * zoom)
    assert np.flatnonzero(border.any(axis=0)).tolist() == [44 * zoom]
    assert border[:, int(44 * zoom)].all()


def test_borders_turn_with_the_film():
    geometry = Geometry((60, 90), (1.0, 1.0), (400, 300), ViewState(zoom=1.0, quarter_turns=1))
    border = border_pixels(halves(at=30), geometry)
    # A clockwise quarter turn brings column 30 to row 30.
    assert border.shape == (90, 60)
    assert np.flatnonzero(border.any(axis=1)).tolist() == [30]


def test_superpixels_are_drawn_where_the_map_itself_says_nothing(films, show):
    viewport = show(np.full((60, 90), 100, np.int16))
    bare = films.render(viewport)
    layer = HeatmapLayer(np.zeros((60, 90), np.float32), signed=False, opacity=1.0, regions=halves())
    viewport.set_heatmap(layer)
    changed = (films.render(viewport) != bare).any(axis=2)[50:110, 55:135]
    # A light line, and its dark edge beside it.
    assert set(np.flatnonzero(changed[1:].any(axis=0))) == {45, 46}


def test_a_map_without_evidence_leaves_the_film_alone_and_reads_as_such(films, show):
    viewport = show(films.noise())
    bare = films.render(viewport)
    heat = np.ones((60, 90), np.float32)
    viewport.set_heatmap(HeatmapLayer(heat, signed=False, title="Grad-CAM", shown=False))
    # Below the caption nothing changes.
    assert np.array_equal(films.render(viewport)[:110], bare[:110])
    assert viewport.read(5, 5).heatmap is None
    assert viewport.read(5, 5).heatmap_text == "Grad-CAM: no evidence"


def test_values_are_read_with_the_method_s_name_and_their_sign(films, show):
    viewport = show(films.noise())
    heat = np.zeros((60, 90), np.float32)
    heat[5, 7] = -0.312
    viewport.set_heatmap(HeatmapLayer(heat, signed=True, title="SHAP (U-Net)"))
    assert viewport.read(5, 7).heatmap_text == "SHAP (U-Net) −0.31"
    assert viewport.read(6, 7).heatmap_text == "SHAP (U-Net) +0.00"
    assert viewport.read(60, 0) is None


def drawn(viewport) -> list[np.ndarray]:
    masks: list[np.ndarray] = []
    viewport.regionDrawn.connect(masks.append)
    return masks


@pytest.mark.parametrize("ends", [((65, 60), (95, 90)), ((95, 90), (65, 60))])
def test_a_box_holds_every_pixel_that_the_drag_crosses(films, show, drag, ends):
    # The film's corner lies at 55, 50 of the canvas.
    viewport = show(films.noise())
    viewport.set_tool(Tool.REGION_BOX)
    masks = drawn(viewport)
    drag(viewport, ends)
    (mask,) = masks
    assert mask.shape == (60, 90)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (10, 40, 10, 40)
    assert mask.sum() == 31 * 31


def test_a_box_beyond_the_film_ends_at_its_edge_and_a_click_asks_nothing(films, show, drag, qtbot):
    viewport = show(films.noise())
    viewport.set_tool(Tool.REGION_BOX)
    masks = drawn(viewport)
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=viewport.rect().center())
    assert masks == []
    drag(viewport, [(140, 100), (199, 159)])
    assert masks[0][50:, 85:].all()
    assert masks[0].sum() == 10 * 5


def test_a_stroke_asks_about_what_the_brush_passes_over_and_changes_no_finding(films, show, drag):
    viewport = show(films.noise())
    finding = np.zeros((60, 90), bool)
    viewport.set_masks([MaskLayer("a", finding, "#ff9f1c")])
    viewport.set_edit_target("a")
    viewport.set_tool(Tool.REGION_STROKE)
    viewport.set_brush_radius(3)
    masks, edited = drawn(viewport), []
    viewport.maskEdited.connect(lambda *_arguments: edited.append(1))
    drag(viewport, [(75, 80), (105, 80)])
    (mask,) = masks
    assert mask[30, 20:51].all()
    assert not mask[:26].any()
    assert not mask[35:].any()
    assert edited == []


def test_the_region_is_shown_dashed_while_it_is_drawn(films, show, drag):
    viewport = show(np.zeros((60, 90), np.int16))
    viewport.set_tool(Tool.REGION_BOX)
    drag(viewport, [(65, 60), (125, 90)], release=False)
    upper_edge = films.render(viewport)[60, 65:125, 0] > 150
    assert 15 < upper_edge.sum() < 50
    viewport.set_tool(Tool.WINDOW)
    assert not (films.render(viewport)[60, 65:125, 0] > 150).any()


def test_the_linked_cursor_marks_the_pixel_and_writes_what_is_read(films, show):
    viewport = show(np.zeros((60, 90), np.int16))
    bare = films.render(viewport)
    viewport.set_readout(Readout(20, 30))
    changed = (films.render(viewport) != bare).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    # Pixel (20, 30) lies at 70 down, 85 across.
    assert (rows[0] + rows[-1]) / 2 == pytest.approx(70, abs=1)
    assert (columns[0] + columns[-1]) / 2 == pytest.approx(85, abs=1)
    viewport.set_readout(Readout(20, 30, "SHAP +0.31", cross=False))
    changed = (films.render(viewport) != bare).any(axis=2)
    assert not changed[60:80, 75:95].any()
    assert changed[82:100, 97:180].any()
    viewport.set_readout(None)
    assert np.array_equal(films.render(viewport), bare)


def test_two_canvases_with_one_look_show_the_same(films, show, viewport, qtbot):
    other = type(viewport)()
    other.resize(200, 160)
    other.set_corner_labels_visible(False)
    qtbot.addWidget(other)
    image = films.image(films.noise())
    other.show_image(image)
    viewport.show_image(image)
    viewport.rotate(1)
    viewport.zoom_by(3)
    viewport.invert()
    viewport.set_window(80, 50)
    seen = []
    other.windowChanged.connect(lambda *window: seen.append(Window(*window)))
    other.set_look(viewport.look)
    assert seen == [Window(80, 50)]
    assert np.array_equal(films.render(other), films.render(viewport))
    other.set_look(viewport.look)
    assert len(seen) == 1
