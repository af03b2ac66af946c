"""Does a map lie where a reader drew the finding?  Pointing game, intersection over union, AUPRC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

#: A map counts as "here" where it reaches this share of its own maximum.
THRESHOLD = 0.5


@dataclass(frozen=True)
class Localisation:
    """Agreement of one map with one reference mask.

    Attributes
    ----------
    hit : float
        Pointing game (Zhang et al. 2018): whether the map's maximum lies inside the mask, 0 or 1.
        Where several pixels share the maximum, as in a superpixel, the share of them that lies inside.
    iou : float
        Intersection over union of the mask and of the map at its threshold.
    auprc : float
        Area under the precision-recall curve of the pixels (average precision).  A map that
        says nothing reaches the share of the film that the mask covers.
    """

    hit: float
    iou: float
    auprc: float


def localise(
    heatmap: NDArray[np.float32], truth: NDArray[np.bool_], threshold: float | None = None
) -> Localisation:
    """Compare a map with a reference mask.

    Only evidence for the target counts: the negative part of a signed map is taken as 0.

    Parameters
    ----------
    heatmap : ndarray of float32, shape [H, W]
    truth : ndarray of bool, shape [H, W]
    threshold : float or None
        Where the map counts as "here"; None takes half of its own maximum (`THRESHOLD`).

    Raises
    ------
    ValueError
        If the shapes differ, the mask is empty, or a value of the map is not a finite number.
    """
    if heatmap.shape != truth.shape:
        raise ValueError(f"map {heatmap.shape} and mask {truth.shape} differ in shape")
    if not truth.any():
        raise ValueError("the reference mask is empty: there is nothing to find")
    if not np.isfinite(heatmap).all():
        raise ValueError("the map holds values that are not finite numbers")
    evidence = np.maximum(heatmap, np.float32(0))
    peak = float(evidence.max())
    auprc = float(average_precision_score(truth.ravel(), evidence.ravel()))
    if peak <= 0:
        return Localisation(hit=0.0, iou=0.0, auprc=auprc)
    here = evidence >= (THRESHOLD * peak if threshold is None else threshold)
    union = int((here | truth).sum())
    return Localisation(
        hit=float(truth[evidence == peak].mean()), iou=int((here & truth).sum()) / union, auprc=auprc
    )
