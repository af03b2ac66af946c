"""Implicit shapes: approximate signed distances in mm, positive inside.

A shape is evaluated on a coronal plane: `x` [1, W] and `z` [H, 1] in mm with one `y`.
Coordinates are those of the patient (DICOM PS3.3 C.7.6.2.1.1): x grows to the patient's
left, y to the back, z to the head.  Distances are first-order: value over gradient, exact
on the surface, which is where they are used.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
#: A plane's y, or one y for every row [H, 1] where the plane is bent by a collapse.
Depth = float | FloatArray
Point = tuple[float, float, float]


def coverage(distance: FloatArray, width: float) -> FloatArray:
    """Return the share of a voxel of edge `width` (mm) inside a surface at signed `distance`."""
    result: FloatArray = np.clip(distance * np.float32(1.0 / width) + np.float32(0.5), 0.0, 1.0)
    return result


def ellipsoid(x: FloatArray, y: Depth, z: FloatArray, centre: Point, radii: Point) -> FloatArray:
    """Signed distance to an ellipsoid with axes along x, y and z."""
    dx = (x - np.float32(centre[0])) / np.float32(radii[0])
    dy = np.float32((y - centre[1]) / radii[1])
    dz = (z - np.float32(centre[2])) / np.float32(radii[2])
    norm = np.sqrt(dx * dx + dy * dy + dz * dz) + np.float32(1e-6)
    gradient = np.sqrt(
        (dx / np.float32(radii[0])) ** 2 + (dy / np.float32(radii[1])) ** 2 + (dz / np.float32(radii[2])) ** 2
    )
    return np.asarray((np.float32(1.0) - norm) * norm / (gradient + np.float32(1e-6)), dtype=np.float32)


def tilted_ellipsoid(
    x: FloatArray, y: Depth, z: FloatArray, centre: Point, radii: Point, degrees: float
) -> FloatArray:
    """Signed distance to an ellipsoid turned about the y axis; positive angles lower its left end."""
    angle = np.deg2rad(degrees)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    dx, dz = x - np.float32(centre[0]), z - np.float32(centre[2])
    along, across = cosine * dx - sine * dz, sine * dx + cosine * dz
    return ellipsoid(along, y, across, (0.0, centre[1], 0.0), radii)


def capsule(
    x: FloatArray, y: Depth, z: FloatArray, start: Point, end: Point, radii: tuple[float, float]
) -> FloatArray:
    """Signed distance to a round cone from `start` to `end` with a radius at each."""
    axis = np.subtract(end, start)
    length2 = float(axis @ axis)
    dx, dy, dz = x - np.float32(start[0]), np.float32(y - start[1]), z - np.float32(start[2])
    t = np.clip(
        (dx * np.float32(axis[0]) + dy * np.float32(axis[1]) + dz * np.float32(axis[2]))
        * np.float32(1.0 / length2),
        0.0,
        1.0,
    )
    distance = np.sqrt(
        (dx - t * np.float32(axis[0])) ** 2
        + (dy - t * np.float32(axis[1])) ** 2
        + (dz - t * np.float32(axis[2])) ** 2
    )
    result: FloatArray = np.float32(radii[0]) + t * np.float32(radii[1] - radii[0]) - distance
    return result


def elliptic_column(
    x: FloatArray,
    y: Depth,
    half_width: FloatArray,
    half_depth: FloatArray,
    centre_y: FloatArray,
    width_slope: FloatArray,
) -> FloatArray:
    """Signed distance to a column with elliptic cross sections.

    Parameters
    ----------
    x : ndarray [1, W]
    half_width, half_depth, centre_y, width_slope : ndarray [H, 1]
        Semi-axes and centre (mm) in each row, and d(half_width)/dz.

    Returns
    -------
    ndarray [H, W]
    """
    across = (x / half_width) ** 2
    depth = ((np.float32(y) - centre_y) / half_depth) ** 2
    norm2 = across + depth + np.float32(1e-6)
    norm = np.sqrt(norm2)
    gradient2 = (across / half_width**2 + depth / half_depth**2) / norm2
    gradient2 += norm2 * (width_slope / half_width) ** 2
    return np.asarray((np.float32(1.0) - norm) / np.sqrt(gradient2 + np.float32(1e-8)), dtype=np.float32)


def smooth_union(first: FloatArray, second: FloatArray, radius: float) -> FloatArray:
    """Union of two shapes with the seam rounded over `radius` mm (quadratic smooth maximum)."""
    gap = np.maximum(np.float32(radius) - np.abs(first - second), 0.0) * np.float32(1.0 / radius)
    result: FloatArray = np.maximum(first, second) + gap * gap * np.float32(radius / 4.0)
    return result
