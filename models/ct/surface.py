"""A surface of triangles on the working grid, what lies along its normals, and the voxels beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from .grid import Hounsfield, Mask, WorkingGrid

FloatArray = NDArray[np.float32]

#: Roughness of the working grid that the surface is rid of (mm).
_SMOOTH_MM = 1.2
#: Points of the surface are about twice the working grid's pitch apart, unless that is coarse already.
_COARSE_MM = 2.0
#: Working grid's blocks this near to a point hold all voxels beside it (mm).
_BESIDE_MM = 2.5


@dataclass(frozen=True, eq=False)
class Surface:
    """Points on a closed surface.

    Attributes
    ----------
    points_mm : ndarray of float32, shape [N, 3]
        Slices, rows, columns, from the first voxel's centre.
    normals : ndarray of float32, shape [N, 3]
        Of length one, into what the surface encloses.
    areas_mm2 : ndarray of float64, shape [N]
        Share of the surface that each point stands for.
    neighbours : sparse array [N, N]
        Rows sum to one over a point and those next to it.
    """

    points_mm: FloatArray
    normals: FloatArray
    areas_mm2: NDArray[np.float64]
    neighbours: sparse.csr_array

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

    def near(self, chosen: Mask, steps: int) -> Mask:
        """Return `chosen` [N] with what lies up to so many steps from point to point beside it."""
        near = chosen
        for _ in range(steps):
            near = (self.neighbours @ near.astype(np.float32)) > 0
        return near

    def at(self, chosen: Mask) -> Surface:
        """Return some of the points; what is next to them among the others is forgotten."""
        count = int(np.count_nonzero(chosen))
        return Surface(
            self.points_mm[chosen],
            self.normals[chosen],
            self.areas_mm2[chosen],
            sparse.csr_array(sparse.eye_array(count, dtype=np.float32)),
        )

    def sampled(
        self, hounsfield: Hounsfield, spacing_mm: tuple[float, float, float], along_mm: FloatArray
    ) -> FloatArray:
        """Return the values [N, D] at distances [D] along each normal, linearly interpolated."""
        places = self.points_mm[:, None, :] + along_mm[None, :, None] * self.normals[:, None, :]
        places /= np.asarray(spacing_mm, np.float32)
        values: FloatArray = ndimage.map_coordinates(
            hounsfield, places.reshape(-1, 3).T, output=np.float32, order=1, mode="nearest"
        ).reshape(len(self.points_mm), -1)
        return values

    def labels_at(
        self, labels: NDArray[np.uint8], spacing_mm: tuple[float, float, float], depth_mm: float
    ) -> NDArray[np.uint8]:
        """Return the label [N] of the voxel that lies `depth_mm` along each normal."""
        places = (self.points_mm + np.float32(depth_mm) * self.normals) / np.asarray(spacing_mm, np.float32)
        index = tuple(
            np.clip(np.rint(places[:, axis]).astype(np.intp), 0, labels.shape[axis] - 1) for axis in range(3)
        )
        found: NDArray[np.uint8] = labels[index]
        return found


@dataclass(frozen=True, eq=False)
class Beside:
    """Voxels of one slice that lie beside a surface.

    Attributes
    ----------
    index : int
        Of the slice.
    rows, columns : ndarray of int, shape [M]
    nearest : ndarray of int, shape [M]
        The surface's nearest point.
    depth_mm : ndarray of float64, shape [M]
        Along that point's normal.
    """

    index: int
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    nearest: NDArray[np.intp]
    depth_mm: NDArray[np.float64]


def find_surface(grid: WorkingGrid, inside: Mask) -> Surface | None:
    """Return the surface of `inside` [s, h, w] on the working grid; None where that is nothing."""
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
    if smooth.max() <= 0.5:
        return None
    vertices, faces, normals, _ = marching_cubes(  # type: ignore[no-untyped-call]
        smooth, 0.5, spacing=grid.spacing_mm, step_size=2 if max(grid.spacing_mm) < _COARSE_MM else 1
    )
    # A block's centre lies half a block from the first of its voxels.
    offset = [
        (axis.start - margin) * step + 0.5 * (step - step / factor)
        for axis, step, factor in zip(box, grid.spacing_mm, grid.factors, strict=True)
    ]
    vertices = vertices.astype(np.float32) + np.asarray(offset, np.float32)
    neighbours = _neighbours(faces, len(vertices))
    # Values rise into what is enclosed, and so do these normals.
    # They are gradients per voxel, not per millimetre.
    normals = -normals.astype(np.float32) / np.asarray(grid.spacing_mm, np.float32)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), np.float32(1e-6))
    for _ in range(2):
        normals = neighbours @ normals
    normals = (normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)).astype(np.float32)
    corners = vertices[faces]
    areas = 0.5 * np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    shares = np.bincount(faces.ravel(), np.repeat(areas / 3.0, 3), len(vertices)).astype(np.float64)
    return Surface(vertices, normals, shares, neighbours)


def voxels_beside(
    surface: Surface,
    chosen: Mask,
    depths_mm: NDArray[np.float64],
    usable: NDArray[np.bool_],
    labels: NDArray[np.uint8],
    spacing_mm: tuple[float, float, float],
    grid: WorkingGrid,
) -> Iterator[Beside]:
    """Go through the voxels beside some points of a surface, slice by slice.

    Parameters
    ----------
    surface : Surface
    chosen : ndarray of bool, shape [N]
        Points whose surroundings are wanted.
    depths_mm : ndarray of float64
        Where along their normals, at most a few millimetres apart.
    usable : ndarray of bool, shape [256]
        Labels of the voxels that are wanted.
    labels : ndarray of uint8, shape [S, H, W]
    spacing_mm : tuple of float
    grid : WorkingGrid
    """
    near = np.zeros(grid.hounsfield.shape, np.uint8)
    for depth in depths_mm:
        places = surface.points_mm[chosen] + np.float32(depth) * surface.normals[chosen]
        places /= np.asarray(grid.spacing_mm, np.float32)
        blocks = [np.clip(places[:, axis].astype(np.intp), 0, near.shape[axis] - 1) for axis in range(3)]
        near[tuple(blocks)] = 1
    near = ndimage.maximum_filter(
        near, [2 * max(1, round(_BESIDE_MM / step)) + 1 for step in grid.spacing_mm]
    )
    tree = cKDTree(surface.points_mm)
    for index in range(len(labels)):
        plane = grid.source_slice(near.view(np.bool_), index)
        rows, columns = np.nonzero(plane & usable[labels[index]])
        if not rows.size:
            continue
        voxels = np.stack([np.full(rows.shape, index), rows, columns], axis=1) * np.asarray(
            spacing_mm, np.float64
        )
        _, nearest = tree.query(voxels)
        offset = voxels - surface.points_mm[nearest]
        yield Beside(index, rows, columns, nearest, np.einsum("nd,nd->n", offset, surface.normals[nearest]))


def _neighbours(faces: NDArray[np.int32], count: int) -> sparse.csr_array:
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = np.concatenate([edges, edges[:, ::-1], np.repeat(np.arange(count)[:, None], 2, axis=1)])
    joined = sparse.csr_array(
        (np.ones(len(edges), np.float32), (edges[:, 0], edges[:, 1])), shape=(count, count)
    )
    joined.data[:] = 1.0
    scale = sparse.diags_array((1.0 / joined.sum(axis=1)).astype(np.float32))
    return sparse.csr_array(scale @ joined)
