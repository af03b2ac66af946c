from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy import ndimage

from models.training import films
from models.training.artefacts import collimation, device_mask, grid_lines, letters, without_devices
from models.training.augment import Augmentation

OFF = Augmentation(
    flip=False, rotation_degrees=0, scale=0, shift=0, elastic_pixels=0, brightness=0, contrast=0, gamma=0,
    noise=0, blur=0, jpeg=False, cutout=0,
)  # fmt: skip
MOVING = {"flip": True, "rotation_degrees": 12.0, "scale": 0.15, "shift": 0.06, "elastic_pixels": 5.0}
NEW = {"device_cutout": 1.0, "grid_lines": 0.05, "collimation": 0.2, "letters": 4}


def smooth_film(size: int = 352) -> np.ndarray:
    coarse = np.random.default_rng(2).random((7, 7)).astype(np.float32)
    return (60 + 90 * cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC).clip(0, 1)).astype(
        np.uint8
    )


def square(size: int = 352) -> np.ndarray:
    mask = np.zeros((size, size), np.uint8)
    mask[110:230, 60:150] = 1
    return mask


def drain(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw a curved bright tube 4 pixels wide; return the film and where the tube lies."""
    points = np.array([[40 + 2 * t, int(120 + 40 * np.sin(t / 18))] for t in range(90)], np.int32)
    tube = np.zeros_like(image)
    cv2.polylines(tube, [points], isClosed=False, color=1, thickness=4)
    return np.where(tube > 0, 235, image).astype(np.uint8), tube > 0


@pytest.mark.parametrize("name", NEW)
def test_each_switch_changes_the_film_and_never_the_outline(name: str) -> None:
    film, _ = drain(smooth_film())
    only = dataclasses.replace(OFF, **{name: NEW[name]})
    made = [only(film, square(), 352, np.random.default_rng(seed)) for seed in range(30)]
    assert max(np.abs(image - film / 255.0).max() for image, _, _ in made) > 0.02
    for image, mask, flipped in made:
        np.testing.assert_array_equal(mask, square())
        assert not flipped
        assert image.min() >= 0
        assert image.max() <= 1


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("seed", range(3))
def test_film_and_outline_move_together_with_each_switch(name: str, seed: int) -> None:
    """The outlined square is the bright one, whatever is drawn elsewhere on the film."""
    moving = dataclasses.replace(OFF, **MOVING, **{name: NEW[name]})
    film = 40 + square() * np.uint8(120)
    image, mask, _ = moving(film, square(), 176, np.random.default_rng(seed))
    inside = ndimage.binary_erosion(mask > 0, np.ones((5, 5)))
    around = ndimage.binary_dilation(mask > 0, np.ones((9, 9))) & ~ndimage.binary_dilation(
        mask > 0, np.ones((3, 3))
    )
    assert inside.sum() > 500
    assert (image[inside] > 0.5).mean() > 0.97
    assert (image[around] < 0.4).mean() > 0.9


def test_switched_off_they_draw_no_random_number() -> None:
    """Films of earlier runs stay the same to the last bit: the digest was made before there were these."""
    film = (np.arange(96 * 96).reshape(96, 96) % 251).astype(np.uint8)
    mask = np.zeros((96, 96), np.uint8)
    mask[30:60, 24:70] = 1
    digest = hashlib.sha256()
    for seed in range(4):
        image, labels, _ = Augmentation(jpeg=False)(film, mask, 64, np.random.default_rng(seed))
        digest.update(np.round(image * 255).astype(np.uint8).tobytes() + labels.tobytes())
    assert digest.hexdigest()[:16] == "b7c6e2dfcbdcfae3"


def test_shutters_stay_away_from_the_outline() -> None:
    covered = np.zeros((352, 352), bool)
    for seed in range(60):
        film = np.full((352, 352), 100, np.uint8)
        shut = collimation(film, square(), 0.45, np.random.default_rng(seed))
        assert (shut[square() > 0] == 100).all()
        covered |= shut != 100
    assert covered[0].all()
    assert covered[:, -1].all()
    assert not covered[170, 170]


def test_letters_stand_in_the_outer_part_alone() -> None:
    film = np.full((352, 352), 90, np.uint8)
    touched = np.zeros((352, 352), int)
    for seed in range(40):
        touched += letters(film, 4, np.random.default_rng(seed)) != 90
    assert (touched > 0).mean() > 0.1
    # The middle rows are free: texts stand within a quarter of the upper and lower edge.
    assert not touched[96:256].any()
    assert not letters(film, 0, np.random.default_rng(0)).astype(int).max() > 90


def test_grid_lines_are_parallel_and_as_strong_as_said() -> None:
    film = np.full((128, 128), 100, np.uint8)
    for seed in range(10):
        lined = grid_lines(film, 0.05, np.random.default_rng(seed)).astype(int)
        assert np.ptp(lined, axis=0).max() == 0 or np.ptp(lined, axis=1).max() == 0
        assert np.abs(lined - 100).max() <= 13
        assert lined.std() > 0.5


def test_a_drain_is_found_and_taken_away() -> None:
    plain = smooth_film()
    film, tube = drain(plain)
    assert device_mask(film)[tube].mean() > 0.95
    assert device_mask(film)[~ndimage.binary_dilation(tube, np.ones((9, 9)))].mean() < 0.002
    assert not device_mask(plain).any()
    cleared = without_devices(film)
    assert np.abs(cleared[tube].astype(int) - plain[tube]).mean() < 6
    far = ~ndimage.binary_dilation(tube, np.ones((9, 9)))
    np.testing.assert_array_equal(cleared[far], film[far])
    np.testing.assert_array_equal(without_devices(plain), plain)


def test_on_real_films_little_but_devices_and_labels_is_taken_away(shared_data: Path) -> None:
    shares = []
    for film in films.siim(shared_data / "siim")[:20]:
        grey = cv2.resize(films.read_grey(film.image), (352, 352), interpolation=cv2.INTER_AREA)
        shares.append(float((without_devices(grey) != grey).mean()))
    assert np.median(shares) < 0.04
    assert max(shares) < 0.1


@pytest.mark.parametrize("wrong", [{"noise": -1}, {"scale": 1}, {"collimation": 0.5}, {"device_cutout": 2}])
def test_senseless_strengths_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        dataclasses.replace(OFF, **wrong)
