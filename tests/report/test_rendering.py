"""Colours and outlines that the screen and the report share."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ptx_viewer.rendering import COLOUR_MAPS, colour_table, heatmap_rgba, outline, source_colour


def signed_area(polygon: np.ndarray) -> float:
    """Shoelace formula; positive when clockwise with y pointing down."""
    x, y = polygon.T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2)


def lightness(table: np.ndarray) -> np.ndarray:
    return cv2.cvtColor((table[:, None] / 255).astype(np.float32), cv2.COLOR_RGB2Lab)[:, 0, 0]


def test_single_pixel_is_outlined_at_its_half_pixel_edges():
    mask = np.zeros((5, 7), dtype=bool)
    mask[2, 4] = True
    (polygon,) = outline(mask)
    assert {tuple(point) for point in polygon} == {(3.5, 1.5), (4.5, 1.5), (4.5, 2.5), (3.5, 2.5)}


def test_straight_borders_have_corners_only_where_they_turn():
    mask = np.zeros((9, 9), dtype=bool)
    mask[2:7, 1:8] = True
    (polygon,) = outline(mask)
    assert len(polygon) == 4
    assert signed_area(polygon) == 35


def test_hole_runs_the_other_way():
    mask = np.ones((5, 5), dtype=bool)
    mask[2, 2] = False
    areas = sorted(signed_area(polygon) for polygon in outline(mask))
    assert areas == [-1, 25]


def test_pixels_touching_at_a_corner_are_two_polygons():
    assert [signed_area(p) for p in outline(np.eye(2, dtype=bool))] == [1, 1]


def test_empty_mask_has_no_outline():
    assert outline(np.zeros((3, 3), dtype=bool)) == []


@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_outlines_enclose_exactly_the_mask(mask):
    polygons = outline(mask)
    assert sum(signed_area(polygon) for polygon in polygons) == mask.sum()
    # Even-odd test of every pixel centre against vertical polygon edges to its right.
    for row in range(mask.shape[0]):
        for column in range(mask.shape[1]):
            crossings = 0
            for polygon in polygons:
                following = np.roll(polygon, -1, axis=0)
                low = np.minimum(polygon[:, 1], following[:, 1])
                high = np.maximum(polygon[:, 1], following[:, 1])
                crossings += int(((low < row) & (row < high) & (polygon[:, 0] > column)).sum())
            assert crossings % 2 == mask[row, column]


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_tables_are_whole(name):
    table = colour_table(name)
    assert table.shape == (256, 3)
    assert table.dtype == np.uint8
    assert not table.flags.writeable


@pytest.mark.parametrize("name", ["inferno", "viridis"])
def test_sequential_maps_rise_evenly_in_lightness(name):
    steps = np.diff(lightness(colour_table(name)))
    assert steps.min() > -0.5
    assert np.abs(steps - steps.mean()).max() < 0.7


def test_known_colours_of_inferno_and_viridis():
    assert colour_table("viridis")[0] == pytest.approx([68, 1, 84], abs=1)
    assert colour_table("viridis")[255] == pytest.approx([253, 231, 37], abs=3)
    assert colour_table("inferno")[0] == pytest.approx([0, 0, 4], abs=1)


def test_signed_map_is_symmetric_in_lightness_and_neutral_at_zero():
    table = colour_table("blue-red")
    light = lightness(table)
    assert light == pytest.approx(light[::-1], abs=1.0)
    assert np.ptp(table[127:129].astype(int), axis=1).max() <= 3
    assert int(table[0, 2]) - int(table[0, 0]) > 100
    assert int(table[255, 0]) - int(table[255, 2]) > 100


def test_unknown_colour_map_is_named_in_the_error():
    with pytest.raises(ValueError, match="'jet'"):
        colour_table("jet")


def test_heatmap_is_coloured_by_the_table_and_fades_to_nothing():
    heatmap = np.array([[0.0, 0.25, 0.5, 1.0]], dtype=np.float32)
    rgba = heatmap_rgba(heatmap, False, "inferno", 0.8)
    assert rgba.shape == (1, 4, 4)
    assert rgba[0, :, 3].tolist() == [0, 102, 204, 204]
    assert rgba[0, 3, :3].tolist() == colour_table("inferno")[255].tolist()


def test_signed_heatmap_is_zero_centred_whatever_map_is_asked_for():
    heatmap = np.array([[-1.0, 0.0, 1.0, np.nan, 7.0]], dtype=np.float32)
    rgba = heatmap_rgba(heatmap, True, "viridis", 1.0)
    table = colour_table("blue-red")
    assert rgba[0, 0].tolist() == [*table[0], 255]
    assert rgba[0, 2].tolist() == [*table[255], 255]
    assert rgba[0, 4].tolist() == rgba[0, 2].tolist()
    assert rgba[0, 1, 3] <= 2
    assert rgba[0, 3, 3] <= 2


def test_not_a_number_is_transparent_in_an_unsigned_map():
    assert heatmap_rgba(np.full((2, 2), np.nan, np.float32), False, "viridis", 1.0)[..., 3].max() == 0


def test_models_and_reader_have_different_colours():
    colours = [source_colour(source) for source in ("attention-unet", "mask-rcnn", "consensus", "reader")]
    assert len(set(colours)) == 4
    # Relative luminance and contrast of WCAG 2.2: legible on the black of air.
    for red, green, blue in colours:
        linear = [
            channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
            for channel in (red / 255, green / 255, blue / 255)
        ]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert (luminance + 0.05) / 0.05 > 7


#: Full protanopia, deuteranopia and tritanopia on linear RGB (Machado, Oliveira and Fernandes 2009).
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def seen(colour: tuple[int, int, int], sight: str) -> np.ndarray:
    """CIE L*a*b* of a colour as somebody with that sight sees it."""
    share = np.array(colour) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    linear = np.clip(SIGHT[sight] @ linear, 0, 1)
    shown = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return cv2.cvtColor(shown.astype(np.float32)[None, None], cv2.COLOR_RGB2Lab)[0, 0]


@pytest.mark.parametrize("sight", SIGHT)
def test_the_two_networks_their_consensus_and_the_reader_are_told_apart_by_everybody_and_on_grey(sight):
    named = [seen(source_colour(name), sight) for name in ("attention-unet", "mask-rcnn", "consensus")]
    others = [*named, seen(source_colour("reader"), sight)]
    for place, first in enumerate(others):
        for second in others[place + 1 :]:
            # 2.3 is a difference that is just noticed side by side.
            assert np.linalg.norm(first - second) > 20
    for colour in named:
        for grey in range(0, 256, 15):
            assert np.linalg.norm(colour - seen((grey, grey, grey), sight)) > 15
