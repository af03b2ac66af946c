"""Where pleural air ends at the lung, to a fraction of a voxel.

Voxels that hold the visceral pleura are neither air nor lung by their value, and which of them a ridge
of values is given to depends on how dense the lung beneath is.  Along each normal of the lung's surface
the values are therefore fitted by air, line and lung, blurred by the scan's resolution (the profile of
:mod:`.profile` without a wall), and every voxel goes to the side of the line on which its centre lies.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.prediction import Side

from .border import Levels
from .grid import Hounsfield, WorkingGrid
from .labels import air_label, lung_label
from .profile import blur_along, profile
from .surface import FloatArray, find_surface, voxels_beside

#: Samples along a normal are this far apart, and reach from air into lung by this many times the blur or
#: millimetres, whichever is more (mm).
_STEP_MM = 0.4
_ALONG_BLURS, _ALONG_MM = 2.5, 3.0
#: The line is looked for this far from the surface (blurs, mm).
_PLACE_BLURS, _PLACE_MM, _PLACE_STEP_MM = 1.6, 2.0, 0.1
#: Where thick slices blur a line more than this it is not looked for (mm).
_MOST_BLUR_MM = 2.5
#: Air lies outside the surface at this depth and beyond the samples, or the layer is too thin to be fitted
#: without its wall (mm).
_AIR_AT_MM, _AIR_BEYOND_MM = 1.6, 0.6
#: A fit leaves over at most this share of the values (root mean square).
_LEFT_OVER = 0.3
#: The lung beneath measures between these multiples of its side's median above air.
_LUNG_SHARE = (0.5, 2.0)
#: Places are averaged over this many steps from point to point, about 4 mm.
_STEPS = 2


def refine_visceral(
    labels: NDArray[np.uint8],
    hounsfield: Hounsfield,
    spacing_mm: tuple[float, float, float],
    grid: WorkingGrid,
    side: Side,
    levels: Levels,
    blur_mm: float,
) -> None:
    """Draw the border of one side's pleural air and lung anew, in place.

    Parameters
    ----------
    labels : ndarray of uint8, shape [S, H, W]
    hounsfield : ndarray of int16, shape [S, H, W]
    spacing_mm : tuple of float
    grid : WorkingGrid
    side : Side
    levels : Levels
    blur_mm : float
        Resolution within the slices.
    """
    air, lung = air_label(side), lung_label(side)
    surface = find_surface(grid, grid.at_middles(labels) == lung)
    if surface is None:
        return
    blur = np.round(blur_along(surface.normals, spacing_mm, blur_mm, interpolation=True), 1)
    facing = surface.labels_at(labels, spacing_mm, -_AIR_AT_MM) == air
    place = np.zeros(len(blur), np.float32)
    fitted = np.zeros(len(blur), np.bool_)
    for sigma in np.unique(blur[facing & (blur <= _MOST_BLUR_MM)]):
        along = _along(float(sigma))
        beyond = float(along[0]) - _AIR_BEYOND_MM
        alike = facing & (blur == sigma) & (surface.labels_at(labels, spacing_mm, beyond) == air)
        if not alike.any():
            continue
        values = surface.at(alike).sampled(hounsfield, spacing_mm, along) - np.float32(levels.air)
        place[alike], fitted[alike] = _line(values, round(float(sigma), 1), levels)
    if not fitted.any():
        return
    share = surface.averaged(fitted.astype(np.float32), np.ones_like(fitted), _STEPS)
    place = surface.averaged(place, fitted, _STEPS)
    chosen = share > 0.0
    reach = np.where(chosen, np.abs(place) + np.float32(0.5), np.float32(0.0))
    usable = np.zeros(256, np.bool_)
    usable[[air, lung]] = True
    depths = np.arange(-reach.max(), reach.max() + 1.0, 1.0)
    for beside in voxels_beside(surface, chosen, depths, usable, labels, spacing_mm, grid):
        near = np.abs(beside.depth_mm) < reach[beside.nearest]
        rows, columns = beside.rows[near], beside.columns[near]
        inside = beside.depth_mm[near] > place[beside.nearest[near]]
        labels[beside.index][rows, columns] = np.where(inside, lung, air)


def _along(sigma_mm: float) -> FloatArray:
    most = max(_ALONG_MM, _ALONG_BLURS * sigma_mm)
    return np.arange(-most, most + 0.01, _STEP_MM).astype(np.float32)


def _places(sigma_mm: float) -> FloatArray:
    most = max(_PLACE_MM, _PLACE_BLURS * sigma_mm)
    return np.arange(-most, most + 0.01, _PLACE_STEP_MM).astype(np.float32)


def _line(above_air: FloatArray, sigma_mm: float, levels: Levels) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return where the line lies in each of the profiles [N, D] (mm), and where the fit can be trusted."""
    bases, solvers = _dictionary(sigma_mm)
    explained = ((above_air @ bases) ** 2).reshape(len(above_air), -1, 2).sum(axis=2)
    best = explained.argmax(axis=1)
    whole = (above_air**2).sum(axis=1)
    left = np.sqrt(np.maximum(1.0 - explained.max(axis=1) / np.maximum(whole, 1.0), 0.0))
    lung = np.einsum("nd,nd->n", above_air, solvers[best])
    usual = levels.lung - levels.air
    trusted = (left < _LEFT_OVER) & (lung > _LUNG_SHARE[0] * usual) & (lung < _LUNG_SHARE[1] * usual)
    return _places(sigma_mm)[best], trusted


@lru_cache(maxsize=32)
def _dictionary(sigma_mm: float) -> tuple[FloatArray, FloatArray]:
    """Return orthonormal bases [D, 2 C] of lung and line at each place, and what gives the lung [C, D]."""
    bases, solvers = [], []
    for place in _places(sigma_mm):
        terms = profile(0.0, float(place), sigma_mm, _along(sigma_mm).astype(np.float64))[1:].T
        bases.append(np.linalg.qr(terms)[0])
        solvers.append(np.linalg.pinv(terms)[0])
    return np.concatenate(bases, axis=1).astype(np.float32), np.array(solvers, np.float32)
