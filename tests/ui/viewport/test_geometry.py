"""Turning, flipping and zooming move the picture and never the source grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptx_viewer.ui.viewport.geometry import Geometry, ViewState, pixel_aspect

STEPS = {
    "rotate": lambda viewport: viewport.rotate(1),
    "rotate back": lambda viewport: viewport.rotate(-1),
    "flip horizontally": lambda viewport: viewport.flip_horizontal(),
    "flip vertically": lambda viewport: viewport.flip_vertical(),
}
ON_ARRAYS = {
    "rotate": lambda array: np.rot90(array, -1),
    "rotate back": lambda array: np.rot90(array, 1),
    "flip horizontally": lambda array: array[:, ::-1],
    "flip vertically": lambda array: array[::-1],
}

views = st.builds(
    ViewState,
    zoom=st.none() | st.floats(0.05, 20),
    quarter_turns=st.integers(0, 3),
    flipped_horizontally=st.booleans(),
    flipped_vertically=st.booleans(),
)
geometries = st.builds(
    Geometry,
    shape=st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
    aspect=st.tuples(st.floats(0.2, 5), st.floats(0.2, 5)).map(lambda mm: pixel_aspect(*mm)),
    canvas=st.tuples(st.integers(50, 3000), st.integers(50, 2000)),
    view=views,
)


def film_in(shot: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    top, left = (shot.shape[0] - shape[0]) // 2, (shot.shape[1] - shape[1]) // 2
    return shot[top : top + shape[0], left : left + shape[1], 0]


@pytest.mark.parametrize(
    "steps",
    [
        [],
        ["rotate"],
        ["rotate", "rotate"],
        ["rotate back"],
        ["flip horizontally"],
        ["flip vertically"],
        ["rotate", "flip horizontally"],
        ["flip horizontally", "rotate"],
        ["flip vertically", "rotate", "rotate", "flip horizontally", "rotate back"],
        ["rotate", "flip horizontally", "flip vertically", "rotate", "flip vertically", "rotate"],
    ],
    ids=" + ".join,
)
def test_each_turn_and_flip_acts_on_what_is_seen(films, show, steps):
    viewport = show(films.noise(60, 90))
    expected = films.grey(viewport.image)
    for step in steps:
        STEPS[step](viewport)
        expected = ON_ARRAYS[step](expected)
    assert np.array_equal(film_in(films.render(viewport), expected.shape), expected)


def test_turns_and_flips_can_be_read_back(films, show):
    viewport = show(films.noise())
    viewport.rotate(1)
    viewport.flip_horizontal()
    assert (viewport.quarter_turns, viewport.flipped_horizontally, viewport.flipped_vertically) == (
        1,
        True,
        False,
    )
    viewport.rotate(1)
    assert (viewport.quarter_turns, viewport.flipped_horizontally) == (0, True)
    viewport.reset_view()
    assert (viewport.quarter_turns, viewport.flipped_horizontally) == (0, False)


@given(geometry=geometries, x=st.floats(-10, 4010), y=st.floats(-10, 4010))
def test_to_the_screen_and_back_is_the_same_point(geometry, x, y):
    assert geometry.to_source(*geometry.to_device(x, y)) == pytest.approx((x, y), abs=1e-6)


@given(geometry=geometries)
def test_the_whole_fitted_image_lies_on_the_canvas(geometry):
    fitted = Geometry(geometry.shape, geometry.aspect, geometry.canvas, ViewState())
    rows, columns = geometry.shape
    for corner in ((0, 0), (columns, rows)):
        across, down = fitted.to_device(*corner)
        assert -1 <= across <= geometry.canvas[0] + 1
        assert -1 <= down <= geometry.canvas[1] + 1


@given(geometry=geometries, factor=st.floats(0.1, 10), across=st.integers(0, 49), down=st.integers(0, 49))
def test_zooming_keeps_the_point_it_is_about_unless_the_film_would_leave(geometry, factor, across, down):
    before = geometry.to_source(across, down)
    view = geometry.zoomed(geometry.zoom * factor, (across, down))
    after = Geometry(geometry.shape, geometry.aspect, geometry.canvas, view)
    rows, columns = geometry.shape
    if 0 < view.centre[0] < columns and 0 < view.centre[1] < rows:
        # The image's corner stands on a whole device pixel, half a pixel away at most.
        assert after.to_device(*before) == pytest.approx((across, down), abs=0.5 + 1e-6)


@pytest.mark.parametrize("spacing", [(0.0, 1.0), (1.0, -1.0), (float("nan"), 1.0), (float("inf"), 1.0)])
def test_senseless_spacing_leaves_pixels_square(spacing):
    assert pixel_aspect(*spacing) == (1.0, 1.0)
