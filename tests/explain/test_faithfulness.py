from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from explain.attribution import Attribution, Faithfulness, Provenance
from explain.faithfulness import Areas, FaithfulnessTest, measure_faithfulness, verdict
from explain.methods import explain
from explain.stand_in import feathered, lung_like
from explain.target import Target
from models.geometry import Turn
from models.pneumothorax import PneumothoraxModel
from models.prediction import Prediction

Film = NDArray[np.float32]

WINDOW = (slice(6, 14), slice(20, 28))


def bright_window(background: float = 0.0) -> Film:
    film = np.full((36, 36), background, np.float32)
    film[WINDOW] = 1.0
    return film


def nothing(film: Film) -> Film:
    content = np.ones(film.shape, np.bool_)
    return lung_like(torch.from_numpy(film)[None, None], content, None)[0, 0].numpy()


def as_map(heatmap: Film) -> Attribution:
    how = Provenance(library="by hand", layer=None, baseline=None, seed=None, samples=None)
    return Attribution("by hand", "bright-patch", "image score", heatmap, bool((heatmap < 0).any()), 0.0, how)


def answer(probability: Film) -> Prediction:
    return Prediction("bright-patch", "bright-patch-1", probability, 0.9, 0.5, 0.5, (), 0.0, "cpu")


def numbers(result: Faithfulness) -> list[float]:
    return [v for v in dataclasses.astuple(result) if isinstance(v, float)]


@pytest.mark.parametrize("seed", range(5))
def test_the_truth_explains_the_score_and_its_opposite_does_not(bright_patch, seed: int) -> None:
    """The score is the brightness of the window, so the window is the true map."""
    model, film = bright_patch(WINDOW), bright_window()
    truth = measure_faithfulness(model, film, as_map(bright_window()), seed=seed)
    opposite = measure_faithfulness(model, film, as_map(1 - bright_window()), seed=seed)
    assert truth.verdict == "yes"
    assert opposite.verdict == "no"
    assert truth.deletion_auc < truth.random_deletion_auc < opposite.deletion_auc
    assert truth.insertion_auc > truth.random_insertion_auc > opposite.insertion_auc
    assert len(numbers(truth)) == 6  # no prediction, no mask of its own
    assert all(0 <= value <= 1 for value in numbers(truth) + numbers(opposite))


def test_the_areas_of_the_true_map_by_hand(bright_patch) -> None:
    """The window is 64 of 1,296 pixels, 4.9 %: a part of it goes at the first step of 1/25, all at 4/25."""
    film = bright_window()
    result = measure_faithfulness(bright_patch(WINDOW), film, as_map(film))
    high, low = (1 / (1 + np.exp(4 - 8 * level)) for level in (1.0, nothing(film)[WINDOW].mean()))
    # From 4/25 to 16/25 the curve is flat but for the soft edge of what is taken away.  The first
    # trapezium, 3/25 of a width of 15/25, has one end there and the other anywhere between both levels.
    uncertain, edge = (high - low) / 2 * 3 / 15, 0.02
    assert low - edge < result.deletion_auc < low + uncertain + edge
    assert high - uncertain - edge < result.insertion_auc < high + edge


@pytest.mark.parametrize("seed", range(3))
def test_the_areas_of_any_map_by_hand(bright_patch, seed: int) -> None:
    """Every pixel has its own rank; the score is linear in what is left of the window."""
    film, rng = bright_window(), np.random.default_rng(seed)
    ranks = rng.permutation(36 * 36).reshape(36, 36)
    result = measure_faithfulness(bright_patch(WINDOW), film, as_map((1296 - ranks).astype(np.float32)))
    blank, content = nothing(film), np.ones(film.shape, np.bool_)
    shares = np.array([1, 4, 9, 16]) / 25
    taken = [feathered(ranks <= share * 1295, content) for share in shares]
    for kept, gone, area in ((film, blank, result.deletion_auc), (blank, film, result.insertion_auc)):
        left = np.array([(kept + each * (gone - kept))[WINDOW].mean() for each in taken])
        height = 1 / (1 + np.exp(4 - 8 * left))
        by_hand = (height[0] + height[1]) / 2 * 3 + (height[1] + height[2]) / 2 * 5
        by_hand += (height[2] + height[3]) / 2 * 7
        assert area == pytest.approx(by_hand / 15, abs=1e-3)  # half precision where there are units for it


def test_the_verdict_asks_for_both_tests_and_for_more_than_edges() -> None:
    random = (Areas(0.4, 0.6), Areas(0.6, 0.4))
    edges = Areas(0.35, 0.65)
    assert verdict(Areas(0.3, 0.7), random, edges) == "yes"
    assert verdict(Areas(0.38, 0.7), random, edges) == "weakly"  # the edges delete lower
    assert verdict(Areas(0.3, 0.62), random, edges) == "weakly"  # the edges insert higher
    assert verdict(Areas(0.45, 0.55), random, edges) == "no"  # better than their mean alone
    assert verdict(Areas(0.3, 0.45), random, edges) == "no"  # deletion alone is not enough
    assert verdict(Areas(0.55, 0.7), random, edges) == "no"  # nor is insertion
    assert verdict(Areas(0.4, 0.6), (Areas(0.4, 0.6),), Areas(0.5, 0.5)) == "no"  # a draw is no win


def test_edges_and_the_models_own_mask_are_measured_as_maps_of_their_own(bright_patch) -> None:
    model, film = bright_patch(WINDOW), bright_window(0.2)
    probability = np.random.default_rng(2).random((36, 36), dtype=np.float32)
    edges = np.hypot(cv2.Sobel(film, cv2.CV_32F, 1, 0), cv2.Sobel(film, cv2.CV_32F, 0, 1))
    test = FaithfulnessTest(model, film, answer(probability))
    as_edges, as_mask = test.measure(as_map(edges)), test.measure(as_map(probability))
    for result in (as_edges, as_mask):
        assert (result.edge_deletion_auc, result.edge_insertion_auc) == (
            as_edges.deletion_auc, as_edges.insertion_auc,
        )  # fmt: skip
        assert (result.mask_deletion_auc, result.mask_insertion_auc) == (
            as_mask.deletion_auc, as_mask.insertion_auc,
        )  # fmt: skip
    # A map that is no more than the film's edges cannot beat them.
    assert as_edges.verdict != "yes"


def test_the_border_of_the_film_is_no_edge_of_the_film(bright_patch) -> None:
    """A white half film in the square grid: its border to the black padding would be the strongest edge."""
    film = np.full((36, 18), 0.9, np.float32)
    film[10:14, 6:10] = 0.8  # lies at columns 15 to 18 of the network's grid
    model = bright_patch((slice(10, 14), slice(15, 19)))
    result = measure_faithfulness(model, film, as_map(film))
    inside = np.hypot(cv2.Sobel(film, cv2.CV_32F, 1, 0), cv2.Sobel(film, cv2.CV_32F, 0, 1))
    assert not inside[:9].any()
    by_hand = measure_faithfulness(model, film, as_map(inside))
    assert by_hand.deletion_auc == result.edge_deletion_auc


def test_a_map_is_tested_against_its_own_target(bright_patch) -> None:
    """The image score looks at one window; the region asks for another."""
    model = bright_patch(WINDOW)
    elsewhere = np.zeros((36, 36), np.bool_)
    elsewhere[22:30, 4:12] = True
    film = bright_window()
    film[elsewhere] = 1.0
    there = as_map(elsewhere.astype(np.float32))
    region = Target.region(elsewhere)
    assert measure_faithfulness(model, film, there, target=region).verdict == "yes"
    assert measure_faithfulness(model, film, there).verdict == "no"
    assert measure_faithfulness(model, film, as_map(bright_window()), target=region).verdict != "yes"


def test_what_is_compared_with_is_scored_once_and_cancelling_costs_nothing(bright_patch) -> None:
    model, film = bright_patch(WINDOW), bright_window(0.2)
    test = FaithfulnessTest(model, film, answer(film))
    seen: list[float] = []

    def cancel(fraction: float, _message: str) -> None:
        seen.append(fraction)
        if len(seen) == 4:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        test.measure(as_map(film), cancel)
    assert len(seen) == 4
    steps: list[list[float]] = [[], []]
    first, second = (
        test.measure(as_map(film), lambda fraction, _, kept=kept: kept.append(fraction)) for kept in steps
    )
    assert first == second == measure_faithfulness(model, film, as_map(film), answer(film))
    # Eight films a map: the map, three random ones, the edges and the mask; then the map alone.
    assert steps[0] == pytest.approx(np.arange(0, 48, 2) / 48)
    assert steps[1] == pytest.approx(np.arange(0, 8, 2) / 8)


def test_a_map_of_another_film_is_refused(bright_patch) -> None:
    with pytest.raises(ValueError, match="shape"):
        measure_faithfulness(bright_patch(WINDOW), bright_window(), as_map(np.ones((36, 30), np.float32)))


def test_the_same_seed_gives_the_same_numbers(bright_patch) -> None:
    model, film = bright_patch(WINDOW), bright_window(0.2)
    heatmap = np.random.default_rng(0).random((36, 36), dtype=np.float32)
    first, second, other = (measure_faithfulness(model, film, as_map(heatmap), seed=s) for s in (1, 1, 2))
    assert first == second
    assert other != first
    # The map itself has no ties: the seed decides the random maps alone.
    assert other.deletion_auc == first.deletion_auc
    assert other.random_deletion_auc != first.random_deletion_auc


def test_a_map_of_zeros_explains_nothing(bright_patch) -> None:
    for seed in range(8):
        zeros = as_map(np.zeros((36, 36), np.float32))
        assert measure_faithfulness(bright_patch(WINDOW), bright_window(), zeros, seed=seed).verdict == "no"


def test_a_random_map_seldom_passes_for_an_explanation(bright_patch) -> None:
    """Three random maps in a row: the first beats the other two in both tests in at most a third of cases."""
    coarse = np.random.default_rng(9).random((40, 9, 9), dtype=np.float32)
    verdicts = [
        measure_faithfulness(
            bright_patch(WINDOW), bright_window(), as_map(np.asarray(cv2.resize(each, (36, 36)))), seed=seed
        ).verdict
        for seed, each in enumerate(coarse)
    ]
    assert verdicts.count("yes") <= 20
    assert verdicts.count("no") >= 14


def test_evidence_against_counts_for_nothing_in_a_signed_map(bright_patch) -> None:
    model, film = bright_patch(WINDOW), bright_window()
    signed = np.where(film > 0, 1.0, -np.random.default_rng(0).random((36, 36))).astype(np.float32)
    positive = measure_faithfulness(model, film, as_map(film))
    assert measure_faithfulness(model, film, as_map(signed)) == positive
    assert measure_faithfulness(model, film, as_map(-film)).verdict == "no"


def test_a_score_that_never_changes_is_explained_by_nothing(bright_patch) -> None:
    film = bright_window()
    result = measure_faithfulness(bright_patch(WINDOW, (0.0, 0.0)), film, as_map(film), answer(film))
    assert result.verdict == "no"
    # sigmoid(-4) all along
    assert numbers(result) == pytest.approx([0.01799] * 8, abs=1e-5)


def test_a_film_stored_otherwise_has_the_same_faithfulness(bright_patch) -> None:
    model, film = bright_patch(WINDOW), bright_window(0.1)[:, 4:]
    turn = Turn(transpose=True, flip_columns=True)
    upright = measure_faithfulness(model, film, as_map(film), answer(film))
    stored = turn.undo(film)
    assert measure_faithfulness(model, stored, as_map(stored), answer(stored), turn=turn) == upright


def test_the_padding_plays_no_part(bright_patch) -> None:
    """A film of half the width has half the pixels: its window goes at twice the share."""
    film = np.zeros((36, 18), np.float32)
    film[6:14, 5:13] = 1.0  # lies at columns 14 to 21 of the network's grid
    model = bright_patch((slice(6, 14), slice(14, 22)))
    result = measure_faithfulness(model, film, as_map(film))
    assert result.verdict == "yes"
    assert result.deletion_auc < result.random_deletion_auc


def test_the_shipped_network_is_measured_by_its_own_score(
    pneumothorax_model: PneumothoraxModel, sample_film: Film
) -> None:
    attribution = explain(pneumothorax_model, sample_film, "grad-cam")
    prediction = pneumothorax_model.predict(sample_film)
    result = measure_faithfulness(pneumothorax_model, sample_film, attribution, prediction)
    assert len(numbers(result)) == 8
    assert all(0 < value < 1 for value in numbers(result))
    # Who beats every random map beats their mean.
    assert result.verdict == "no" or (
        result.deletion_auc < result.random_deletion_auc
        and result.insertion_auc > result.random_insertion_auc
    )
