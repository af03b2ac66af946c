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

#: Samples along a normal, from air into lung (mm).
_ALONG_MM = np.arange(-3.0, 3.01, 0.4)
#: Where the line is looked for (mm from the surface), and how far from it voxels may change hands.
_PLACES_MM = np.arange(-2.0, 2.01, 0.1)
_REACH_MM = 2.4
#: Air lies outside the surface at these depths, or the layer is too thin to be fitted without its wall (mm).
_AIR_AT_MM = (-1.6, -3.6)
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
    facing = np.logical_and.reduce([surface.labels_at(labels, spacing_mm, at) == air for at in _AIR_AT_MM])
    if not facing.any():
        return
    blur = np.round(blur_along(surface.normals, spacing_mm, blur_mm), 1)
    values = surface.sampled(hounsfield, spacing_mm, _ALONG_MM.astype(np.float32)) - np.float32(levels.air)
    place = np.zeros(len(values), np.float32)
    fitted = np.zeros(len(values), np.bool_)
    for sigma in np.unique(blur[facing]):
        alike = facing & (blur == sigma)
        place[alike], fitted[alike] = _line(values[alike], round(float(sigma), 1), levels)
    share = surface.averaged(fitted.astype(np.float32), np.ones_like(fitted), _STEPS)
    place = surface.averaged(place, fitted, _STEPS)
    chosen = share > 0.0
    usable = np.zeros(256, np.bool_)
    usable[[air, lung]] = True
    depths = np.arange(-2.0, 2.1, 1.0)
    for beside in voxels_beside(surface, chosen, depths, usable, labels, spacing_mm, grid):
        near = chosen[beside.nearest] & (np.abs(beside.depth_mm) < _REACH_MM)
        rows, columns = beside.rows[near], beside.columns[near]
        inside = beside.depth_mm[near] > place[beside.nearest[near]]
        labels[beside.index][rows, columns] = np.where(inside, lung, air)


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
    return _PLACES_MM[best].astype(np.float32), trusted


@lru_cache(maxsize=32)
def _dictionary(sigma_mm: float) -> tuple[FloatArray, FloatArray]:
    """Return orthonormal bases [D, 2 C] of lung and line at each place, and what gives the lung [C, D]."""
    bases, solvers = [], []
    for place in _PLACES_MM:
        terms = profile(0.0, float(place), sigma_mm, _ALONG_MM)[1:].T
        bases.append(np.linalg.qr(terms)[0])
        solvers.append(np.linalg.pinv(terms)[0])
    return np.concatenate(bases, axis=1).astype(np.float32), np.array(solvers, np.float32)
