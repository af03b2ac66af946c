"""Thin tubes painted into a voxel volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .tubes import Tubes


def paint_tubes(volume: NDArray[np.float32], tubes: Tubes, affine: NDArray[np.float64]) -> None:
    """Add the contrast of `tubes` to `volume` [S, H, W] in place, in proportion to the share of each voxel.

    Where pieces overlap the stronger one counts, not their sum.  A tube thinner than a voxel keeps
    its volume.

    Parameters
    ----------
    volume : ndarray of float32, shape [S, H, W]
        Hounsfield units.
    tubes : Tubes
        With contrasts of one sign.
    affine : ndarray, shape [4, 4]
        (slice, row, column, 1) to (x, y, z, 1) in mm.
    """
    if not len(tubes):
        return
    added = np.zeros(volume.shape, np.float16)
    inverse = np.linalg.inv(affine)
    edges = np.linalg.norm(affine[:3, :3], axis=0)
    start, end = (points @ inverse[:3, :3].T + inverse[:3, 3] for points in (tubes.start, tubes.end))
    largest = np.maximum(tubes.start_radius, tubes.end_radius)
    reach = (largest[:, None] + 0.5 * edges.max()) / edges[None, :] + 0.5
    low = np.floor(np.minimum(start, end) - reach).astype(int)
    high = np.ceil(np.maximum(start, end) + reach).astype(int) + 1
    inside = np.all((high > 0) & (low < volume.shape), axis=1)
    specks = inside & (largest < 0.4 * float(np.cbrt(np.prod(edges))))
    _scatter(added, tubes, 0.5 * (start + end), specks, float(np.prod(edges)))
    low, high = np.maximum(low, 0), np.minimum(high, volume.shape)
    linear = affine[:3, :3].astype(np.float32)
    for i in np.flatnonzero(inside & ~specks).tolist():
        box = tuple(slice(a, b) for a, b in zip(low[i], high[i], strict=True))
        share = _share(low[i], high[i], linear, affine[:3, 3], tubes, i, float(edges.max()))
        here = added[box]
        contrast = np.float32(tubes.contrast[i])
        stronger = np.maximum if contrast > 0 else np.minimum
        stronger(here, (share * contrast).astype(np.float16), out=here)
    volume += added


def _share(
    low: NDArray[np.int_],
    high: NDArray[np.int_],
    linear: NDArray[np.float32],
    origin: NDArray[np.float64],
    tubes: Tubes,
    index: int,
    width: float,
) -> NDArray[np.float32]:
    """Share of each voxel of a box inside one piece with rounded ends."""
    offset = (origin - tubes.start[index]).astype(np.float32)
    axis = (tubes.end[index] - tubes.start[index]).astype(np.float32)
    s, r, c = (np.arange(a, b, dtype=np.float32) for a, b in zip(low, high, strict=True))
    parts = [
        (linear[k, 0] * s + offset[k])[:, None, None]
        + (linear[k, 1] * r)[None, :, None]
        + (linear[k, 2] * c)[None, None, :]
        for k in range(3)
    ]
    along = sum(part * a for part, a in zip(parts, axis, strict=True)) / (axis @ axis + np.float32(1e-9))
    along = np.clip(along, 0.0, 1.0)
    distance2 = sum((part - along * a) ** 2 for part, a in zip(parts, axis, strict=True))
    first, last = tubes.start_radius[index], tubes.end_radius[index]
    radius = np.float32(first) + along * np.float32(last - first)
    result: NDArray[np.float32] = np.clip((radius - np.sqrt(distance2)) / np.float32(width) + 0.5, 0.0, 1.0)
    return result


def _scatter(
    added: NDArray[np.float16],
    tubes: Tubes,
    at: NDArray[np.float64],
    chosen: NDArray[np.bool_],
    voxel_mm3: float,
) -> None:
    """Give the voxel around each small piece the piece's share of it."""
    index = np.rint(at[chosen]).astype(int)
    fits = np.all((index >= 0) & (index < added.shape), axis=1)
    radius = 0.5 * (tubes.start_radius + tubes.end_radius)[chosen][fits]
    length = np.linalg.norm(tubes.end - tubes.start, axis=1)[chosen][fits]
    share = np.minimum(np.pi * radius**2 * length / voxel_mm3, 1.0)
    np.add.at(added, tuple(index[fits].T), (share * tubes.contrast[chosen][fits]).astype(np.float16))
