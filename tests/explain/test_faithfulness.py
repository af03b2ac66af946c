from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from explain.attribution import Faithfulness
from explain.faithfulness import measure_faithfulness
from explain.grad_cam import GradCam
from models.geometry import Turn
from models.pneumothorax import PneumothoraxModel

Film = NDArray[np.float32]

WINDOW = (slice(6, 14), slice(20, 28))


def bright_window(background: float = 0.0) -> Film:
    film = np.full((36, 36), background, np.float32)
    film[WINDOW] = 1.0
    return film


def numbers(result: Faithfulness) -> list[float]:
    return [v for v in dataclasses.astuple(result) if isinstance(v, float)]


@pytest.mark.parametrize("seed", range(5))
def test_the_truth_explains_the_score_and_its_opposite_does_not(bright_patch, seed: int) -> None:
    """The score is the brightness of the window, so the window is the true map."""
    model, film = bright_patch(WINDOW), bright_window()
    truth = measure_faithfulness(model, film, bright_window(), seed=seed)
    opposite = measure_faithfulness(model, film, 1 - bright_window(), seed=seed)
    assert truth.verdict == "yes"
    assert opposite.verdict == "no"
    assert truth.deletion_auc < truth.random_deletion_auc < opposite.deletion_auc
    assert truth.insertion_auc > truth.random_insertion_auc > opposite.insertion_auc
    assert len(numbers(truth)) == 4
    assert all(0 <= value <= 1 for value in numbers(truth) + numbers(opposite))


def test_the_areas_of_the_true_map_by_hand(bright_patch) -> None:
    """The window is 64 of 1,296 pixels, 4.9 %: a part of it goes at the first step of 1/25, all at 4/25."""
    film = bright_window()
    result = measure_faithfulness(bright_patch(WINDOW), film, film)
    blurred = uniform_filter(uniform_filter(film, 5), 5)[WINDOW].mean()  # 36 // 8 | 1 = 5
    high, low = (1 / (1 + np.exp(4 - 8 * brightness)) for brightness in (1.0, blurred))
    # From 4/25 to 16/25 the curve is flat.  The first trapezium, 3/25 of a width of 15/25, has one end
    # there and the other anywhere between both levels.
    uncertain = (high - low) / 2 * 3 / 15
    assert low < result.deletion_auc < low + uncertain
    assert high - uncertain < result.insertion_auc < high


def test_the_same_seed_gives_the_same_numbers(bright_patch) -> None:
    model, film = bright_patch(WINDOW), bright_window(0.2)
    heatmap = np.random.default_rng(0).random((36, 36), dtype=np.float32)
    first, second, other = (measure_faithfulness(model, film, heatmap, seed=s) for s in (1, 1, 2))
    assert first == second
    assert other != first
    # The map itself has no ties: the seed decides the random maps alone.
    assert other.deletion_auc == first.deletion_auc


def test_a_map_of_zeros_explains_nothing(bright_patch) -> None:
    for seed in range(8):
        zeros = np.zeros((36, 36), np.float32)
        assert measure_faithfulness(bright_patch(WINDOW), bright_window(), zeros, seed=seed).verdict == "no"


def test_a_random_map_seldom_passes_for_an_explanation(bright_patch) -> None:
    """Three random maps in a row: the first beats the other two in both tests in at most a third of cases."""
    coarse = np.random.default_rng(9).random((40, 9, 9), dtype=np.float32)
    verdicts = [
        measure_faithfulness(
            bright_patch(WINDOW), bright_window(), np.asarray(cv2.resize(each, (36, 36))), seed=seed
        ).verdict
        for seed, each in enumerate(coarse)
    ]
    assert verdicts.count("yes") <= 20
    assert verdicts.count("no") >= 14


def test_evidence_against_counts_for_nothing_in_a_signed_map(bright_patch) -> None:
    model, film = bright_patch(WINDOW), bright_window()
    signed = np.where(film > 0, 1.0, -np.random.default_rng(0).random((36, 36))).astype(np.float32)
    assert measure_faithfulness(model, film, signed) == measure_faithfulness(model, film, film)
    assert measure_faithfulness(model, film, -film).verdict == "no"


def test_a_score_that_never_changes_is_explained_by_nothing(bright_patch) -> None:
    result = measure_faithfulness(bright_patch(WINDOW, (0.0, 0.0)), bright_window(), bright_window())
    assert result.verdict == "no"
    # sigmoid(-4) all along
    assert numbers(result) == pytest.approx([0.01799] * 4, abs=1e-5)


def test_a_film_stored_otherwise_has_the_same_faithfulness(bright_patch) -> None:
    model, film = bright_patch(WINDOW), bright_window(0.1)[:, 4:]
    turn = Turn(transpose=True, flip_columns=True)
    upright = measure_faithfulness(model, film, film)
    assert measure_faithfulness(model, turn.undo(film), turn.undo(film), turn) == upright


def test_the_padding_plays_no_part(bright_patch) -> None:
    """A film of half the width has half the pixels: its window goes at twice the share."""
    film = np.zeros((36, 18), np.float32)
    film[6:14, 5:13] = 1.0  # lies at columns 14 to 21 of the network's grid
    model = bright_patch((slice(6, 14), slice(14, 22)))
    result = measure_faithfulness(model, film, film)
    assert result.verdict == "yes"
    assert result.deletion_auc < result.random_deletion_auc


def test_the_shipped_network_is_measured_by_its_own_score(
    pneumothorax_model: PneumothoraxModel, sample_film: Film
) -> None:
    heatmap = GradCam().attribute(pneumothorax_model, sample_film).heatmap
    result = measure_faithfulness(pneumothorax_model, sample_film, heatmap)
    assert all(0 < value < 1 for value in numbers(result))
    better = (
        result.deletion_auc < result.random_deletion_auc
        and result.insertion_auc > result.random_insertion_auc
    )
    assert better == (result.verdict in ("yes", "weakly"))
