"""Pieces of the film that are judged as a whole: superpixels that follow the lungs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import slic

from explain.stand_in import MARGIN

#: Superpixels asked for: inside the lung fields, outside them, and where no lung fields are known.
#: About eight a lung name a place as a reader would (apex, lateral base); twice as many would need four times
#: as many looks of the network for a map that repeats.
INSIDE, OUTSIDE, WITHOUT_LUNGS = 16, 4, 24
#: Weight of nearness against likeness of grey values (0..1) in SLIC: compact, yet following edges.
COMPACTNESS = 0.5
#: Standard deviation of the smoothing before, in pixels.
SIGMA = 2.0


def find_regions(
    film: NDArray[np.float32], content: NDArray[np.bool_], lungs: NDArray[np.bool_] | None
) -> NDArray[np.int32]:
    """Cut a film into superpixels by SLIC (Achanta et al. 2012), finer in the lungs than outside.

    Nothing is drawn at random: the same film has the same regions.

    Parameters
    ----------
    film : ndarray of float32, shape [S, S]
        -1 = black .. 1 = white.
    content : ndarray of bool, shape [S, S]
        False in the padding.
    lungs : ndarray of bool, shape [S, S], or None
        Both lung fields together.

    Returns
    -------
    ndarray of int32, shape [S, S]
        Labels 0, 1, 2, ... without gaps; -1 in the padding.
    """
    grey = np.asarray((film + 1) / 2, np.float32)
    labels = np.full(film.shape, -1, np.int32)
    if lungs is None or not (lungs & content).any():
        return _cut(grey, content, WITHOUT_LUNGS, labels)
    reach = max(1, round(MARGIN * film.shape[0]))
    inside = (ndimage.distance_transform_edt(~lungs) <= reach) & content
    labels = _cut(grey, inside, INSIDE, labels)
    return _cut(grey, content & ~inside, OUTSIDE, labels)


def describe(labels: NDArray[np.int32], lungs: NDArray[np.bool_] | None) -> str:
    """Return the regions in words, e.g. ``"20 regions following the lungs"``."""
    count = int(labels.max()) + 1
    return f"{count} regions" + ("" if lungs is None or not lungs.any() else " following the lungs")


def spread(weights: NDArray[np.floating], labels: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return a map [S, S] on which every region has its weight; 0 in the padding."""
    return np.append(weights, 0.0)[labels].astype(np.float32)


def _cut(
    grey: NDArray[np.float32], mask: NDArray[np.bool_], count: int, labels: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Give the pixels of `mask` new labels behind those in use."""
    if not mask.any():
        return labels
    pieces = slic(
        grey,
        n_segments=min(count, int(mask.sum())),
        compactness=COMPACTNESS,
        sigma=SIGMA,
        mask=mask,
        start_label=1,
        channel_axis=None,
    )
    _, dense = np.unique(pieces[mask], return_inverse=True)
    result = labels.copy()
    result[mask] = dense.astype(np.int32) + labels.max() + 1
    return result
