"""Outlines as polygons, in COCO's coordinates: pixel (r, c) covers x from c to c + 1, y from r to r + 1."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

#: Steps into which a pixel's edge is divided.
_STEPS = 8


def fill(polygon: Sequence[float], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels of which a polygon covers at least half, bool [H, W].

    Parameters
    ----------
    polygon : sequence of float
        ``x1, y1, x2, y2, ...``; what lies outside the image is cut off.
    shape : tuple of int
        Rows and columns.

    Raises
    ------
    ValueError
        If there are fewer than three points or a coordinate is not finite.
    """
    points = np.asarray(polygon, np.float64)
    if points.size < 6 or points.size % 2 or not np.isfinite(points).all():
        raise ValueError("a polygon needs at least three points of two finite coordinates")
    points = points.reshape(-1, 2)
    limit = np.array([shape[1], shape[0]])
    low = np.clip(np.floor(points.min(axis=0)), 0, limit).astype(int)
    high = np.clip(np.ceil(points.max(axis=0)), 0, limit).astype(int)
    mask = np.zeros(shape, np.bool_)
    if (high <= low).any():
        return mask
    columns, rows = high - low
    fine = np.zeros((int(rows) * _STEPS, int(columns) * _STEPS), np.uint8)
    # A fine cell k has its centre at k + 0.5.
    cells = np.round((points - low) * _STEPS - 0.5).astype(np.int32)
    cv2.fillPoly(fine, [cells], 1)
    share = fine.reshape(rows, _STEPS, columns, _STEPS).mean(axis=(1, 3))
    mask[low[1] : high[1], low[0] : high[0]] = share >= 0.5
    return mask


def outline(mask: NDArray[np.bool_]) -> list[list[float]] | None:
    """Return a connected mask [H, W] as polygons; None where it has holes, which polygons cannot say."""
    fine = np.asarray(np.kron(mask, np.ones((_STEPS, _STEPS), np.uint8)), np.uint8)
    contours, tree = cv2.findContours(fine, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if tree is not None and (np.asarray(tree)[0, :, 3] >= 0).any():
        return None
    polygons = []
    for contour in contours:
        points = (np.asarray(contour, np.float64)[:, 0, :] + 0.5) / _STEPS
        polygons.append([round(float(value), 4) for value in points.ravel()])
    return polygons
