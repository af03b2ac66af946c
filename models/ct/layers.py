"""Thin layers of pleural air, by the profile of values under the chest wall.

A layer of one or two voxels holds no pure air, so its density alone does not give it away.  What does is
the profile across the wall, averaged over a patch of it (:mod:`.wall`) and fitted by wall, air, pleura and
lung (:mod:`.profile`).  A layer is taken for pleural air where it hangs together along the wall with air
that is beyond doubt: found by its density, or so thick that the fit sees it darker than lung.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from models.prediction import Side

from .border import Levels
from .grid import Hounsfield, Mask, Progress, WorkingGrid
from .labels import Label, air_label, lung_label
from .profile import Fit, blur_along, fit_profiles, resolution
from .surface import FloatArray, voxels_beside
from .visceral import refine_visceral
from .wall import DEPTHS_MM, Wall, find_wall

#: Blur along a normal that still lets a layer be measured (mm): thick slices that the wall lies along do not.
_MOST_BLUR_MM = 1.4
#: Where the wall is this upright, only the blur within the slices counts; so many profiles tell of it.
_UPRIGHT = 0.5
_LEAST_PROFILES, _MOST_PROFILES = 50, 3000
#: Profiles that differ less than this from a wall without a layer are not fitted with one (HU).
_LEAST_ERROR = 5.0
#: Thinnest gap that the fit tells from none (mm).
_LEAST_GAP_MM = 0.6
#: The visceral line, HU mm: half a millimetre of soft tissue is 450; vessels and atelectasis are more.
_LINE = (80.0, 800.0)
#: A layer explains at least this share of what a wall without one leaves over (root mean square).
_EXPLAINED = 0.65
#: The lung under a layer measures within this of its side's median (HU).
_LUNG_HU = 150.0
#: Between line and wall a layer that is beyond doubt is darker than lung by this (HU).
_DARKER = 30.0
#: Where the line is not clear, a wall without a layer leaves over at least this (HU).
_DARK_ERROR = 15.0
#: Least area of what starts a layer (mm²).
_LEAST_AREA_MM2 = 100.0
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


def layer_gaps(
    wall: Wall, levels: Levels, spacing_mm: tuple[float, float, float], blur_mm: float, found: Mask
) -> FloatArray:
    """Return the thickness of the layer of air under each point of a wall (mm), 0 where there is none.

    Parameters
    ----------
    wall : Wall
    levels : Levels
    spacing_mm : tuple of float
        Of the scan.
    blur_mm : float
        Resolution within the slices.
    found : ndarray of bool, shape [N]
        Points under which there is air already found by its density.
    """
    above = wall.profiles - np.float32(levels.air)
    # Interpolation left out: with it thick slices would show fewer of the layers that they hold.
    blur = blur_along(wall.normals, spacing_mm, blur_mm)
    fit = _fitted(above, np.round(blur, 1).astype(np.float32), wall.seen & (blur < _MOST_BLUR_MM))
    likely = (
        (fit.without > _LEAST_ERROR)
        & (fit.gap_mm >= _LEAST_GAP_MM)
        & (fit.line > _LINE[0])
        & (fit.line < _LINE[1])
        & (fit.error < _EXPLAINED * fit.without)
        & (np.abs(fit.lung + levels.air - levels.lung) < _LUNG_HU)
    )
    # Where the gap varies under a patch the line is smeared, but a dark gap is no wall's edge.
    depth = DEPTHS_MM[None, :].astype(np.float32)
    between = (depth > fit.wall_mm[:, None]) & (depth < (fit.wall_mm + fit.gap_mm)[:, None])
    darkest = np.where(between, above, np.inf).min(axis=1)
    dark = darkest < fit.lung - _DARKER
    certain = found | (likely & dark)
    likely |= dark & (fit.without > _DARK_ERROR) & (fit.gap_mm >= _LEAST_GAP_MM) & wall.seen
    kept = likely & _reached(wall, likely | found, certain)
    gap: FloatArray = np.where(kept, fit.gap_mm, np.float32(0))
    return np.where(kept, wall.averaged(gap, kept, 1), np.float32(0))


def _fitted(above: FloatArray, blur_mm: FloatArray, where: Mask) -> Fit:
    parts = np.zeros((7, len(above)), np.float32)
    for sigma in np.unique(blur_mm[where]):
        chosen = where & (blur_mm == sigma)
        parts[:, chosen] = np.stack(list(vars(fit_profiles(above[chosen], round(float(sigma), 1))).values()))
    return Fit(*parts)


def _reached(wall: Wall, likely: Mask, certain: Mask) -> Mask:
    """Return the points that hang together with enough of what is certain."""
    chosen = sparse.diags_array(likely.astype(np.float32))
    _, piece = connected_components(chosen @ wall.neighbours @ chosen, directed=False)
    area = np.bincount(piece, np.where(certain & likely, wall.areas_mm2, 0.0))
    reached: Mask = likely & (area[piece] >= _LEAST_AREA_MM2)
    return reached


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
