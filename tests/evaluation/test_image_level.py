from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics

from models.evaluation.image_level import (
    confusion,
    expected_calibration_error,
    image_statistics,
    reliability,
)

POSITIVE = np.array([True, True, True, False, False, False, False, True])
SCORE = np.array([0.9, 0.8, 0.3, 0.2, 0.6, 0.1, 0.4, 0.55])
EVERY = np.arange(8)


def test_figures_at_a_threshold_by_hand() -> None:
    statistics = image_statistics(POSITIVE, SCORE, 0.5)
    # Called positive: .9, .8, .6, .55: three of them rightly; .3 is missed.
    assert statistics["accuracy"](EVERY) == pytest.approx(6 / 8)
    assert statistics["precision"](EVERY) == pytest.approx(3 / 4)
    assert statistics["sensitivity"](EVERY) == pytest.approx(3 / 4)
    assert statistics["specificity"](EVERY) == pytest.approx(3 / 4)
    assert statistics["F1"](EVERY) == pytest.approx(6 / 8)


def test_figures_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    positive = rng.random(200) < 0.3
    score = np.round(np.clip(0.3 * positive + rng.random(200) * 0.7, 0, 1), 2)
    chosen = rng.integers(0, 200, 200)
    statistics = image_statistics(positive, score, 0.45)
    truth, given, called = positive[chosen], score[chosen], score[chosen] >= 0.45
    expected = {
        "image ROC-AUC": metrics.roc_auc_score(truth, given),
        "image PR-AUC": metrics.average_precision_score(truth, given),
        "accuracy": metrics.accuracy_score(truth, called),
        "precision": metrics.precision_score(truth, called),
        "sensitivity": metrics.recall_score(truth, called),
        "specificity": metrics.recall_score(~truth, ~called),
        "F1": metrics.f1_score(truth, called),
        "Brier score": metrics.brier_score_loss(truth, given),
    }
    for name, value in expected.items():
        assert statistics[name](chosen) == pytest.approx(value), name


def test_figures_that_are_not_defined_are_nan() -> None:
    statistics = image_statistics(np.zeros(3, dtype=bool), np.array([0.1, 0.2, 0.3]), 0.5)
    films = np.arange(3)
    for name in ("image ROC-AUC", "image PR-AUC", "precision", "sensitivity", "F1"):
        assert math.isnan(statistics[name](films)), name
    assert statistics["specificity"](films) == 1.0


def test_confusion_counts_label_by_row_and_network_by_column() -> None:
    assert confusion(POSITIVE, SCORE >= 0.5).tolist() == [[3, 1], [1, 3]]


def test_reliability_by_hand() -> None:
    positive = np.array([False, True, True, True])
    score = np.array([0.11, 0.19, 0.75, 1.0])
    mean, share, count = reliability(positive, score)
    np.testing.assert_allclose(mean, [0.15, 0.75, 1.0])
    np.testing.assert_allclose(share, [0.5, 1.0, 1.0])
    assert count.tolist() == [2, 1, 1]
    assert expected_calibration_error(positive, score) == pytest.approx((2 * 0.35 + 0.25 + 0.0) / 4)
