"""How far a value may be off: the outline's own uncertainty, and the calibration's."""

from __future__ import annotations

import math
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx_viewer.study.spacing import Spacing

from .millimetres import scale_range, scale_words

Bool = NDArray[np.bool_]

#: The threshold is moved by this much in log-odds: from .5 to .27 and .73.
LOG_ODDS = 1.0


def threshold_range(threshold: float, peak: float = 1.0) -> tuple[float, float]:
    """Return a lower and a higher threshold around `threshold`.

    They lie one in log-odds away, the higher one no farther than half way to `peak`: a network's
    probabilities may level off well below 1, and an outline that it is as sure of as of any is not in
    doubt for that.

    Parameters
    ----------
    threshold : float
    peak : float
        Probability inside the outline, where the network is surest.

    Raises
    ------
    ValueError
        If the threshold is not between 0 and 1.
    """
    if not 0 < threshold < 1:
        raise ValueError(f"a mask threshold lies between 0 and 1, got {threshold}")
    middle = math.log(threshold / (1 - threshold))
    low, high = (1 / (1 + math.exp(-(middle + shift))) for shift in (-LOG_ODDS, LOG_ODDS))
    return low, max(threshold, min(high, (threshold + peak) / 2))


def larger_outline(air: Bool, probability: NDArray[np.float32], threshold: float, allowed: Bool) -> Bool:
    """Return the air grown to a lower threshold, [h, w].

    Only pieces that hold some of `air` count: what a lower threshold finds elsewhere is another
    question.

    Parameters
    ----------
    air, allowed : ndarray of bool, shape [h, w]
        The air grows within `allowed` only: not into the other side.
    probability : ndarray of float32, shape [h, w]
    threshold : float
    """
    candidates = air | ((probability >= threshold) & allowed)
    _, labels = cv2.connectedComponents(candidates.view(np.uint8), connectivity=8)
    ours = np.zeros(int(labels.max()) + 1, dtype=np.bool_)
    ours[labels[air]] = True
    ours[0] = False
    return np.asarray(ours[labels])


def smaller_outline(air: Bool, probability: NDArray[np.float32], threshold: float) -> Bool:
    """Return the air cut at a higher threshold, [h, w]; it may be empty."""
    return air & (probability >= threshold)


def interval(value: float, others: Iterable[float]) -> tuple[float, float]:
    """Return the lowest and the highest of a value and what else it may be."""
    everything = [value, *others]
    return min(everything), max(everything)


def interval_words(sources: Iterable[str], spacing: Spacing | None) -> str:
    """Say what an interval allows for, the calibration last; ``""`` where it allows for nothing."""
    parts = list(sources)
    # An unknown calibration widens nothing: said beside another source only.
    if (parts or scale_range(spacing) != (1.0, 1.0)) and scale_words(spacing):
        parts.append(scale_words(spacing))
    return "; ".join(parts)
