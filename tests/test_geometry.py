from __future__ import annotations

import itertools
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.geometry import GridTransform, Turn, turn_to_standard

TURNS = [Turn(*flags) for flags in itertools.product((False, True), repeat=3)]

#: Every PatientOrientation of a frontal film: (direction of a row, direction of a column).
FRONTAL = [(a, d) for a in "LR" for d in "HF"] + [(a, d) for a in "HF" for d in "LR"]


def marker(row_direction: str, column_direction: str) -> np.ndarray:
    """Return a 3 × 5 (or 5 × 3) picture of a patient: value = 10 × (0 head .. ) + (0 right ..).

    The patient is 3 steps tall (head 0, feet 2) and 5 steps wide (right 0, left 4); the picture is
    laid out so that its rows and columns run in the given directions.
    """
    steps = {"L": range(5), "R": range(4, -1, -1), "F": range(3), "H": range(2, -1, -1)}
    across, down = steps[row_direction], steps[column_direction]
    if row_direction in "LR":
        return np.array([[10 * height + width for width in across] for height in down])
    return np.array([[10 * height + width for height in across] for width in down])


STANDARD = np.array([[0, 1, 2, 3, 4], [10, 11, 12, 13, 14], [20, 21, 22, 23, 24]])


@pytest.mark.parametrize("turn", TURNS)
def test_a_point_goes_where_its_pixel_goes(turn: Turn) -> None:
    array = np.zeros((5, 8))
    array[1, 6] = 1
    row, column = (int(n[0]) for n in np.nonzero(turn.apply(array)))
    assert turn.apply_to_point((1, 6), array.shape) == (row, column)
    assert turn.undo_point((row, column), array.shape) == (1, 6)
    # An edge between pixels stays one.
    assert turn.undo_point(turn.apply_to_point((0.5, -0.5), array.shape), array.shape) == (0.5, -0.5)


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (1, 7), (7, 1), (1, 1), (3, 5, 3)])
def test_undo_is_the_exact_inverse_of_apply(turn: Turn, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    turned = turn.apply(array)
    assert turned.shape[:2] == (shape[:2][::-1] if turn.transpose else shape[:2])
    assert turned.flags.c_contiguous
    restored = turn.undo(turned)
    assert restored.flags.c_contiguous
    np.testing.assert_array_equal(restored, array)
    np.testing.assert_array_equal(turn.apply(turn.undo(turned)), turned)


def test_the_eight_turns_are_all_different() -> None:
    square = np.arange(9).reshape(3, 3)
    assert len({turn.apply(square).tobytes() for turn in TURNS}) == 8


def test_turns_by_hand() -> None:
    array = np.array([[1, 2, 3], [4, 5, 6]])
    assert Turn(transpose=True).apply(array).tolist() == [[1, 4], [2, 5], [3, 6]]
    assert Turn(flip_rows=True).apply(array).tolist() == [[4, 5, 6], [1, 2, 3]]
    assert Turn(flip_columns=True).apply(array).tolist() == [[3, 2, 1], [6, 5, 4]]
    # Transpose first: a quarter turn clockwise is the transpose with its columns reversed.
    assert Turn(transpose=True, flip_columns=True).apply(array).tolist() == np.rot90(array, -1).tolist()


@pytest.mark.parametrize(("row_direction", "column_direction"), FRONTAL)
def test_every_frontal_orientation_turns_to_the_usual_display(
    row_direction: str, column_direction: str
) -> None:
    turn = turn_to_standard(row_direction, column_direction)
    np.testing.assert_array_equal(turn.apply(marker(row_direction, column_direction)), STANDARD)


def test_the_usual_display_is_not_turned() -> None:
    assert turn_to_standard("L", "F") == Turn()


def test_only_the_leading_letter_of_a_direction_counts() -> None:
    # Slightly rotated films say e.g. LF\FR: mostly to the left, a little to the feet.
    assert turn_to_standard("RF", "HL") == turn_to_standard("R", "H")
    assert turn_to_standard("hf", "rl") == turn_to_standard("H", "R")


@pytest.mark.parametrize("directions", [("A", "F"), ("P", "F"), ("", ""), ("L", ""), ("L", "R"), ("H", "F")])
def test_directions_of_no_frontal_film_are_not_turned(directions: tuple[str, str]) -> None:
    assert turn_to_standard(*directions) == Turn()


def test_content_by_hand() -> None:
    # 100 × 50 into 64: 64 × 32, centred; transposed it lies across.
    assert GridTransform((100, 50), 64).content == (0, 16, 64, 32)
    assert GridTransform((100, 50), 64, Turn(transpose=True)).content == (16, 0, 32, 64)


def test_a_grid_of_the_same_size_passes_through_unchanged() -> None:
    image = np.random.default_rng(1).random((32, 32), dtype=np.float32)
    transform = GridTransform((32, 32), 32)
    np.testing.assert_array_equal(transform.forward(image), image)
    np.testing.assert_array_equal(transform.backward(image), image)


def test_shrinking_by_two_averages_each_square_of_four() -> None:
    image = np.random.default_rng(2).random((8, 8), dtype=np.float32)
    expected = image.reshape(4, 2, 4, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(GridTransform((8, 8), 4).forward(image), expected, atol=1e-6)


def test_the_wrong_shape_is_refused() -> None:
    transform = GridTransform((10, 20), 16)
    with pytest.raises(ValueError, match=r"\(10, 20\), got \(20, 10\)"):
        transform.forward(np.zeros((20, 10), dtype=np.float32))
    with pytest.raises(ValueError, match=r"\(16, 16\), got \(10, 20\)"):
        transform.backward(np.zeros((10, 20), dtype=np.float32))


sources = st.tuples(st.integers(1, 300), st.integers(1, 300))
grid_sizes = st.sampled_from([16, 33, 64, 127])
turns = st.sampled_from(TURNS)


@given(sources, grid_sizes, turns)
def test_the_padding_is_zero_and_the_image_fills_its_place(
    source: tuple[int, int], size: int, turn: Turn
) -> None:
    transform = GridTransform(source, size, turn)
    grid = transform.forward(np.ones(source, dtype=np.float32))
    inside = transform.content_mask()
    assert grid.shape == inside.shape == (size, size)
    assert grid.dtype == np.float32
    assert np.all(grid[~inside] == 0)
    np.testing.assert_allclose(grid[inside], 1, atol=1e-5)
    # The longer edge fills the grid.
    assert max(inside.any(axis=0).sum(), inside.any(axis=1).sum()) == size


@given(sources, grid_sizes, turns)
def test_the_image_is_centred(source: tuple[int, int], size: int, turn: Turn) -> None:
    top, left, rows, columns = GridTransform(source, size, turn).content
    assert top >= 0
    assert left >= 0
    assert 0 <= (size - rows - top) - top <= 1
    assert 0 <= (size - columns - left) - left <= 1


@given(sources, grid_sizes, turns)
def test_a_map_comes_back_in_the_source_grid_without_anything_from_the_padding(
    source: tuple[int, int], size: int, turn: Turn
) -> None:
    transform = GridTransform(source, size, turn)
    grid = np.where(transform.content_mask(), np.float32(0.5), np.float32(100))
    restored = transform.backward(grid)
    assert restored.shape == source
    assert restored.dtype == np.float32
    assert restored.flags.c_contiguous
    np.testing.assert_allclose(restored, 0.5, atol=1e-6)


def centroid(image: np.ndarray) -> tuple[float, float]:
    rows, columns = np.indices(image.shape)
    weight = float(image.sum(dtype=np.float64))
    return float((rows * image).sum() / weight), float((columns * image).sum() / weight)


def blob(shape: tuple[int, int], row: float, column: float, sigma: float) -> np.ndarray:
    rows, columns = np.indices(shape)
    return np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * sigma**2)).astype(np.float32)


@settings(max_examples=60)
@given(
    st.tuples(st.integers(90, 400), st.integers(90, 400)),
    st.sampled_from([63, 64, 129, 512]),
    turns,
    st.floats(0.4, 0.6),
    st.floats(0.4, 0.6),
)
def test_a_blob_comes_back_where_it_was(
    source: tuple[int, int], size: int, turn: Turn, down: float, across: float
) -> None:
    """Forward and back moves the centre of a blob by less than half a pixel of the source."""
    row, column = down * (source[0] - 1), across * (source[1] - 1)
    image = blob(source, row, column, 7.0)
    transform = GridTransform(source, size, turn)
    restored = transform.backward(transform.forward(image))
    found_row, found_column = centroid(restored)
    assert abs(found_row - row) < 0.5
    assert abs(found_column - column) < 0.5


@settings(max_examples=60)
@given(
    st.tuples(st.integers(90, 400), st.integers(90, 400)),
    st.sampled_from([63, 64, 129]),
    turns,
    st.floats(0.4, 0.6),
    st.floats(0.4, 0.6),
)
def test_forward_maps_pixel_centres(
    source: tuple[int, int], size: int, turn: Turn, down: float, across: float
) -> None:
    """Pixel centres: grid coordinate = (turned coordinate + 0.5) × inner / turned length - 0.5 + offset."""
    row, column = down * (source[0] - 1), across * (source[1] - 1)
    transform = GridTransform(source, size, turn)
    found = centroid(transform.forward(blob(source, row, column, 9.0)))

    position = [(row, source[0]), (column, source[1])]
    if turn.transpose:
        position.reverse()
    for axis, mirrored in enumerate((turn.flip_rows, turn.flip_columns)):
        coordinate, length = position[axis]
        if mirrored:
            coordinate = length - 1 - coordinate
        offset, inner = transform.content[axis], transform.content[axis + 2]
        expected = (coordinate + 0.5) * inner / length - 0.5 + offset
        assert abs(found[axis] - expected) < 0.25


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("source", [(1, 1), (1, 2000), (2000, 1), (1, 5), (3001, 2), (2, 3001)])
def test_extreme_shapes(source: tuple[int, int], turn: Turn) -> None:
    transform = GridTransform(source, 64, turn)
    ramp = np.linspace(0, 1, np.prod(source), dtype=np.float32).reshape(source)
    grid = transform.forward(ramp)
    assert grid.shape == (64, 64)
    restored = transform.backward(grid)
    assert restored.shape == source
    # One step of the grid is at most 1/64 of the ramp along the long edge.
    long_axis = int(np.argmax(source))
    profile = ramp.mean(axis=1 - long_axis)
    np.testing.assert_allclose(restored.mean(axis=1 - long_axis), profile, atol=1 / 64)


@pytest.mark.parametrize(("row_direction", "column_direction"), FRONTAL)
def test_a_finding_marked_in_the_network_grid_comes_back_on_the_same_side(
    row_direction: str, column_direction: str
) -> None:
    """What lies at the upper right of the usual display is at the patient's left, near the head."""
    shape = (90, 70) if row_direction in "LR" else (70, 90)
    transform = GridTransform(shape, 64, turn_to_standard(row_direction, column_direction))
    top, left, rows, columns = transform.content
    grid = np.zeros((64, 64), dtype=np.float32)
    grid[top : top + rows // 3, left + columns - columns // 3 : left + columns] = 1
    row, column = centroid(transform.backward(grid))
    low_row, low_column = row < (shape[0] - 1) / 2, column < (shape[1] - 1) / 2
    ends = {"L": False, "R": True, "F": True, "H": False}
    assert low_row == ends[column_direction]
    assert low_column == ends[row_direction]


@given(sources, grid_sizes, turns, st.integers(0, 2**32 - 1))
def test_values_stay_between_the_smallest_and_the_largest(
    source: tuple[int, int], size: int, turn: Turn, seed: int
) -> None:
    transform = GridTransform(source, size, turn)
    image = np.random.default_rng(seed).random(source, dtype=np.float32)
    inside = transform.forward(image)[transform.content_mask()]
    restored = transform.backward(transform.forward(image))
    for values in (inside, restored):
        assert values.min() >= image.min() - 1e-5
        assert values.max() <= image.max() + 1e-5


def test_a_fine_line_does_not_vanish_when_shrinking() -> None:
    # A visceral pleural line one pixel wide keeps its share of the area: 64 / 1024 of its brightness.
    image = np.zeros((1024, 1024), dtype=np.float32)
    image[:, 511] = 1
    grid = GridTransform((1024, 1024), 64).forward(image)
    np.testing.assert_allclose(grid.sum(axis=1), 64 / 1024, atol=1e-6)


def test_forward_does_not_change_its_input() -> None:
    image = np.random.default_rng(3).random((20, 30), dtype=np.float32)
    before = image.copy()
    GridTransform((20, 30), 64, Turn(True, True, False)).forward(image)
    np.testing.assert_array_equal(image, before)


def test_pixels_become_square_in_the_grid_by_hand() -> None:
    # Pixels twice as high as wide: 100 × 100 of them show what 200 × 100 square ones do.
    assert GridTransform((100, 100), 64, Turn(pixel_height=2)).content == (0, 16, 64, 32)
    # Twice as wide as high, and the same film on its side.
    assert GridTransform((100, 100), 64, Turn(pixel_height=0.5)).content == (16, 0, 32, 64)
    assert GridTransform((100, 100), 64, Turn(True, pixel_height=0.5)).content == (0, 16, 64, 32)
    assert GridTransform((100, 50), 64, Turn(pixel_height=0.5)).content == (0, 0, 64, 64)


@given(sources, grid_sizes, turns)
def test_square_pixels_lie_as_ever(source: tuple[int, int], size: int, turn: Turn) -> None:
    rows, columns = source[::-1] if turn.transpose else source
    scale = size / max(rows, columns)
    expected = max(1, round(rows * scale)), max(1, round(columns * scale))
    assert GridTransform(source, size, turn).content[2:] == expected
    image = np.random.default_rng(0).random(source, dtype=np.float32)
    method = cv2.INTER_AREA if expected[0] <= rows else cv2.INTER_LINEAR
    resized = cv2.resize(turn.apply(image), expected[::-1], interpolation=method)
    transform = GridTransform(source, size, turn)
    inside = transform.forward(image)[transform.content_mask()]
    np.testing.assert_array_equal(inside, resized.ravel())


@pytest.mark.parametrize("turn", TURNS)
def test_every_second_row_shows_the_network_the_same_film_and_the_map_fits_the_rows_that_are_left(
    turn: Turn,
) -> None:
    whole = blob((240, 180), 80, 110, 20.0)
    thinned = np.ascontiguousarray(whole.reshape(120, 2, 180).mean(axis=1))
    stored = turn.undo(whole), turn.undo(thinned)
    squashed = replace(turn, pixel_height=0.5 if turn.transpose else 2.0)
    transform = GridTransform(stored[1].shape, 64, squashed)
    seen = GridTransform(stored[0].shape, 64, turn).forward(stored[0])
    np.testing.assert_allclose(transform.forward(stored[1]), seen, atol=0.005)
    restored = turn.apply(transform.backward(transform.forward(stored[1])))
    assert restored.shape == thinned.shape
    assert centroid(restored) == pytest.approx((39.75, 110), abs=0.2)


def test_one_edge_may_shrink_while_the_other_grows() -> None:
    # 8 × 2 pixels, each 1 high and 8 wide: 4 × 8 squares of the grid.  Rows are averaged in pairs.
    image = np.zeros((8, 2), dtype=np.float32)
    image[2] = 1
    transform = GridTransform((8, 2), 8, Turn(pixel_height=1 / 8))
    assert transform.content == (2, 0, 4, 8)
    assert transform.forward(image)[2:6].tolist() == [[0.0] * 8, [0.5] * 8, [0.0] * 8, [0.0] * 8]
    np.testing.assert_array_equal(
        transform.backward_labels(np.repeat(np.arange(8, dtype=np.int32)[None], 8, axis=0))[0], [2, 6]
    )


@pytest.mark.parametrize("height", [0.0, -1.0, float("nan"), float("inf")])
def test_a_pixel_without_height_is_refused(height: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Turn(pixel_height=height)
