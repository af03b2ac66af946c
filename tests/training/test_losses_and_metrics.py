from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score, roc_auc_score

from models.training.losses import dice_bce, focal_bce, soft_dice_loss
from models.training.metrics import bootstrap, dice, roc_auc


def test_soft_dice_by_hand() -> None:
    # Probability 0.5 on four pixels, two of them true: 1 - (2 x 1 + 1) / (2 + 2 + 1) = 0.4
    logits = torch.zeros(1, 2, 2)
    target = torch.tensor([[[1.0, 1.0], [0.0, 0.0]]])
    torch.testing.assert_close(soft_dice_loss(logits, target), torch.tensor([0.4]))


def test_soft_dice_of_empty_and_full_masks() -> None:
    empty, full = torch.zeros(1, 4, 4), torch.ones(1, 4, 4)
    sure = 100.0
    assert float(soft_dice_loss(full * -sure, empty)) == 0
    assert float(soft_dice_loss(full * sure, full)) == 0
    assert float(soft_dice_loss(full * -sure, full)) == pytest.approx(1 - 1 / 17)
    assert float(soft_dice_loss(full * sure, empty)) == pytest.approx(1 - 1 / 17)


def test_each_film_has_its_own_loss_and_an_empty_one_no_dice() -> None:
    logits = torch.zeros(2, 2, 2)
    target = torch.tensor([[[1.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    loss = dice_bce(logits, target, torch.tensor([True, False]))
    torch.testing.assert_close(loss, torch.tensor([2 * math.log(2) + 0.4, 2 * math.log(2)]))


def test_dice_by_hand_and_against_scikit_learn() -> None:
    a, b = np.array([[1, 1, 0]], bool), np.array([[0, 1, 1]], bool)
    nothing = np.zeros((1, 3), bool)
    assert dice(a, b) == 0.5
    assert dice(nothing, nothing) == 1.0
    assert dice(a, nothing) == dice(nothing, a) == 0.0
    rng = np.random.default_rng(0)
    for _ in range(10):
        p, t = rng.random((2, 50)) < 0.4
        assert dice(p, t) == pytest.approx(f1_score(t, p))


@pytest.mark.parametrize("seed", range(8))
def test_roc_auc_with_ties_is_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    positive = rng.random(40) < 0.3
    score = np.round(rng.random(40) + 0.3 * positive, 1)
    assert roc_auc(positive, score) == pytest.approx(roc_auc_score(positive, score))


def test_roc_auc_by_hand() -> None:
    positive = np.array([True, True, False, False])
    assert roc_auc(positive, np.array([0.9, 0.4, 0.5, 0.1])) == 0.75
    assert roc_auc(positive, np.zeros(4)) == 0.5
    assert math.isnan(roc_auc(np.ones(3, bool), np.arange(3.0)))


def test_the_bootstrap_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for trial in range(100):
        sample = np.random.default_rng(trial).normal(5.0, 2.0, 60)
        value, low, high = bootstrap(lambda i, s=sample: float(s[i].mean()), 60, samples=300, seed=trial)
        assert low <= value <= high
        assert value == pytest.approx(sample.mean())
        covered += low <= 5.0 <= high
    assert 88 <= covered <= 100


def test_the_bootstrap_is_repeatable_and_leaves_undefined_samples_out() -> None:
    positive = np.array([True, False, False, False])
    score = np.array([0.9, 0.1, 0.2, 0.3])
    first = bootstrap(lambda i: roc_auc(positive[i], score[i]), 4)
    assert first == bootstrap(lambda i: roc_auc(positive[i], score[i]), 4)
    assert first == (1.0, 1.0, 1.0)


def test_focal_loss_by_hand() -> None:
    """Probabilities .5 and .75 against 1 and 0, gamma 2.

    (1 - .5)^2 ln 2 = .173287; (1 - .75)^2 ln(4/3) = .017980; .75^2 ln 4 = .779791.
    """
    logits = torch.tensor([[[0.0, math.log(3.0), math.log(3.0)]]])
    target = torch.tensor([[[1.0, 1.0, 0.0]]])
    expected = (0.173287 + 0.017980 + 0.779791) / 3
    torch.testing.assert_close(focal_bce(logits, target, 2.0), torch.tensor([expected]), atol=1e-5, rtol=0)
    # alpha .25: drawn pixels weigh half, the others one and a half.
    weighted = (0.5 * 0.173287 + 0.5 * 0.017980 + 1.5 * 0.779791) / 3
    torch.testing.assert_close(
        focal_bce(logits, target, 2.0, alpha=0.25), torch.tensor([weighted]), atol=1e-5, rtol=0
    )
    plain = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
    torch.testing.assert_close(focal_bce(logits, target, 0.0), plain[None])


def test_focal_takes_the_place_of_bce_beside_dice() -> None:
    logits = torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(0))
    target = (torch.rand(2, 4, 4, generator=torch.Generator().manual_seed(1)) > 0.5).float()
    positive = torch.tensor([True, False])
    difference = dice_bce(logits, target, positive, 2.0) - dice_bce(logits, target, positive)
    expected = 2 * (focal_bce(logits, target, 2.0) - focal_bce(logits, target, 0.0))
    torch.testing.assert_close(difference, expected)
