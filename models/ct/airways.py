"""Trachea and main bronchi: air in the mediastinum that is not pleural."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from .grid import Mask, Progress, WorkingGrid, each_slice

_AIR_HU = -500
#: What the lumen of trachea and main bronchi is below, partial volume apart.
_LUMEN_HU = -880
#: Cross-section of trachea and bronchi where they lie free in the mediastinum (mm²).  Up to the fork of
#: a wide trachea.
_AREA_MM2 = (25.0, 1100.0)
_MIDLINE_MM = 55.0
#: A trachea is followed for at least this long (mm).
_SHORTEST_MM = 24.0
#: Bronchi are followed into the lung for this far (mm), and are narrower than this.
_INTO_LUNG_MM = 28.0
_WIDEST_MM = 20.0


def airway_mask(grid: WorkingGrid, body: Mask, progress: Progress) -> Mask:
    """Return trachea and main bronchi with their lumen's edge, bool [s, h, w]; empty if not found.

    Parameters
    ----------
    grid : WorkingGrid
        Slices from the head to the feet.
    body : ndarray of bool
    progress : Progress
    """
    free = _free_tubes(grid, body, progress)
    pieces, _ = ndimage.label(free, ndimage.generate_binary_structure(3, 2))
    best = 0
    most = 0
    for number, box in enumerate(ndimage.find_objects(pieces), start=1):
        piece = pieces[box] == number
        length = (box[0].stop - box[0].start) * grid.spacing_mm[0]
        values = grid.hounsfield[box][piece]
        # Bowel begins in the lower half of a chest CT, the trachea in the upper.
        high = box[0].start < len(free) / 2
        if length >= _SHORTEST_MM and high and np.median(values) < -800 and piece.sum() > most:
            best, most = number, int(piece.sum())
    if best == 0:
        return np.zeros_like(body)
    return _with_bronchi(grid, body, pieces == best)


def _free_tubes(grid: WorkingGrid, body: Mask, progress: Progress) -> Mask:
    """Return in each slice the round air spaces near the midline that have tissue all around."""
    pixel_mm2 = grid.spacing_mm[1] * grid.spacing_mm[2]
    out = np.zeros_like(body)
    for index, plane in enumerate(grid.hounsfield):
        progress(index / len(body), "Following the airways")
        columns = np.flatnonzero(body[index].any(axis=0))
        if not columns.size:
            continue
        middle = (columns[0] + columns[-1]) / 2
        air = ((plane < _AIR_HU) & body[index]).astype(np.uint8)
        count, pieces, stats, centres = cv2.connectedComponentsWithStats(air, connectivity=8)
        for number in range(1, count):
            area = stats[number, cv2.CC_STAT_AREA] * pixel_mm2
            offset = abs(centres[number][0] - middle) * grid.spacing_mm[2]
            if _AREA_MM2[0] <= area <= _AREA_MM2[1] and offset <= _MIDLINE_MM:
                out[index] |= pieces == number
    return out


def _with_bronchi(grid: WorkingGrid, body: Mask, free: Mask) -> Mask:
    """Follow the lumen from the free tubes into the lungs, as far as it is narrow."""
    reach = grid.in_plane(_INTO_LUNG_MM)
    box = tuple(
        slice(max(int(at.min()) - margin, 0), int(at.max()) + margin + 1)
        for at, margin in zip(
            np.nonzero(free), (max(grid.slices(_INTO_LUNG_MM), 1), reach, reach), strict=True
        )
    )
    lumen = (grid.hounsfield[box] < _LUMEN_HU) & body[box]
    wide = each_slice(lumen, cv2.MORPH_OPEN, grid.in_plane(_WIDEST_MM / 2))
    grown = ndimage.binary_dilation(free[box], iterations=reach, mask=(lumen & ~wide) | free[box])
    # The lumen's edge is air and wall in one voxel: it must not be left over as a shell of air.
    edge = ndimage.binary_dilation(grown, iterations=1) & (grid.hounsfield[box] < _AIR_HU)
    out = free.copy()
    out[box] |= grown | edge
    return out
