from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptx_viewer.measure.regions import Region, RegionShape, RegionStatistics, region_statistics

RECTANGLE, ELLIPSE = RegionShape.RECTANGLE, RegionShape.ELLIPSE
#: Value of a pixel = 10 × row + column.
VALUES = (10 * np.arange(8)[:, None] + np.arange(10)[None, :]).astype(np.int16)


def test_a_rectangle_counts_the_pixels_whose_centres_lie_inside_or_on_its_edge() -> None:
    # Rows 1..2, columns 3..4: 13, 14, 23, 24.  Mean 18.5; the squared distances are 30.25, 20.25 twice.
    found = region_statistics(VALUES, Region(RECTANGLE, (0.6, 2.5), (2.0, 4.4)))
    assert found == RegionStatistics(4, 18.5, pytest.approx(math.sqrt(25.25)), 13.0, 24.0)


def test_corners_may_come_in_any_order() -> None:
    one = Region(RECTANGLE, (0.6, 4.4), (2.0, 2.5))
    assert region_statistics(VALUES, one) == region_statistics(
        VALUES, Region(RECTANGLE, (2, 2.5), (0.6, 4.4))
    )


def test_a_circle_of_radius_one_holds_a_plus_of_five_pixels() -> None:
    # Centre (3, 4): 34, its neighbours 24, 44, 33, 35; the corners lie √2 away.
    window, mask = Region(ELLIPSE, (2, 3), (4, 5)).inside((8, 10))
    assert window == (slice(2, 5), slice(3, 6))
    assert mask.astype(int).tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    found = region_statistics(VALUES, Region(ELLIPSE, (2, 3), (4, 5)))
    assert found == RegionStatistics(5, 34.0, pytest.approx(math.sqrt((100 + 100 + 1 + 1) / 5)), 24.0, 44.0)


def test_only_the_part_inside_the_image_is_counted() -> None:
    found = region_statistics(VALUES, Region(RECTANGLE, (-5, -5), (0, 1)))
    assert found == RegionStatistics(2, 0.5, 0.5, 0.0, 1.0)


def test_between_pixel_centres_and_outside_there_is_nothing() -> None:
    assert region_statistics(VALUES, Region(RECTANGLE, (1.2, 1.2), (1.8, 1.8))) is None
    assert region_statistics(VALUES, Region(ELLIPSE, (20, 20), (30, 30))) is None


def test_values_that_are_no_numbers_are_left_out() -> None:
    values = np.array([[1.0, np.nan], [3.0, np.inf]], dtype=np.float32)
    assert region_statistics(values, Region(RECTANGLE, (0, 0), (1, 1))) == RegionStatistics(2, 2.0, 1.0, 1, 3)


def test_large_integers_do_not_overflow() -> None:
    values = np.full((300, 300), 30_000, dtype=np.int16)
    assert region_statistics(values, Region(RECTANGLE, (0, 0), (299, 299))) == RegionStatistics(
        90_000, 30_000.0, 0.0, 30_000.0, 30_000.0
    )


def test_areas_are_those_of_the_shapes() -> None:
    assert Region(RECTANGLE, (0, 0), (2.5, -4)).area == 10.0
    assert Region(ELLIPSE, (0, 0), (4, 6)).area == pytest.approx(math.pi * 2 * 3)


@given(*(st.floats(-3, 12) for _ in range(4)))
def test_an_ellipse_lies_within_its_rectangle(top: float, left: float, bottom: float, right: float) -> None:
    shapes = [Region(shape, (top, left), (bottom, right)) for shape in (ELLIPSE, RECTANGLE)]
    counts = []
    for shape in shapes:
        window, mask = shape.inside(VALUES.shape)
        assert VALUES[window].shape == mask.shape
        counts.append(int(mask.sum()))
    assert counts[0] <= counts[1]
