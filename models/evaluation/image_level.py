"""Figures of merit for the question whether a film shows a pneumothorax at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.training.metrics import average_precision, roc_auc

#: Bins of equal width for the reliability curve.
RELIABILITY_BINS = 10


def image_statistics(
    positive: NDArray[np.bool_], score: NDArray[np.float64], threshold: float
) -> dict[str, Callable[[NDArray[np.int64]], float]]:
    """Return each figure as a function of the chosen films' indices, ready to be bootstrapped.

    Parameters
    ----------
    positive : ndarray of bool, shape [N]
    score : ndarray of float64, shape [N]
        Calibrated probabilities, 0..1.
    threshold : float
        A film counts as positive at or above it.

    Returns
    -------
    dict of str to callable
        NaN where a figure is not defined for the chosen films (no positives, nothing called positive).
    """
    called = score >= threshold

    def share(of: NDArray[np.bool_], among: NDArray[np.bool_], chosen: NDArray[np.int64]) -> float:
        kept = of[chosen][among[chosen]]
        return float(kept.mean()) if kept.size else float("nan")

    def f1(chosen: NDArray[np.int64]) -> float:
        p, c = positive[chosen], called[chosen]
        total = int(p.sum()) + int(c.sum())
        return 2.0 * int((p & c).sum()) / total if total else float("nan")

    return {
        "image ROC-AUC": lambda chosen: roc_auc(positive[chosen], score[chosen]),
        "image PR-AUC": lambda chosen: average_precision(positive[chosen], score[chosen]),
        "accuracy": lambda chosen: float((called[chosen] == positive[chosen]).mean()),
        "precision": lambda chosen: share(positive, called, chosen),
        "sensitivity": lambda chosen: share(called, positive, chosen),
        "specificity": lambda chosen: share(~called, ~positive, chosen),
        "F1": f1,
        "expected calibration error": lambda chosen: expected_calibration_error(
            positive[chosen], score[chosen]
        ),
        "Brier score": lambda chosen: float(((score[chosen] - positive[chosen]) ** 2).mean()),
    }


def confusion(positive: NDArray[np.bool_], called: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return counts [[true negative, false positive], [false negative, true positive]]."""
    table = np.zeros((2, 2), dtype=np.int64)
    np.add.at(table, (positive.astype(int), called.astype(int)), 1)
    return table


def reliability(
    positive: NDArray[np.bool_], score: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return mean score, share of positives and number of films in each bin that holds any."""
    bins = np.minimum((score * RELIABILITY_BINS).astype(int), RELIABILITY_BINS - 1)
    count = np.bincount(bins, minlength=RELIABILITY_BINS)
    held = count > 0
    mean = np.bincount(bins, weights=score, minlength=RELIABILITY_BINS)[held] / count[held]
    share = np.bincount(bins, weights=positive, minlength=RELIABILITY_BINS)[held] / count[held]
    return mean, share, count[held].astype(np.int64)


def expected_calibration_error(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Return the mean distance between score and share of positives over bins (Naeini et al. 2015)."""
    mean, share, count = reliability(positive, score)
    return float(np.sum(np.abs(mean - share) * count) / count.sum())
