"""Whether a sampled map has stopped changing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

#: Rank correlation at which a map counts as settled: with another one made of as many samples.
SETTLED = 0.9
#: Differences of less than this share of the mean map's peak cannot be seen and count as ties: most of a
#: film matters to no score, and the order of nothings is chance.
TIE = 0.02


def reliability(parts: Sequence[NDArray[np.floating]]) -> float:
    """Return the expected rank correlation of a map with another made the same way, -1..1.

    `parts` are estimates from disjoint samples; their mean is the map.  The mean correlation ``r`` of
    two of them is that of maps from a part of the samples each; the Spearman-Brown formula
    ``n r / (1 + (n - 1) r)`` brings it to all ``n`` parts.

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
