"""Masks and heatmaps lie exactly where the film's pixels are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QFont, QImage, QPainter

from ptx_viewer.ui import colour_maps
from ptx_viewer.ui.viewport import HeatmapLayer, MaskLayer, MaskStyle
from ptx_viewer.ui.viewport.heatmap import BAR_WIDTH, paint_bar
from ptx_viewer.ui.viewport.outline import outline, outline_path

ORANGE = (255, 159, 28)
CYAN = (34, 211, 238)


def single_pixel(shape=(9, 11), row=3, column=7) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[row, column] = True
    return mask


def coloured(shot: np.ndarray, colour=ORANGE) -> np.ndarray:
    return (shot == colour).all(axis=2)


@pytest.mark.parametrize("zoom", [8, 16])
@pytest.mark.parametrize(("turns", "flip"), [*itertools.product(range(4), (False, True))])
def test_the_outline_of_one_pixel_runs_along_its_edges(films, show, viewport, zoom, turns, flip):
    viewport.resize(320, 320)
    show(np.zeros((9, 11), np.int16), zoom=zoom)
    viewport.rotate(turns)
    if flip:
        viewport.flip_horizontal()
    mask = single_pixel()
    viewport.set_masks([MaskLayer("a", mask, "#ff9f1c")])
    seen = np.rot90(mask, -turns)
    seen = seen[:, ::-1] if flip else seen
    (row,), (column,) = np.nonzero(seen)
    top = 160 - seen.shape[0] * zoom / 2 + row * zoom
    left = 160 - seen.shape[1] * zoom / 2 + column * zoom
    drawn = coloured(films.render(viewport))
    # A line of two screen pixels: one on either side of the edge.
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    assert (rows[0], rows[-1]) == (top - 1, top + zoom)
    assert (columns[0], columns[-1]) == (left - 1, left + zoom)
    assert drawn.sum() == (zoom + 2) ** 2 - (zoom - 2) ** 2


def test_the_line_is_as_thin_on_a_magnified_film(films, show, viewport):
    mask = np.zeros((60, 90), bool)
    mask[:, 45:] = True
    show(np.zeros((60, 90), np.int16))
    for zoom in (1.0, 4.0, 4.0):
        viewport.zoom_by(zoom)
        viewport.set_masks([MaskLayer("a", mask, "#ff9f1c")])
        assert coloured(films.render(viewport))[80].sum() in (2, 4), viewport.zoom_percent


def test_filling_tints_the_mask_s_pixels_and_no_others(films, show):
    mask = np.zeros((60, 90), bool)
    mask[10:20, 30:60] = True
    mask[14:16, 40:50] = False
    viewport = show(np.full((60, 90), 100, np.int16))
    bare = films.render(viewport)
    viewport.set_masks([MaskLayer("a", mask, "#ff9f1c")])
    viewport.set_mask_style(MaskStyle.FILL, 0.5)
    changed = (films.render(viewport) != bare).any(axis=2)
    assert np.array_equal(changed[50:110, 55:145], mask)
    assert changed.sum() == mask.sum()
    tint = films.render(viewport)[50 + 12, 55 + 35].astype(int)
    assert np.abs(tint - (np.array(ORANGE) * 0.5 + bare[62, 90] * 0.5)).max() <= 1


def test_hidden_masks_leave_the_film_untouched(films, show):
    viewport = show(films.noise())
    bare = films.render(viewport)
    viewport.set_masks([MaskLayer("a", np.ones((60, 90), bool), "#ff9f1c", "right 0.93")])
    viewport.set_mask_style(MaskStyle.HIDDEN, 0.5)
    assert np.array_equal(films.render(viewport), bare)


def test_another_image_takes_masks_and_heatmap_with_it(films, show, viewport):
    show(films.noise())
    bare = films.render(viewport)
    viewport.set_masks([MaskLayer("a", np.ones((60, 90), bool), "#ff9f1c")])
    viewport.set_heatmap(HeatmapLayer(np.ones((60, 90), np.float32), signed=False))
    assert (films.render(viewport) != bare).any()
    show(films.noise())
    assert np.array_equal(films.render(viewport), bare)


@pytest.mark.parametrize("shape", [(90, 60), (60, 91), (60, 90, 3)])
def test_an_overlay_of_another_grid_is_refused(films, show, shape):
    viewport = show(films.noise())
    with pytest.raises(ValueError, match="does not fit"):
        viewport.set_masks([MaskLayer("a", np.zeros(shape, bool), "#ff9f1c")])
    with pytest.raises(ValueError, match="does not fit"):
        viewport.set_heatmap(HeatmapLayer(np.zeros(shape, np.float32), signed=False))


@pytest.mark.parametrize("signed", [False, True])
def test_where_a_heatmap_is_zero_the_film_is_unchanged(films, show, signed):
    viewport = show(films.noise())
    bare = films.render(viewport)
    heat = np.zeros((60, 90), np.float32)
    heat[:, 60:] = 1
    viewport.set_heatmap(HeatmapLayer(heat, signed=signed, opacity=1.0))
    shot = films.render(viewport)
    assert np.array_equal(shot[50:110, 55 : 55 + 59], bare[50:110, 55 : 55 + 59])
    top = colour_maps.colours("", signed)[-1]
    assert (shot[80, 55 + 61] == top).all(), "the highest value has the colour of the bar's upper end"


def test_opacity_grows_with_the_value(films, show):
    viewport = show(np.full((60, 90), 200, np.int16))
    heat = np.repeat(np.linspace(0, 1, 90, dtype=np.float32)[None], 60, axis=0)
    viewport.set_heatmap(HeatmapLayer(heat, signed=False, opacity=0.5, colour_map="inferno"))
    shot = films.render(viewport)[80, 55:145].astype(int)
    # From half of the scale on a map is as opaque as it gets.
    alpha = 0.5 * np.minimum(heat[30, :, None] / 0.5, 1)
    colours = colour_maps.colours("inferno", False)[np.rint(heat[30] * 255).astype(int)]
    expected = 255 * (1 - alpha) + alpha * colours
    assert np.abs(shot - expected)[:60].max() <= 2


def test_a_heatmap_turns_with_the_film(films, show):
    viewport = show(np.zeros((60, 90), np.int16))
    heat = np.zeros((60, 90), np.float32)
    heat[5, 10] = 1
    viewport.set_heatmap(HeatmapLayer(heat, signed=False, opacity=1.0))
    viewport.rotate(1)
    lit = (films.render(viewport)[:, :130] > 10).any(axis=2)
    # Row 5, column 10 of a 60 x 90 film lies in row 10, column 54 after a clockwise turn.
    assert np.argwhere(lit[:140]).tolist() == [[(160 - 90) // 2 + 10, (200 - 60) // 2 + 54]]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("name", ["", "viridis", "blue-white-red"])
def test_the_colour_bar_runs_from_the_lowest_to_the_highest_colour(qapp, signed, name):
    picture = QImage(60, 240, QImage.Format.Format_RGB32)
    picture.fill(0)
    painter = QPainter(picture)
    font = QFont()
    font.setPixelSize(13)
    layer = HeatmapLayer(np.zeros((1, 1), np.float32), signed=signed, colour_map=name)
    bar = paint_bar(painter, layer, font, QRectF(5, 20, 50, 200))
    painter.end()
    assert bar.width() == BAR_WIDTH
    table = colour_maps.colours(name, signed)

    def at(y: int) -> np.ndarray:
        colour = QColor(picture.pixel(5 + BAR_WIDTH // 2, y))
        return np.array([colour.red(), colour.green(), colour.blue()])

    low = 1 if signed else 0  # a signed map's entry 0 only repeats entry 1
    for y in (23, 60, 120, 180, 216):
        height = (220 - (y + 0.5)) / 200
        expected = table[round(low + height * (255 - low))].astype(int)
        assert np.abs(at(y) - expected).max() <= 4, y


def test_signed_maps_have_zero_exactly_in_their_middle_and_unsigned_names_are_not_used_for_them():
    heat = np.array([[-1, 0, 1, np.nan, 5]], np.float32)
    assert colour_maps.to_entries(heat, signed=True).tolist() == [[1, 128, 255, 128, 255]]
    assert colour_maps.to_entries(heat, signed=False).tolist() == [[0, 0, 255, 0, 255]]
    assert (colour_maps.overlay_table("", signed=True, opacity=1)[128] == 0).all()
    assert np.array_equal(colour_maps.colours("inferno", True), colour_maps.colours("", True))


@given(mask=arrays.arrays(bool, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9)))
@settings(max_examples=60)
def test_the_outline_encloses_exactly_the_mask(mask):
    points, lengths = outline(mask)
    assert lengths.sum() == len(points)
    picture = QImage(mask.shape[1] * 4, mask.shape[0] * 4, QImage.Format.Format_Grayscale8)
    picture.fill(0)
    painter = QPainter(picture)
    painter.scale(4, 4)
    painter.fillPath(outline_path(points, lengths), QColor("#ffffff"))
    painter.end()
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    filled = rows[:, : picture.width()] > 0
    assert np.array_equal(filled, mask.repeat(4, axis=0).repeat(4, axis=1))


def test_the_outline_of_a_ring_is_two_polygons_worked_out_by_hand():
    mask = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], bool)
    points, lengths = outline(mask)
    outer, inner = np.split(points, np.cumsum(lengths)[:-1])
    assert {tuple(point) for point in outer.tolist()} == {(0, 0), (3, 0), (3, 3), (0, 3)}
    assert {tuple(point) for point in inner.tolist()} == {(1, 1), (2, 1), (2, 2), (1, 2)}
