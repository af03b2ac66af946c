"""How alike two maps of one film are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from skimage.metrics import structural_similarity

#: Edge in pixels to which maps are brought before they are compared: no method here resolves more,
#: and ranks of a film's four million pixels would take seconds.
EDGE = 128
#: Regions (or, without regions, per cent of the film) that count as the top of a map.
TOP = 5


def shrink(heatmap: NDArray[np.float32], edge: int = EDGE) -> NDArray[np.float32]:
    """Average a map [H, W] over areas so that its longer side is at most `edge` pixels."""
    rows, columns = heatmap.shape
    scale = edge / max(rows, columns)
    if scale >= 1:
        return heatmap
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    return np.asarray(cv2.resize(heatmap, size, interpolation=cv2.INTER_AREA), np.float32)


def visible(heatmap: NDArray[np.float32], step: float) -> NDArray[np.float32]:
    """Round a map to steps of a share of its largest magnitude.

    Most of a film matters to no score, and the order of nothings is chance: differences below a
    step become ties.
    """
    unit = np.float32(step * float(np.abs(heatmap).max()))
    return np.asarray(np.round(heatmap / unit) * unit) if unit > 0 else heatmap


def rank_correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return Spearman's correlation of two maps [H, W]; ties share their mean rank.

    0 when either map is the same everywhere: such a map says nothing about the other.

    Raises
    ------
    ValueError
        If the maps differ in shape.
    """
    _check(first, second)
    ranks = [rankdata(shrink(each), axis=None) for each in (first, second)]
    centred = [each - each.mean() for each in ranks]
    spread = float(np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum()))
    return float((centred[0] * centred[1]).sum() / spread) if spread > 0 else 0.0


def structural_likeness(
    first: NDArray[np.float32], second: NDArray[np.float32], signed: bool = False
) -> float:
    """Return the mean structural similarity index (Wang et al. 2004) of two maps [H, W].

    Parameters
    ----------
    signed : bool
        Whether the maps span -1..1 instead of 0..1.

    Raises
    ------
    ValueError
        If the maps differ in shape.
    """
    _check(first, second)
    return float(
        structural_similarity(  # type: ignore[no-untyped-call]
            shrink(first),
            shrink(second),
            data_range=2.0 if signed else 1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


def top_of_map(
    heatmap: NDArray[np.float32], regions: NDArray[np.int32] | None = None, top: int = TOP
) -> NDArray[np.bool_]:
    """Return where the strongest evidence for the target lies, bool [H, W].

    Parameters
    ----------
    heatmap : ndarray of float32, shape [H, W]
    regions : ndarray of int32, shape [H, W], or None
        Superpixel labels, negative outside; the `top` regions of the highest mean count.  Without regions,
        the `top` per cent of the pixels.  Only evidence for the target (above 0) counts.
    top : int
    """
    positive = heatmap > 0
    if regions is None:
        cut = np.partition(heatmap, -max(1, heatmap.size * top // 100), axis=None)
        return np.asarray(positive & (heatmap >= cut[-max(1, heatmap.size * top // 100)]))
    inside = regions >= 0
    labels, places = np.unique(regions[inside], return_inverse=True)
    means = np.bincount(places.ravel(), heatmap[inside]) / np.bincount(places.ravel())
    strongest = labels[np.argsort(-means, kind="stable")[:top]]
    return np.asarray(np.isin(regions, strongest) & positive)


def jaccard(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Return ``|A and B| / |A or B|``; 1 when both are empty."""
    _check(first, second)
    union = int((first | second).sum())
    return int((first & second).sum()) / union if union else 1.0


def _check(first: NDArray[np.generic], second: NDArray[np.generic]) -> None:
    if first.shape != second.shape:
        raise ValueError(f"the maps differ in shape: {first.shape} and {second.shape}")
