"""The two pleural cavities and what bounds them: rib cage, diaphragm, heart and mediastinum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .anatomy import Anatomy, Side, cage_profile
from .fields import (
    Depth,
    FloatArray,
    Point,
    capsule,
    ellipsoid,
    elliptic_column,
    smooth_union,
    tilted_ellipsoid,
)


@dataclass(frozen=True, eq=False)
class Cavities:
    """Signed distances in mm on one coronal plane, positive inside, each [H, W].

    Attributes
    ----------
    cage : ndarray
        Inside the ribs.
    mediastinum : ndarray
        Heart, great vessels, spine and what lies between the lungs.
    abdomen : ndarray
        Below the diaphragm.
    pleural : ndarray
        Inside either pleural cavity: cage without mediastinum and abdomen.
    """

    cage: FloatArray
    mediastinum: FloatArray
    abdomen: FloatArray
    pleural: FloatArray


#: An organ this far away (mm) does not change the surface of the lung.
_MARGIN: Final = 12.0


@dataclass(frozen=True)
class _Heart:
    """A chamber: an ellipsoid turned by `degrees` about the front-to-back axis."""

    centre: Point
    radii: Point
    degrees: float

    def extent(self) -> tuple[float, float]:
        return self.centre[1] - self.radii[1], self.centre[1] + self.radii[1]

    def add(self, shape: FloatArray, x: FloatArray, y: Depth, z: FloatArray) -> None:
        reach = max(self.radii[0], self.radii[2])
        rows, columns = _window(x, z, self.centre, self.centre, reach)
        part = shape[rows, columns]
        chamber = tilted_ellipsoid(
            _columns(x, rows, columns), _rows(y, rows), z[rows], self.centre, self.radii, self.degrees
        )
        part[...] = smooth_union(part, chamber, 6.0)


@dataclass(frozen=True)
class _Vessel:
    """A great vessel: a round cone from `start` to `end`."""

    start: Point
    end: Point
    radii: tuple[float, float]

    def extent(self) -> tuple[float, float]:
        reach = max(self.radii)
        return min(self.start[1], self.end[1]) - reach, max(self.start[1], self.end[1]) + reach

    def add(self, shape: FloatArray, x: FloatArray, y: Depth, z: FloatArray) -> None:
        rows, columns = _window(x, z, self.start, self.end, max(self.radii))
        part = shape[rows, columns]
        vessel = capsule(
            _columns(x, rows, columns), _rows(y, rows), z[rows], self.start, self.end, self.radii
        )
        part[...] = smooth_union(part, vessel, 6.0)


_Organ = _Heart | _Vessel


def _window(x: FloatArray, z: FloatArray, first: Point, second: Point, reach: float) -> tuple[slice, slice]:
    """Rows and columns of a plane within `reach` and a margin of two points; all of it when not a grid."""
    margin = reach + _MARGIN
    every = slice(None)
    low, high = min(first[2], second[2]) - margin, max(first[2], second[2]) + margin
    left, right = min(first[0], second[0]) - margin, max(first[0], second[0]) + margin
    near_rows = np.flatnonzero((z[:, 0] > low) & (z[:, 0] < high))
    rows = slice(int(near_rows[0]), int(near_rows[-1]) + 1) if len(near_rows) else slice(0, 0)
    if x.shape[0] != 1:
        return rows, every
    near_columns = np.flatnonzero((x[0] > left) & (x[0] < right))
    columns = slice(int(near_columns[0]), int(near_columns[-1]) + 1) if len(near_columns) else slice(0, 0)
    return rows, columns


def _rows(y: Depth, rows: slice) -> Depth:
    return y[rows] if isinstance(y, np.ndarray) else y


def _columns(x: FloatArray, rows: slice, columns: slice) -> FloatArray:
    return x[:, columns] if x.shape[0] == 1 else x[rows, columns]


def spine_x(anatomy: Anatomy, z: FloatArray) -> FloatArray:
    """Sideways position of the spine's axis at heights `z`."""
    result: FloatArray = (anatomy.spine_curve_mm * np.sin(z / 90.0 + 0.4)).astype(np.float32)
    return result


def spine_y(anatomy: Anatomy, z: FloatArray) -> FloatArray:
    """Front-to-back position of the vertebral bodies' axis at heights `z` (thoracic kyphosis)."""
    cage = cage_profile(anatomy, z)
    result: FloatArray = (
        cage.centre_y + cage.half_depth - np.float32(34.0) + np.maximum(z - 90.0, 0.0) * np.float32(0.1)
    )
    return result


def dome_z(anatomy: Anatomy, side: Side) -> float:
    """Height of the dome of the diaphragm; the right stands higher."""
    return (-92.0 if side == "right" else -104.0) * anatomy.height - anatomy.inspiration_mm


def _diaphragm(anatomy: Anatomy, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
    cage = cage_profile(anatomy, np.full((1, 1), -120.0, np.float32))
    half_width, half_depth = float(cage.half_width[0, 0]), float(cage.half_depth[0, 0])
    # The highest point lies in front of the middle, so that the lung reaches deepest at the back.
    forward = np.float32(y + 22.0)
    depth = forward / np.where(forward > 0, half_depth + 26.0, half_depth - 16.0).astype(np.float32)
    across = np.abs(x) - np.float32(0.44 * half_width)
    reach = np.where(across > 0, 0.60 * half_width, 1.5 * half_width).astype(np.float32)
    radius2 = (across / reach) ** 2 + depth * depth
    right, left = dome_z(anatomy, "right"), dome_z(anatomy, "left")
    dome = np.float32(0.5 * (right + left)) + np.float32(0.5 * (left - right)) * np.tanh(
        x * np.float32(1 / 22.0)
    )
    surface = dome - np.float32(46.0) * radius2 * (np.float32(0.85) + np.float32(0.15) * radius2)
    slope = np.sqrt(radius2) * np.float32(46.0 * 2.2) / reach
    result: FloatArray = (surface - z) / np.sqrt(np.float32(1.0) + slope * slope)
    return result


def _organs(anatomy: Anatomy) -> list[_Organ]:
    h, w = anatomy.heart, anatomy.width
    low = (
        0.5 * (dome_z(anatomy, "right") + dome_z(anatomy, "left")) + 87.0
    )  # the heart rests on the diaphragm
    return [
        # left ventricle, right atrium, right ventricle, left atrium
        _Heart((27.0 * w, -22.0, low - 58.0), (57.0 * h, 44.0 * h, 40.0 * h), 38.0),
        _Heart((-10.0 * w, -16.0, low - 52.0), (31.0 * h, 38.0 * h, 48.0 * h), 0.0),
        _Heart((10.0 * w, -42.0, low - 66.0), (56.0 * h, 32.0 * h, 35.0 * h), 20.0),
        _Heart((6.0 * w, 18.0, low - 24.0), (34.0 * h, 24.0 * h, 30.0 * h), 0.0),
        # pulmonary trunk and left appendage, ascending aorta, superior vena cava
        _Vessel((20.0 * w, -30.0, low - 24.0), (26.0 * w, -8.0, low + 22.0), (20.0 * h, 13.0 * h)),
        _Vessel((-6.0 * w, -28.0, low - 24.0), (-12.0 * w, -18.0, 55.0), (19.0, 15.0)),
        _Vessel((-20.0 * w, -8.0, low - 20.0), (-16.0 * w, 0.0, 100.0), (10.0, 11.0)),
        # aortic arch and descending aorta
        _Vessel((-12.0 * w, -14.0, 57.0), (20.0 * w, 22.0, 57.0), (14.0, 14.5)),
        _Vessel((20.0 * w, 24.0, 57.0), (21.0 * w, 42.0, 18.0), (14.5, 12.0)),
        _Vessel((21.0 * w, 42.0, 18.0), (8.0 * w, 52.0, -165.0), (12.0, 10.5)),
        # fat, thymus and the great veins in front of the trachea
        _Heart((1.0, 2.0, 114.0), (33.0 * w, 46.0, 84.0), 0.0),
        # carina with its nodes, trachea, vessels of the neck
        _Vessel((-1.0, 14.0, 30.0), (-3.0, 10.0, 70.0), (17.0, 14.0)),
        _Vessel((-3.0, 10.0, 70.0), (0.0, -4.0, 150.0), (15.0, 19.0)),
        _Vessel((8.0 * w, 4.0, 66.0), (24.0 * w, 20.0, 146.0), (13.0, 13.0)),
        _Vessel((-10.0 * w, 0.0, 80.0), (-24.0 * w, 20.0, 146.0), (12.0, 13.0)),
    ]


def _mediastinum(anatomy: Anatomy, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
    middle = spine_x(anatomy, z)
    level = np.clip(z * np.float32(1 / 140.0), -1.0, 1.0)
    result = elliptic_column(
        x - middle,
        y,
        np.float32(17.0 * anatomy.width) - np.float32(2.0) * level,
        np.full_like(z, 23.0),
        spine_y(anatomy, z) + np.float32(8.0),
        np.zeros_like(z),
    )
    near, far = float(np.min(y)), float(np.max(y))
    for organ in _organs(anatomy):
        front, back = organ.extent()
        if near < back + _MARGIN and far > front - _MARGIN:
            organ.add(result, x, y, z)
    return result


def _cupola(anatomy: Anatomy, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
    """Signed distance to the dome of the pleura above the clavicle; far inside it below."""
    w, d, h = anatomy.width, anatomy.depth, anatomy.height
    base = 55.0 * h
    dome = ellipsoid(np.abs(x), y, z, (54.0 * w, 16.0, base), (60.0 * w, 92.0 * d, 86.0 * h))
    result: FloatArray = np.maximum(dome, np.float32(base) - z)
    return result


def cavities(anatomy: Anatomy, x: FloatArray, y: Depth, z: FloatArray) -> Cavities:
    """Evaluate the cavities on the coronal plane at `y`; x is [1, W], z is [H, 1], in mm."""
    profile = cage_profile(anatomy, z)
    cage = elliptic_column(
        x, y, profile.half_width, profile.half_depth, profile.centre_y, profile.width_slope
    )
    cage = np.minimum(cage, np.float32(142.0 * anatomy.height) - z)
    mediastinum = _mediastinum(anatomy, x, y, z)
    abdomen = _diaphragm(anatomy, x, y, z)
    pleural = np.minimum(np.minimum(cage, -mediastinum), -abdomen)
    pleural = np.minimum(pleural, _cupola(anatomy, x, y, z))
    return Cavities(cage, mediastinum, abdomen, pleural)
