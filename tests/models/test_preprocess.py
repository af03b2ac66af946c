from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.geometry import GridTransform, Turn
from models.preprocess import normalise, to_network
from models.training.films import Film, load_bank


def test_percentiles_by_hand() -> None:
    # 0..200: percentile 0.5 is 1, percentile 99.5 is 199 (linear interpolation over 201 values).
    pixels = np.arange(201, dtype=np.float32).reshape(3, 67)
    expected = np.clip((pixels - 1) / 198, 0, 1)
    result = normalise(pixels)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=1e-6)
    assert result[0, :3].tolist() == pytest.approx([0, 0, 1 / 198])


def test_scale_and_offset_of_the_grey_values_do_not_matter() -> None:
    pixels = np.random.default_rng(0).random((40, 30))
    np.testing.assert_allclose(normalise(pixels * 3000 - 1024), normalise(pixels), atol=1e-5)


def test_a_few_extreme_pixels_do_not_darken_the_film() -> None:
    pixels = np.random.default_rng(0).random((100, 100)).astype(np.float32)
    marked = pixels.copy()
    marked[0, :20] = 50.0  # a lead marker: 0.2 % of the film
    np.testing.assert_allclose(normalise(marked)[1:], normalise(pixels)[1:], atol=0.01)


@pytest.mark.parametrize("value", [0.0, 0.3, 255.0])
def test_one_grey_value_becomes_black(value: float) -> None:
    assert not normalise(np.full((20, 20), value, np.float32)).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_single_value_that_is_no_number_is_refused(bad: float) -> None:
    # 1,100 pixels an edge: the percentiles look at every second row only, the check at each pixel.
    pixels = np.zeros((1100, 1100), np.float32)
    pixels[1, 1] = bad
    with pytest.raises(ValueError, match="not finite"):
        normalise(pixels)


def test_the_padding_is_black() -> None:
    pixels = np.random.default_rng(0).random((60, 20)).astype(np.float32) + 5
    transform = GridTransform((60, 20), 32)
    grid = to_network(pixels, transform)
    inside = transform.content_mask()
    assert grid.shape == (32, 32)
    assert np.all(grid[~inside] == -1)
    assert grid[inside].max() > 0.3
    assert grid.min() >= -1
    assert grid.max() <= 1


def test_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an array of shape"):
        to_network(np.zeros((10, 20), np.float32), GridTransform((20, 10), 16))


@pytest.mark.parametrize("turn", [Turn(*flags) for flags in itertools.product((False, True), repeat=3)])
def test_a_turned_film_gives_the_same_input_to_the_last_bit(turn: Turn) -> None:
    upright = np.random.default_rng(3).random((1202, 1091)).astype(np.float32)
    lying = turn.undo(upright)
    expected = to_network(upright, GridTransform(upright.shape, 64))
    np.testing.assert_array_equal(to_network(lying, GridTransform(lying.shape, 64, turn)), expected)


def test_training_and_reading_see_the_same_film(tmp_path: Path) -> None:
    """An 8-bit film from a file and the same film as displayed pixels become the same input."""
    grey = (np.random.default_rng(1).random((90, 70)) * 200 + 20).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "film.png"), grey)
    bank = load_bank([Film("film", "test", tmp_path / "film.png", None, False, "p")], 48)
    shown = to_network(grey.astype(np.float32) / 255.0, GridTransform((90, 70), 48))
    from_file = bank.images[0].astype(np.float32) / 127.5 - 1
    # The bank keeps 8 bits: half a grey level of 255 is 0.004 on the scale of -1..1.
    np.testing.assert_allclose(from_file, shown, atol=1 / 255 + 1e-5)
    np.testing.assert_allclose(to_network(grey, GridTransform((90, 70), 48)), shown, atol=1e-5)
