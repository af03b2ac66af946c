from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.geometry import GridTransform, Turn
from models.preprocess import PLAIN, Preprocessing, enhance, letterbox, normalise, to_network
from models.training.films import Film, load_bank

SWITCHES = [
    Preprocessing(clahe=2.0),
    Preprocessing(denoise="bilateral"),
    Preprocessing(denoise="non-local-means"),
    Preprocessing(denoise="bilateral", clahe=3.0),
]
TURNS = [Turn(*flags) for flags in itertools.product((False, True), repeat=3)]


def noisy_edge(noise: float) -> np.ndarray:
    """Return a dark and a bright half with noise, float32 [120, 160]."""
    image = np.where(np.arange(160) < 80, 0.3, 0.7) + np.random.default_rng(0).normal(0, noise, (120, 160))
    return np.clip(image, 0, 1).astype(np.float32)


def test_nothing_is_done_by_default() -> None:
    image = noisy_edge(0.02)
    assert not PLAIN.active
    assert enhance(image, PLAIN) is image
    transform = GridTransform((120, 160), 64)
    np.testing.assert_array_equal(letterbox(image, transform), transform.forward(normalise(image)))


@pytest.mark.parametrize("denoise", ["bilateral", "non-local-means"])
def test_noise_goes_and_the_edge_stays(denoise: str) -> None:
    image = noisy_edge(0.015)
    smooth = enhance(image, Preprocessing(denoise=denoise, denoise_strength=0.06))
    flat = (slice(20, 100), slice(10, 60))
    assert smooth[flat].std() < 0.5 * image[flat].std()
    profile = smooth[20:100].mean(axis=0)
    assert profile[84] - profile[75] == pytest.approx(0.4, abs=0.03)
    assert smooth.mean() == pytest.approx(image.mean(), abs=0.005)


def test_local_contrast_rises_where_it_was_low() -> None:
    faint = np.tile(0.5 + 0.02 * np.sin(np.arange(256) / 3), (256, 1)).astype(np.float32)
    faint[:, :8] = 0
    faint[:, -8:] = 1
    shown = enhance(faint, Preprocessing(clahe=3.0))
    middle = (slice(64, 192), slice(64, 192))
    assert shown[middle].std() > 2 * faint[middle].std()
    assert shown.min() >= 0
    assert shown.max() <= 1


@pytest.mark.parametrize("options", SWITCHES[:2])
def test_the_switches_do_not_depend_on_how_finely_a_film_was_digitised(options: Preprocessing) -> None:
    coarse = np.random.default_rng(1).random((16, 12)).astype(np.float32)
    small = np.clip(cv2.resize(coarse, (780, 1040), interpolation=cv2.INTER_CUBIC), 0, 1)
    large = cv2.resize(small, (1560, 2080), interpolation=cv2.INTER_LINEAR)
    grids = [to_network(film, GridTransform(film.shape, 128), options) for film in (small, large)]
    assert np.abs(grids[0] - grids[1]).mean() < 0.02


@settings(max_examples=40)
@given(
    st.tuples(st.integers(30, 110), st.integers(30, 110)).map(lambda t: (2 * t[0] + 1, 2 * t[1] + 1)),
    st.sampled_from([127, 128, 129]),
    st.sampled_from(TURNS),
    st.sampled_from(SWITCHES),
    st.floats(0.4, 0.6),
    st.booleans(),
)
def test_what_the_network_sees_comes_back_to_half_a_pixel_whatever_is_switched_on(
    source: tuple[int, int], size: int, turn: Turn, options: Preprocessing, place: float, across: bool
) -> None:
    """A step between two greys, seen with a switch and brought back, stands where it stood, at odd sizes."""
    length = source[1] if across else source[0]
    edge = round(place * length)
    step = np.where(np.arange(length) < edge, 0.3, 0.7).astype(np.float32)
    film = np.broadcast_to(step if across else step[:, None], source).copy()
    transform = GridTransform(source, size, turn)
    restored = transform.backward((to_network(film, transform, options) + 1) / 2)
    profile = restored.mean(axis=0 if across else 1)
    window = slice(edge - 7, edge + 7)
    steepness = np.abs(np.diff(profile))[window]
    between = np.arange(length - 1)[window] + 0.5
    assert (steepness * between).sum() / steepness.sum() == pytest.approx(edge - 0.5, abs=0.5)


@pytest.mark.parametrize("options", SWITCHES)
@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_film_gives_the_same_input(options: Preprocessing, turn: Turn) -> None:
    upright = np.random.default_rng(3).random((151, 203)).astype(np.float32)
    lying = turn.undo(upright)
    expected = to_network(upright, GridTransform(upright.shape, 64), options)
    np.testing.assert_array_equal(to_network(lying, GridTransform(lying.shape, 64, turn), options), expected)


@pytest.mark.parametrize("options", SWITCHES)
def test_training_and_reading_see_the_same_film(tmp_path: Path, options: Preprocessing) -> None:
    noise = np.random.default_rng(1).normal(0, 3, (90, 70))
    grey = (noise + np.linspace(60, 180, 70)).astype(np.uint8)
    assert cv2.imwrite(str(tmp_path / "film.png"), grey)
    film = Film("film", "test", tmp_path / "film.png", None, False, "p")
    bank = load_bank([film], 48, preprocessing=options)
    shown = to_network(grey, GridTransform((90, 70), 48), options)
    np.testing.assert_allclose(bank.images[0].astype(np.float32) / 127.5 - 1, shown, atol=1 / 255 + 1e-5)
    plain = to_network(grey, GridTransform((90, 70), 48))
    assert np.abs(shown - plain).max() > 0.01


def test_a_card_asks_for_what_it_was_trained_with() -> None:
    assert Preprocessing.from_options({"encoder": "x"}) == PLAIN
    asked = Preprocessing.from_options({"preprocessing": {"clahe": 2.0, "denoise": "bilateral"}})
    assert asked == Preprocessing(denoise="bilateral", clahe=2.0)
    with pytest.raises(ValueError, match="unknown preprocessing"):
        Preprocessing.from_options({"preprocessing": {"sharpen": 1}})
    with pytest.raises(ValueError, match="must be one of none, bilateral, non-local-means, not 'median'"):
        Preprocessing(denoise="median")
    with pytest.raises(ValueError, match="clahe 0"):
        Preprocessing(clahe=-1)
