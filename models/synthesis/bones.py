"""What every bone is made of: a shell of cortex around cancellous bone, on a plane or as a tube."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .fields import FloatArray, coverage
from .materials import CANCELLOUS_BONE, CORTICAL_BONE, MUSCLE
from .tubes import Tubes, join, polyline

#: A round end: how far beyond the last point, and the radius there, in radii.
_CAP_ALONG: Final = np.sin(np.deg2rad([18.0, 36.0, 54.0, 70.0, 88.0]))
_CAP_RADIUS: Final = np.cos(np.deg2rad([18.0, 36.0, 54.0, 70.0, 88.0]))
_STEP_MM: Final = 2.0


def add_shell(hounsfield: FloatArray, shape: FloatArray, width: float, cortex: float, core_hu: float) -> None:
    """Draw a bone into `hounsfield` [H, W] in place.

    Parameters
    ----------
    hounsfield : ndarray of float32, shape [H, W]
    shape : ndarray of float32, shape [H, W]
        Signed distance to its surface in mm.
    width : float
        Edge of a voxel in mm.
    cortex : float
        Thickness of its cortex in mm.
    core_hu : float
        Hounsfield units inside.
    """
    if float(shape.max()) < -width:
        return
    inside, core = coverage(shape, width), coverage(shape - np.float32(cortex), width)
    value = np.float32(CORTICAL_BONE) + np.float32(core_hu - CORTICAL_BONE) * core
    hounsfield += inside * (value - hounsfield)


def long_bone(
    points: list[tuple[float, float, float]],
    radii: list[float],
    cortex: float,
    core_hu: float = CANCELLOUS_BONE,
) -> tuple[Tubes, Tubes]:
    """Return a bone with rounded ends: solid cortex, and what its core takes from it.

    Parameters
    ----------
    points : list of (x, y, z)
        Of its axis, in mm.
    radii : list of float
        At the points, in mm.
    cortex : float
        Thickness in mm where the bone has its usual radius.
    core_hu : float
    """
    path, radius = _capped(np.array(points, float), np.array(radii, float))
    outer = polyline(path, radius, CORTICAL_BONE - MUSCLE, _STEP_MM)
    # The cortex of a shaft thins out towards its broader ends.
    usual = float(np.median(radii))
    wall = cortex * (usual / np.maximum(radius, usual)) ** 1.5
    inner = polyline(path, np.maximum(radius - wall, 0.05), core_hu - CORTICAL_BONE, _STEP_MM)
    return outer, inner


def _capped(
    path: NDArray[np.float64], radius: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, last = path[0] - path[1], path[-1] - path[-2]
    first, last = first / np.linalg.norm(first), last / np.linalg.norm(last)
    before = path[0] + first * (_CAP_ALONG[::-1, None] * radius[0])
    after = path[-1] + last * (_CAP_ALONG[:, None] * radius[-1])
    return (
        np.concatenate([before, path, after]),
        np.concatenate([_CAP_RADIUS[::-1] * radius[0], radius, _CAP_RADIUS * radius[-1]]),
    )


def ring(
    centre: NDArray[np.float64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    radius: float,
    contrast: float,
    saddle: NDArray[np.float64] | float = 0.0,
) -> Tubes:
    """Return a thin closed tube along ``centre + first cos t + second sin t + saddle cos 2t``, in mm."""
    turn = np.linspace(0.0, 2.0 * np.pi, 17)[:, None]
    points = centre + first * np.cos(turn) + second * np.sin(turn) + saddle * np.cos(2.0 * turn)
    return polyline(points, np.full(len(points), radius), contrast, _STEP_MM)


def both(bones: list[tuple[Tubes, Tubes]]) -> tuple[Tubes, Tubes]:
    """Join bones to one layer of cortex and one of cores."""
    return join([outer for outer, _ in bones]), join([inner for _, inner in bones])
