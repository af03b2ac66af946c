from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from models.training.augment import Augmentation

OFF = Augmentation(
    flip=False, rotation_degrees=0, scale=0, shift=0, elastic_pixels=0, brightness=0, contrast=0, gamma=0,
    noise=0, blur=0, jpeg=False, cutout=0,
)  # fmt: skip
GEOMETRY = {"flip": True, "rotation_degrees": 12.0, "scale": 0.15, "shift": 0.06, "elastic_pixels": 5.0}
GREY = {
    "brightness": 0.12, "contrast": 0.25, "gamma": 0.35,
    "noise": 0.04, "blur": 1.0, "jpeg": True, "cutout": 2,
}  # fmt: skip


def square() -> np.ndarray:
    mask = np.zeros((96, 96), np.uint8)
    mask[30:60, 24:70] = 1
    return mask


@pytest.fixture
def film() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (96, 96)).astype(np.uint8)


def test_with_everything_off_nothing_changes(film: np.ndarray) -> None:
    for seed in range(5):
        image, mask, flipped = OFF(film, square(), 96, np.random.default_rng(seed))
        np.testing.assert_allclose(image, film / 255.0, atol=1e-6)
        assert image.dtype == np.float32
        np.testing.assert_array_equal(mask, square())
        assert flipped is False


@pytest.mark.parametrize("name", [*GEOMETRY, *GREY])
def test_each_switch_does_something_of_its_own_kind(film: np.ndarray, name: str) -> None:
    only = dataclasses.replace(OFF, **{name: {**GEOMETRY, **GREY}[name]})
    made = [only(film, square(), 96, np.random.default_rng(seed)) for seed in range(30)]
    images = [np.abs(image - film / 255.0).max() for image, _, _ in made]
    masks = [not np.array_equal(mask, square()) for _, mask, _ in made]
    assert max(images) > 0.01
    assert any(masks) == (name in GEOMETRY)
    assert any(flipped for _, _, flipped in made) == (name == "flip")
    for image, mask, _ in made:
        assert image.min() >= 0
        assert image.max() <= 1
        assert set(np.unique(mask)) <= {0, 1}


def test_flip_by_hand(film: np.ndarray) -> None:
    only = dataclasses.replace(OFF, flip=True)
    seen = set()
    for seed in range(10):
        image, mask, flipped = only(film, square(), 96, np.random.default_rng(seed))
        seen.add(flipped)
        order = -1 if flipped else 1
        np.testing.assert_allclose(image, film[:, ::order] / 255.0, atol=1e-6)
        np.testing.assert_array_equal(mask, square()[:, ::order])
    assert seen == {True, False}


@pytest.mark.parametrize("seed", range(12))
def test_image_and_mask_move_together(seed: int) -> None:
    moving = dataclasses.replace(OFF, **GEOMETRY)
    image, mask, _ = moving(square() * np.uint8(255), square(), 80, np.random.default_rng(seed))
    bright = image >= 0.5
    drawn = mask > 0
    assert drawn.any()
    assert not (bright & ~ndimage.binary_dilation(drawn, np.ones((3, 3)))).any()
    assert not (drawn & ~ndimage.binary_dilation(bright, np.ones((3, 3)))).any()
    assert (bright != drawn).mean() < 0.01


def test_another_size_shows_the_whole_film() -> None:
    image, mask, _ = OFF(square() * np.uint8(255), square(), 48, np.random.default_rng(0))
    assert image.shape == mask.shape == (48, 48)
    rows, columns = np.argwhere(mask > 0).mean(axis=0)
    # The square's centre (44.5, 46.5) by pixel centres: (c + 0.5) / 2 - 0.5.
    assert (rows, columns) == pytest.approx((22.0, 23.0), abs=0.3)
    assert mask.sum() == pytest.approx(square().sum() / 4, rel=0.05)


def test_the_same_seed_gives_the_same_film(film: np.ndarray) -> None:
    everything = Augmentation()
    first, second = (everything(film, square(), 64, np.random.default_rng(4)) for _ in range(2))
    other = everything(film, square(), 64, np.random.default_rng(5))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert not np.array_equal(first[0], other[0])


def test_a_film_smaller_than_the_largest_erased_square_is_augmented_too() -> None:
    only = dataclasses.replace(OFF, cutout=2)
    black = np.zeros((16, 16), np.uint8)
    for seed in range(20):
        image, _, _ = only(black, black, 16, np.random.default_rng(seed))
        assert image.shape == (16, 16)
        assert (image == 0).any()
