"""Thin layers of pleural air, by the profile of values under the chest wall.

A layer of one or two voxels holds no pure air, so its density alone does not give it away.  What does is
the profile across the wall, averaged over a patch of it (:mod:`.wall`) and fitted by wall, air, pleura and
lung (:mod:`.profile`).  A layer is taken for pleural air where it hangs together along the wall
(:mod:`.gaps`): with air found by its density, with a gap that is darker than lung, or over an extent that
no healthy wall shows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.prediction import Side

from .border import Levels
from .gaps import EDGE_SLICE_MM, layer_gaps
from .grid import Hounsfield, Progress, WorkingGrid
from .labels import Label, air_label, lung_label
from .profile import resolution
from .slabs import ACROSS, slab_gaps
from .surface import FloatArray, voxels_beside
from .taper import tapered
from .visceral import refine_visceral
from .wall import DEPTHS_MM, Wall, find_wall

#: Where the wall is this upright, only the blur within the slices counts; so many profiles tell of it.
_UPRIGHT = 0.5
_LEAST_PROFILES, _MOST_PROFILES = 50, 3000
#: A layer is continued where the wall is this upright.
_READ_UPRIGHT = 0.75
#: Depth at which air found by its density is looked for under the wall (mm).
_FOUND_AT_MM = 2.0


def add_layers(
    labels: NDArray[np.uint8],
    hounsfield: Hounsfield,
    spacing_mm: tuple[float, float, float],
    grid: WorkingGrid,
    levels: dict[Side, Levels],
    progress: Progress,
) -> None:
    """Label thin layers of pleural air, in place.

    A voxel is labelled where its centre lies between wall and visceral line, so that over a patch of wall
    the labelled voxels hold the layer's volume, however thin it is.

    Parameters
    ----------
    labels : ndarray of uint8, shape [S, H, W]
        Lungs, airways and the air found by its density.
    hounsfield : ndarray of int16, shape [S, H, W]
    spacing_mm : tuple of float
    grid : WorkingGrid
    levels : dict of Side to Levels
    progress : Progress
    """
    walls: dict[Side, Wall] = {}
    for place, (side, level) in enumerate(levels.items()):
        progress(place / 4, f"Following the chest wall ({side.value})")
        inside = np.isin(grid.at_middles(labels), (lung_label(side), air_label(side), Label.AIRWAYS))
        wall = find_wall(hounsfield, spacing_mm, grid, inside, level)
        if wall is not None:
            walls[side] = wall
    blur_mm = _in_plane_blur(walls, levels)
    if blur_mm is None:
        return
    for place, (side, wall) in enumerate(walls.items()):
        progress(0.4 + place / 4, f"Following the visceral pleura ({side.value})")
        refine_visceral(labels, hounsfield, spacing_mm, grid, side, levels[side], blur_mm)
        progress(0.5 + place / 4, f"Looking for thin layers of air ({side.value})")
        found = wall.labels_at(labels, spacing_mm, _FOUND_AT_MM) == air_label(side)
        gap = layer_gaps(wall, levels[side], spacing_mm, blur_mm, found)
        if spacing_mm[0] <= EDGE_SLICE_MM:
            gap = tapered(wall, gap, wall.seen & ~found & (np.abs(wall.normals[:, 0]) < _READ_UPRIGHT))
        else:
            across = slab_gaps(wall, hounsfield, spacing_mm, levels[side], blur_mm, gap)
            gap = np.where(across > 0, across, gap)
            # The slice that the wall cuts holds too little air to be found by its density.
            cut = wall.seen & (gap == 0) & (np.abs(wall.normals[:, 0]) >= ACROSS)
            cut &= wall.labels_at(labels, spacing_mm, spacing_mm[0]) == air_label(side)
            gap = np.where(cut, np.float32(spacing_mm[0]), gap)
        if (gap > 0).any():
            _label(labels, wall, gap, spacing_mm, grid, side)


def _in_plane_blur(walls: dict[Side, Wall], levels: dict[Side, Levels]) -> float | None:
    """Return the scan's resolution (mm) by both sides together, None where too little wall is seen."""
    profiles = []
    for side, wall in walls.items():
        upright = np.flatnonzero(wall.seen & (np.abs(wall.normals[:, 0]) < _UPRIGHT))
        profiles.append(wall.profiles[upright] - np.float32(levels[side].air))
    pooled = np.concatenate(profiles) if profiles else np.zeros((0, len(DEPTHS_MM)), np.float32)
    if len(pooled) < _LEAST_PROFILES:
        return None
    return resolution(pooled[:: max(1, len(pooled) // _MOST_PROFILES)])


def _label(
    labels: NDArray[np.uint8],
    wall: Wall,
    gap: FloatArray,
    spacing_mm: tuple[float, float, float],
    grid: WorkingGrid,
    side: Side,
) -> None:
    """Give the voxels whose centres lie in a gap the label of the side's air."""
    usable = np.zeros(256, np.bool_)
    usable[[Label.BACKGROUND, lung_label(side)]] = True
    depths = np.arange(0.0, float(gap.max()), 1.0)
    for beside in voxels_beside(wall, gap > 0, depths, usable, labels, spacing_mm, grid):
        held = (beside.depth_mm > 0) & (beside.depth_mm < gap[beside.nearest])
        labels[beside.index][beside.rows[held], beside.columns[held]] = air_label(side)
