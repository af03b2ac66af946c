"""Whether a sampled map has stopped changing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

#: A map has settled when its rank correlation with the one that endless samples would give is expected
#: to be at least this.
SETTLED = 0.9
#: Differences of less than this share of the mean map's peak cannot be seen and count as ties: most of a
#: film matters to no score, and the order of nothings is chance.
TIE = 0.05


def has_settled(parts: Sequence[NDArray[np.floating]]) -> bool:
    """Return whether the mean of `parts`, estimates of one map from disjoint samples, has settled.

    The rank correlation of the mean with its limit is the root of its reliability (attenuation,
    Spearman 1904).
    """
    return len(parts) > 1 and reliability(parts) >= SETTLED**2


def reliability(parts: Sequence[NDArray[np.floating]]) -> float:
    """Return the expected rank correlation of the mean of `parts` with another made the same way, -1..1.

    The mean correlation ``r`` of two parts is that of maps from a share of the samples each; the
    Spearman-Brown formula ``n r / (1 + (n - 1) r)`` brings it to all ``n`` parts.

    Parameters
    ----------
    parts : sequence of ndarray
        Two or more, all of one shape.
    """
    flat = [np.ravel(part) for part in parts]
    visible = TIE * float(np.abs(np.mean(flat, axis=0)).max())
    if visible > 0:
        flat = [np.round(part / visible) for part in flat]
    if all(np.ptp(part) == 0 for part in flat):
        return 1.0
    if any(np.ptp(part) == 0 for part in flat):
        return 0.0
    pairs = [
        float(stats.spearmanr(first, second).statistic)
        for place, first in enumerate(flat)
        for second in flat[place + 1 :]
    ]
    mean, count = float(np.mean(pairs)), len(flat)
    return count * mean / (1 + (count - 1) * mean) if mean > 0 else mean
