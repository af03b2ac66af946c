"""The chest wall of one side as a surface, and what lies under it along its normals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from skimage.measure import marching_cubes

from .border import Levels
from .grid import Hounsfield, Mask, WorkingGrid

FloatArray = NDArray[np.float32]

#: Roughness of the working grid that the surface is rid of (mm).
_SMOOTH_MM = 1.2
#: Points of the surface are about twice the working grid's pitch apart, unless that is coarse already.
_COARSE_MM = 2.0
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
_MOST_HU = 200.0
#: Profiles are averaged over this many steps from point to point, about 4 mm.
_STEPS = 6
#: Share of the neighbours, weighted, that show a wall where an average is trusted.
_LEAST_SHARE = 0.3


@dataclass(frozen=True, eq=False)
class Wall:
    """Points on one side's chest wall.

    Attributes
    ----------
    points_mm : ndarray of float32, shape [N, 3]
        Slices, rows, columns, from the first voxel's centre.
    normals : ndarray of float32, shape [N, 3]
        Of length one, into the chest.
    areas_mm2 : ndarray of float64, shape [N]
        Share of the surface that each point stands for.
    neighbours : sparse array [N, N]
        Rows sum to one over a point and those next to it.
    seen : ndarray of bool, shape [N]
        Where there is a wall, with tissue outside.
    profiles : ndarray of float32, shape [N, D]
        Hounsfield units at :data:`DEPTHS_MM`, averaged over the neighbourhood of each point, each profile
        shifted so that the wall is at 0.
    """

    points_mm: FloatArray
    normals: FloatArray
    areas_mm2: NDArray[np.float64]
    neighbours: sparse.csr_array
    seen: Mask
    profiles: FloatArray

    def averaged(self, values: FloatArray, where: Mask, steps: int) -> FloatArray:
        """Return the mean of `values` [N] or [N, D] around each point, over those of `where` alone."""
        weight = where.astype(np.float32)
        column = weight if values.ndim == 1 else weight[:, None]
        total = values * column
        for _ in range(steps):
            total, weight = self.neighbours @ total, self.neighbours @ weight
        column = weight if values.ndim == 1 else weight[:, None]
        mean: FloatArray = (total / np.maximum(column, 1e-6)).astype(np.float32)
        return mean

    def grown(self, mask: Mask, steps: int) -> Mask:
        """Return the points within some steps of those of `mask`."""
        for _ in range(steps):
            mask = (self.neighbours @ mask.astype(np.float32)) > 0
        return mask


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
    surface = _surface(grid, inside)
    if surface is None:
        return None
    vertices, faces, normals = surface
    neighbours = _neighbours(faces, len(vertices))
    for _ in range(2):
        normals = neighbours @ normals
    normals = (normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)).astype(np.float32)
    along = np.arange(-_OUT_MM, _IN_MM, _STEP_MM).astype(np.float32)
    places = (vertices[:, None, :] + along[None, :, None] * normals[:, None, :]) / np.asarray(
        spacing_mm, np.float32
    )
    samples = ndimage.map_coordinates(
        hounsfield, places.reshape(-1, 3).T, output=np.float32, order=1, mode="nearest"
    ).reshape(len(vertices), -1)
    del places
    crossing = _crossing(samples, along, np.float32(levels.wall))
    seen = np.isfinite(crossing)
    crossing = np.where(seen, crossing, 0.0).astype(np.float32)
    outside = _shifted(samples, along, crossing, np.arange(*_OUTSIDE_MM, _STEP_MM)).mean(axis=1)
    seen &= outside > _TISSUE_HU
    profiles = np.clip(_shifted(samples, along, crossing, DEPTHS_MM), -1024.0, _MOST_HU)
    corners = vertices[faces]
    areas = 0.5 * np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    wall = Wall(
        vertices + crossing[:, None] * normals,
        normals,
        np.bincount(faces.ravel(), np.repeat(areas / 3.0, 3), len(vertices)).astype(np.float64),
        neighbours,
        seen,
        profiles,
    )
    weight = wall.averaged(seen.astype(np.float32), np.ones_like(seen), _STEPS)
    return Wall(
        wall.points_mm,
        wall.normals,
        wall.areas_mm2,
        neighbours,
        seen & (weight > _LEAST_SHARE),
        wall.averaged(profiles, seen, _STEPS),
    )


def _surface(grid: WorkingGrid, inside: Mask) -> tuple[FloatArray, NDArray[np.int32], FloatArray] | None:
    """Return vertices (mm from the source's first voxel), triangles and normals into the chest."""
    kept = [np.flatnonzero(inside.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    if not kept[0].size:
        return None
    margin = 3
    low = [int(part[0]) - margin for part in kept]
    box = tuple(
        slice(max(start, 0), int(part[-1]) + margin + 1) for start, part in zip(low, kept, strict=True)
    )
    part = np.pad(inside[box].astype(np.float32), margin)
    smooth = ndimage.gaussian_filter(part, [_SMOOTH_MM / step for step in grid.spacing_mm])
    vertices, faces, normals, _ = marching_cubes(  # type: ignore[no-untyped-call]
        smooth, 0.5, spacing=grid.spacing_mm, step_size=2 if max(grid.spacing_mm) < _COARSE_MM else 1
    )
    # A block's centre lies half a block from the first of its voxels.
    offset = [
        (axis.start - margin) * step + 0.5 * (step - step / factor)
        for axis, step, factor in zip(box, grid.spacing_mm, grid.factors, strict=True)
    ]
    # Values rise into the chest, and so do these normals.
    return vertices.astype(np.float32) + np.asarray(offset, np.float32), faces, -normals.astype(np.float32)


def _neighbours(faces: NDArray[np.int32], count: int) -> sparse.csr_array:
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = np.concatenate([edges, edges[:, ::-1], np.repeat(np.arange(count)[:, None], 2, axis=1)])
    joined = sparse.csr_array(
        (np.ones(len(edges), np.float32), (edges[:, 0], edges[:, 1])), shape=(count, count)
    )
    joined.data[:] = 1.0
    scale = sparse.diags_array((1.0 / joined.sum(axis=1)).astype(np.float32))
    return sparse.csr_array(scale @ joined)


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
