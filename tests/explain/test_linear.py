"""Every method on a network whose true attribution is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage

from explain.attribution import Attribution
from explain.baseline import blurred
from explain.methods import METHODS, explain
from explain.stand_in import feathered, lung_like
from models.prediction import LungFields

Film = NDArray[np.float32]

SIZE = 72
#: Bright blobs of equal height: what the network adds, takes away, and adds by half.
FOR, AGAINST = (slice(12, 24), slice(12, 24)), (slice(14, 26), slice(46, 58))
HALF = (slice(46, 58), slice(30, 42))


@pytest.fixture(scope="module")
def film() -> Film:
    noise = np.random.default_rng(0).random((SIZE, SIZE), dtype=np.float32)
    film = 0.2 + 0.05 * noise
    for blob in (FOR, AGAINST, HALF):
        film[blob] += 0.6
    return film


@pytest.fixture(scope="module")
def weights() -> Film:
    weights = np.zeros((SIZE, SIZE), np.float32)
    weights[FOR], weights[AGAINST], weights[HALF] = 0.1, -0.1, 0.05
    return weights


@pytest.fixture(scope="module")
def maps(linear_network, film: Film, weights: Film) -> dict[str, Attribution]:
    return {method: explain(linear_network(weights), film, method) for method in METHODS}


def nothing(film: Film, seed: int = 0) -> Film:
    content = np.ones(film.shape, np.bool_)
    return lung_like(torch.from_numpy(film)[None, None], content, None, seed)[0, 0].numpy()


def without_structure(film: Film) -> Film:
    content = np.ones(film.shape, np.bool_)
    return blurred(torch.from_numpy(film)[None, None], content)[0, 0].numpy()


def in_regions(values: Film, labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Sum up what lies in each region, whose edges are soft."""
    content = np.ones(labels.shape, np.bool_)
    shares = [feathered(labels == region, content) for region in range(labels.max() + 1)]
    return np.array([(values.astype(np.float64) * share).sum() for share in shares])


@pytest.mark.parametrize("method", METHODS)
def test_sign_and_rank_of_the_evidence_are_found(maps: dict[str, Attribution], method: str) -> None:
    made = maps[method]
    support, half, against = (float(made.heatmap[blob].mean()) for blob in (FOR, HALF, AGAINST))
    elsewhere = np.ones((SIZE, SIZE), np.bool_)
    for blob in (FOR, HALF, AGAINST):
        elsewhere[blob] = False
    assert support > half > 0.1
    assert half > 2 * abs(made.heatmap[elsewhere].mean())
    if made.signed:
        assert against < -0.4
        # A blob may be cut by the border of a region or window, never by that of a pixel.
        coarse = method in ("shap", "lime", "occlusion")
        assert against == pytest.approx(-support, rel=0.5 if coarse else 0.2)
    else:
        assert method == "grad-cam"
        assert against == 0
    assert np.abs(made.heatmap).max() == pytest.approx(1.0)
    assert not made.provenance.negligible


def test_shap_values_are_the_true_ones_and_add_up(
    linear_network, maps: dict[str, Attribution], film: Film, weights: Film
) -> None:
    made = maps["shap"]
    # Two rounds, each with a stand-in of its own.
    absent = (nothing(film, 0) + nothing(film, 1)) / 2
    assert made.provenance.samples == 2 * (2 * (made.regions.max() + 1) - 1) + 1
    difference = weights * (film - absent)
    true = in_regions(difference, made.regions)
    found = np.array([made.heatmap[made.regions == region].mean() for region in range(len(true))])
    # On the map, the strongest value is 1.
    np.testing.assert_allclose(found * np.abs(true).max(), true, atol=1e-4)
    model = linear_network(weights)
    scores = [float(model.score(torch.from_numpy(each)[None, None])) for each in (film, absent)]
    assert (found * np.abs(true).max()).sum() == pytest.approx(scores[0] - scores[1], abs=1e-3)
    assert made.provenance.effect == pytest.approx(true[true > 0].sum(), rel=1e-3)
    assert made.provenance.settled


def test_limes_weights_are_in_proportion_to_the_true_ones(
    maps: dict[str, Attribution], film: Film, weights: Film
) -> None:
    labels = maps["lime"].regions
    true = in_regions(weights * (film - nothing(film)), labels)
    found = np.array([maps["lime"].heatmap[labels == region].mean() for region in range(len(true))])
    np.testing.assert_allclose(found, true / np.abs(true).max(), atol=0.05)
    assert np.corrcoef(found, true)[0, 1] > 0.99


def test_integrated_gradients_are_the_true_part_of_each_pixel(
    maps: dict[str, Attribution], film: Film, weights: Film
) -> None:
    """But for the smoothing, by a standard deviation of a pixel here."""
    true = ndimage.gaussian_filter(weights * (film - without_structure(film)), 1.0)
    made = maps["integrated-gradients"]
    np.testing.assert_allclose(made.heatmap, true / np.abs(true).max(), atol=1e-4)
    assert made.provenance.samples == 16
    assert made.provenance.settled


def test_expected_gradients_agree_with_the_true_part_of_each_pixel(
    maps: dict[str, Attribution], film: Film, weights: Film
) -> None:
    true = ndimage.gaussian_filter(weights * (film - without_structure(film)), 1.0)
    assert np.corrcoef(maps["expected-gradients"].heatmap.ravel(), true.ravel())[0, 1] > 0.95


def test_occlusion_is_the_loss_of_each_window(
    maps: dict[str, Attribution], film: Film, weights: Film
) -> None:
    """Windows of 12 pixels, every 6: each pixel gets the mean of the windows over it."""
    difference = weights * (film - nothing(film))
    total, count = np.zeros((2, SIZE, SIZE))
    for top in range(0, SIZE - 11, 6):
        for left in range(0, SIZE - 11, 6):
            window = (slice(top, top + 12), slice(left, left + 12))
            total[window] += difference[window].sum()
            count[window] += 1
    true = total / count
    np.testing.assert_allclose(maps["occlusion"].heatmap, true / np.abs(true).max(), atol=1e-4)


@pytest.mark.parametrize("method", ["shap", "lime"])
def test_regions_follow_the_lungs_and_say_so(linear_network, film: Film, weights: Film, method: str) -> None:
    right, left = np.zeros((2, SIZE, SIZE), np.bool_)
    right[8:60, 8:30] = left[8:60, 42:64] = True
    lungs = LungFields(right=right, left=left, card_id="")
    made = explain(linear_network(weights), film, method, lungs=lungs)
    assert "following the lungs" in made.caption
    inside = np.unique(made.regions[right | left])
    # The lungs are widened by two pixels here.
    assert not np.isin(made.regions[:5], inside).any()
    assert not np.isin(made.regions[64:], inside).any()
    assert len(inside) > 0.6 * (made.regions.max() + 1)
    assert made.heatmap[AGAINST].mean() < -0.1 < 0.1 < min(made.heatmap[blob].mean() for blob in (FOR, HALF))
