"""The chest wall of one side as a surface, and what lies under it along its normals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .border import Levels
from .grid import Hounsfield, Mask, WorkingGrid
from .surface import FloatArray, Surface, find_surface

#: Distance of samples along a normal, and how far it is followed out of and into the chest (mm).
_STEP_MM = 0.4
_OUT_MM, _IN_MM = 6.0, 13.0
#: The wall lies within this of the surface that the working grid gives (mm).
_SEARCH_MM = 4.0
#: Samples of a profile, millimetres below the wall.
DEPTHS_MM: NDArray[np.float64] = np.arange(-1.2, 8.5, _STEP_MM)
#: Between this and this outside the wall is tissue, or it is no wall but a membrane between lungs (mm, HU).
_OUTSIDE_MM = (-2.4, -0.8)
_TISSUE_HU = -300.0
#: Bone beside the wall counts as tissue of this (HU).
MOST_HU = 200.0
#: Profiles are averaged over this many steps from point to point, about 4 mm.
_STEPS = 6
#: Share of the neighbours, weighted, that show a wall where an average is trusted.
_LEAST_SHARE = 0.3


@dataclass(frozen=True, eq=False)
class Wall(Surface):
    """Points on one side's chest wall.

    Attributes
    ----------
    seen : ndarray of bool, shape [N]
        Where there is a wall, with tissue outside.
    profiles : ndarray of float32, shape [N, D]
        Hounsfield units at :data:`DEPTHS_MM`, averaged over the neighbourhood of each point, each profile
        shifted so that the wall is at 0.
    """

    seen: Mask
    profiles: FloatArray


def find_wall(
    hounsfield: Hounsfield,
    spacing_mm: tuple[float, float, float],
    grid: WorkingGrid,
    inside: Mask,
    levels: Levels,
) -> Wall | None:
    """Find the chest wall around `inside`; None where that is nothing.

    Parameters
    ----------
    hounsfield : ndarray of int16, shape [S, H, W]
    spacing_mm : tuple of float
        Of `hounsfield`.
    grid : WorkingGrid
    inside : ndarray of bool, shape [s, h, w]
        Lung, pleural air and airways of one side, on the working grid.
    levels : Levels
    """
    surface = find_surface(grid, inside)
    if surface is None:
        return None
    along = np.arange(-_OUT_MM, _IN_MM, _STEP_MM).astype(np.float32)
    samples = surface.sampled(hounsfield, spacing_mm, along)
    crossing = _crossing(samples, along, np.float32(levels.wall))
    seen = np.isfinite(crossing)
    crossing = np.where(seen, crossing, 0.0).astype(np.float32)
    outside = _shifted(samples, along, crossing, np.arange(*_OUTSIDE_MM, _STEP_MM)).mean(axis=1)
    seen &= outside > _TISSUE_HU
    profiles = np.clip(_shifted(samples, along, crossing, DEPTHS_MM), -1024.0, MOST_HU)
    weight = surface.averaged(seen.astype(np.float32), np.ones_like(seen), _STEPS)
    return Wall(
        surface.points_mm + crossing[:, None] * surface.normals,
        surface.normals,
        surface.areas_mm2,
        surface.neighbours,
        seen & (weight > _LEAST_SHARE),
        surface.averaged(profiles, seen, _STEPS),
    )


def _crossing(samples: FloatArray, along: FloatArray, level: np.float32) -> FloatArray:
    """Return where each profile falls below the level, nearest to 0; not a number where it does not."""
    before, after = samples[:, :-1], samples[:, 1:]
    falls = (before >= level) & (after < level)
    place = along[:-1] + np.float32(_STEP_MM) * (before - level) / np.maximum(before - after, 1.0)
    distance = np.where(falls, np.abs(place), np.inf)
    nearest = distance.argmin(axis=1)
    rows = np.arange(len(samples))
    found: FloatArray = np.where(distance[rows, nearest] < _SEARCH_MM, place[rows, nearest], np.nan)
    return found


def _shifted(
    samples: FloatArray, along: FloatArray, start: FloatArray, depths: NDArray[np.float64]
) -> FloatArray:
    """Return samples [N, D] at `depths` from each `start`, linearly interpolated."""
    place = (start[:, None] + depths.astype(np.float32)[None, :] - along[0]) / np.float32(_STEP_MM)
    index = np.clip(place.astype(np.intp), 0, len(along) - 2)
    share = np.clip(place - index, 0.0, 1.0)
    low = np.take_along_axis(samples, index, axis=1)
    high = np.take_along_axis(samples, index + 1, axis=1)
    shifted: FloatArray = (low + share * (high - low)).astype(np.float32)
    return shifted
