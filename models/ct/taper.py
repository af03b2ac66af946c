"""How a thin layer of air ends, where it is too thin to be seen.

Under about 0.8 mm a layer has the profile of a wall without one, so that where it is last seen it is still
that thick.  It does not end there with a step: it is taken to go on as it is seen to thin out, by a plane
through the thicknesses nearest to each point, until nothing is left or the reach below is passed.  This is
the one part of the volume that is concluded and not seen.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from .grid import Mask
from .surface import FloatArray
from .wall import Wall

#: Most that is not seen (mm), and how far from what is seen it may lie (mm).
_MOST_MM, _REACH_MM = 0.8, 10.0
#: The plane goes through so many of the nearest points; its slopes (mm in 10 mm) are held back by so much.
_NEAREST, _HELD = 80, 2.0
_AT_ONCE = 2000


def tapered(wall: Wall, gap: FloatArray, where: Mask) -> FloatArray:
    """Return `gap` [N] (mm) continued at the points of `where` [N] at which it is 0.

    Parameters
    ----------
    wall : Wall
    gap : ndarray of float32, shape [N]
        Thickness of the layer that is seen.
    where : ndarray of bool, shape [N]
    """
    seen = np.flatnonzero(gap > 0)
    out = gap.copy()
    if len(seen) < _NEAREST:
        return out
    tree = cKDTree(wall.points_mm[seen])
    chosen = np.flatnonzero(where & (gap == 0))
    away, _ = tree.query(wall.points_mm[chosen], distance_upper_bound=_REACH_MM)
    chosen = chosen[np.isfinite(away)]
    for first in range(0, len(chosen), _AT_ONCE):
        part = chosen[first : first + _AT_ONCE]
        _, nearest = tree.query(wall.points_mm[part], k=_NEAREST)
        offset = wall.points_mm[seen][nearest] - wall.points_mm[part][:, None]
        normal = wall.normals[part]
        # Two directions along the wall, from whichever axis it does not face.
        axis = np.eye(3, dtype=np.float32)[np.abs(normal).argmin(axis=1)]
        along = np.cross(normal, axis)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        directions = np.stack([along, np.cross(normal, along)], axis=1)
        terms = np.concatenate(
            [np.ones((*nearest.shape, 1)), np.einsum("nkc,ndc->nkd", offset, directions) / 10.0], axis=2
        )
        square = np.einsum("nki,nkj->nij", terms, terms) + np.diag([1e-3, _HELD, _HELD])
        right = np.einsum("nki,nk->ni", terms, gap[seen][nearest])
        plane = np.linalg.solve(square, right[..., None])[:, 0, 0]
        out[part] = np.clip(plane, 0.0, _MOST_MM)
    return out
