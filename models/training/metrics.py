"""Figures of merit, and their bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata


def dice(predicted: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Return ``2 |A and B| / (|A| + |B|)``; 1 when both are empty."""
    total = int(predicted.sum()) + int(truth.sum())
    return 1.0 if total == 0 else 2.0 * int((predicted & truth).sum()) / total


def roc_auc(positive: NDArray[np.bool_], score: NDArray[np.floating]) -> float:
    """Return the area under the ROC curve by ranks (Mann-Whitney), ties counted half.

    NaN unless both classes are there.
    """
    count, others = int(positive.sum()), int((~positive).sum())
    if count == 0 or others == 0:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * others))


def average_precision(positive: NDArray[np.bool_], score: NDArray[np.floating]) -> float:
    """Return the area under the precision-recall curve as a sum of steps; NaN without positives.

    The same figure as scikit-learn's ``average_precision_score``, without its checks of the input,
    which a bootstrap would pay for thousands of times.
    """
    count = int(positive.sum())
    if count == 0:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(positive[order])
    # Films of equal score are called together: only the last of them is a point of the curve.
    ends = np.append(np.flatnonzero(np.diff(score[order])), score.size - 1)
    precision, recall = hits[ends] / (ends + 1), hits[ends] / count
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def bootstrap(
    statistic: Callable[[NDArray[np.int64]], float], n: int, samples: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """Return the statistic on all films and its 95 % percentile bootstrap interval.

    Parameters
    ----------
    statistic : callable
        Takes indices into the films, returns the figure; NaN samples are left out.
    n : int
        Number of films.
    samples : int
        Times that the films are drawn anew, with replacement.
    seed : int
    """
    rng = np.random.default_rng(seed)
    values = np.array([statistic(rng.integers(0, n, n)) for _ in range(samples)])
    if np.isnan(values).all():
        return statistic(np.arange(n)), float("nan"), float("nan")
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return statistic(np.arange(n)), float(low), float(high)
