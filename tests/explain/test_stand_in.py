"""What is seen where a part of a film is taken away: grain without lines, and soft edges."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.stats import norm

from explain.baseline import blurred
from explain.stand_in import GRAIN_SCALE, TRANSITION, feathered, lung_like, replaced

Film = NDArray[np.float32]
SIZE = 144
EVERYWHERE = np.ones((SIZE, SIZE), np.bool_)
LUNG = (slice(20, 124), slice(20, 124))


def made(film: Film, content=EVERYWHERE, lungs=None, seed: int = 0) -> Film:
    return lung_like(torch.from_numpy(film)[None, None], content, lungs, seed)[0, 0].numpy()


def fine(film: Film) -> Film:
    return film - ndimage.gaussian_filter(film, GRAIN_SCALE * SIZE)


@pytest.fixture(scope="module")
def lungs() -> NDArray[np.bool_]:
    lungs = np.zeros((SIZE, SIZE), np.bool_)
    lungs[LUNG] = True
    return lungs


@pytest.fixture(scope="module")
def film() -> Film:
    """A textured lung with a smooth corner, which is what air looks like, and a bright line beside it."""
    rng = np.random.default_rng(4)
    texture = ndimage.gaussian_filter(rng.standard_normal((SIZE, SIZE)), 1.0).astype(np.float32)
    film = 0.3 * texture - 0.2
    film[20:60, 20:60] = -0.2
    film[60:62, 20:60] = 0.5
    return film.astype(np.float32)


def test_the_coarse_greys_are_those_of_the_blurred_film(film: Film, lungs) -> None:
    coarse = blurred(torch.from_numpy(film)[None, None], EVERYWHERE)[0, 0].numpy()
    difference = ndimage.gaussian_filter(made(film, lungs=lungs) - coarse, SIZE / 12)
    assert np.abs(difference[LUNG]).max() < 0.03


def test_a_place_without_vessels_gets_the_grain_of_the_others(film: Film, lungs) -> None:
    smooth_corner = (slice(24, 56), slice(24, 56))
    textured = (slice(70, 120), slice(70, 120))
    stand_in = made(film, lungs=lungs)
    assert fine(film)[smooth_corner].std() < 0.01
    for place in (smooth_corner, textured):
        assert fine(stand_in)[place].std() == pytest.approx(fine(film)[textured].std(), rel=0.35)


def test_no_line_survives(film: Film, lungs) -> None:
    rows = [fine(each)[52:70, 24:56].mean(axis=1) for each in (film, made(film, lungs=lungs))]
    assert rows[0].max() > 0.4
    assert np.abs(rows[1]).max() < 0.1


def test_the_grain_is_as_fine_as_the_lungs_own() -> None:
    """Coarser texture has a longer correlation from pixel to pixel; so has its stand-in."""
    white = np.random.default_rng(1).standard_normal((SIZE, SIZE)).astype(np.float32)

    def neighbours(film: Film) -> float:
        values = fine(film)
        return float(np.corrcoef(values[:, 1:].ravel(), values[:, :-1].ravel())[0, 1])

    for sigma in (0.4, 0.8, 1.6):
        film = np.asarray(ndimage.gaussian_filter(white, sigma) * 0.3, np.float32)
        assert neighbours(made(film)) == pytest.approx(neighbours(film), abs=0.1)


def test_a_film_without_grain_gets_none() -> None:
    plain = np.full((SIZE, SIZE), 0.25, np.float32)
    np.testing.assert_allclose(made(plain), plain, atol=1e-5)


def test_the_padding_stays_and_the_films_range_is_kept(film: Film, lungs) -> None:
    content = EVERYWHERE.copy()
    content[:, :12] = content[:, -12:] = False
    padded = np.where(content, film, np.float32(-7))
    stand_in = made(padded, content, lungs)
    assert (stand_in[~content] == -7).all()
    assert stand_in[content].min() >= film[content].min()
    assert stand_in[content].max() <= film[content].max()


def test_a_seed_draws_the_grain(film: Film, lungs) -> None:
    first, again, other = (made(film, lungs=lungs, seed=seed) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert abs(np.corrcoef(fine(first)[LUNG].ravel(), fine(other)[LUNG].ravel())[0, 1]) < 0.1


def test_lungs_that_were_not_found_do_no_harm(film: Film) -> None:
    assert made(film, lungs=np.zeros_like(EVERYWHERE)).tobytes() == made(film).tobytes()


def test_a_soft_edge_is_that_of_a_gaussian() -> None:
    half = np.zeros((SIZE, SIZE), np.bool_)
    half[:, : SIZE // 2] = True
    distances = SIZE // 2 - 0.5 - np.arange(SIZE)
    by_hand = norm.cdf(distances / (TRANSITION * SIZE))
    np.testing.assert_allclose(feathered(half, EVERYWHERE)[50], by_hand, atol=0.03)


def test_soft_parts_of_a_film_fill_it_and_leave_the_padding() -> None:
    content = EVERYWHERE.copy()
    content[:30] = False
    labels = np.random.default_rng(0).integers(0, 5, (SIZE // 12, SIZE // 12)).repeat(12, 0).repeat(12, 1)
    together = sum(feathered((labels == label) & content, content) for label in range(5))
    np.testing.assert_allclose(together[content], 1, atol=1e-5)
    assert not np.any(together[~content])


def test_what_is_half_gone_is_half_seen() -> None:
    film, blank = torch.full((1, 1, 2, 2), 0.8), torch.full((1, 1, 2, 2), 0.2)
    gone = torch.tensor([[0.0, 0.5], [1.0, 0.25]])[None, None].repeat(3, 1, 1, 1)
    seen = replaced(film, blank, gone)
    assert seen.shape == (3, 1, 2, 2)
    torch.testing.assert_close(seen[2, 0], torch.tensor([[0.8, 0.5], [0.2, 0.65]]))
