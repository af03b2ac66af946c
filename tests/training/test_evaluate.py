from __future__ import annotations

import math

import numpy as np
import pytest
from torch import nn

from models.evaluation.answers import Answer
from models.evaluation.decision import calibrate, choose_mask_threshold
from models.prediction import Prediction
from models.training.evaluate_pneumothorax import average_into, pneumothorax_figures
from models.training.films import Film


def test_calibration_of_scores_that_tell_nothing_gives_the_share_of_positives() -> None:
    # All logits 0: the slope stays at 1, the offset is the logit of the mean of Platt's targets,
    # three of (3 + 1) / (3 + 2) and one of 1 / (1 + 2).
    slope, offset = calibrate(np.zeros(4), np.array([True, True, True, False]))
    mean = (3 * 0.8 + 1 / 3) / 4
    assert slope == pytest.approx(1.0, abs=1e-3)
    assert offset == pytest.approx(math.log(mean / (1 - mean)), abs=1e-3)


def test_calibration_is_symmetric_and_tames_overconfidence() -> None:
    rng = np.random.default_rng(0)
    true_logits = rng.normal(0, 1.5, 400)
    positive = rng.random(400) < 1 / (1 + np.exp(-true_logits))
    slope, offset = calibrate(3.0 * true_logits + 2.0, positive)
    assert slope == pytest.approx(1 / 3, abs=0.06)
    assert offset == pytest.approx(-2 / 3, abs=0.25)
    mirrored = calibrate(-(3.0 * true_logits + 2.0), ~positive)
    assert mirrored == pytest.approx((slope, -offset), abs=1e-2)


def answer(name: str, source: str, score: float, positive: bool, mask: np.ndarray | None) -> Answer:
    probability = np.full((4, 4), 0.05, np.float32)
    if mask is not None:
        probability[mask] = 0.62
        probability[0] = 0.31  # a row that is not there
    film = Film(name, source, None, None, positive, name)  # type: ignore[arg-type]
    prediction = Prediction("m", "m-1", probability, score, 0.5, 0.5, (), 0.0, "cpu")
    return Answer(film, prediction, mask)


def drawn() -> np.ndarray:
    mask = np.zeros((4, 4), np.bool_)
    mask[2:] = True
    return mask


def test_the_pixel_threshold_is_the_lowest_of_those_with_the_best_dice() -> None:
    answers = [answer("a", "siim", 0.9, True, drawn()), answer("b", "nih", 0.1, False, None)]
    # Above 0.31 the false row is gone, up to 0.62 the true ones stay: 0.35 is the first on the grid.
    assert choose_mask_threshold(answers) == 0.35


def test_the_logit_of_a_score() -> None:
    assert answer("a", "siim", 0.5, True, None).logit == 0
    assert answer("a", "siim", 0.75, True, None).logit == pytest.approx(math.log(3))
    assert math.isfinite(answer("a", "siim", 1.0, True, None).logit)


def test_figures_by_hand() -> None:
    answers = [
        answer("a", "siim", 0.9, True, drawn()),
        answer("b", "siim", 0.4, True, drawn()),
        answer("c", "siim", 0.6, False, None),
        answer("d", "siim", 0.1, False, None),
    ]
    figures = {f.name: f for f in pneumothorax_figures(answers)}
    # No source without films appears; no instance was found, so the gated Dice is 0.
    assert {f.data for f in figures.values()} == {"SIIM-ACR, held out"}
    assert figures["mean Dice of positives"].value == 0
    assert figures["mean Dice of positives, whatever the image score"].value == 1
    assert figures["mean Dice of positives"].n == 2
    assert figures["image ROC-AUC"].value == 0.75  # 0.9 beats both, 0.4 beats one of two
    assert figures["sensitivity"].value == figures["specificity"].value == 0.5
    assert figures["image ROC-AUC"].n == 4
    assert all(f.low <= f.value <= f.high for f in figures.values())


def test_the_mean_of_two_networks_is_taken_of_weights_and_statistics() -> None:
    first, second = (nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)) for _ in range(2))
    for network, value in ((first, 1.0), (second, 4.0)):
        for tensor in network.state_dict().values():
            tensor.fill_(value)
    average_into(first, second.state_dict())
    state = first.state_dict()
    assert int(state.pop("1.num_batches_tracked")) == 4
    assert [float(tensor.mean()) for tensor in state.values()] == [2.5] * 6
