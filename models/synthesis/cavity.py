"""The two pleural cavities and what bounds them: rib cage, diaphragm, heart and mediastinum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from .anatomy import SIDES, Anatomy, Side, cage_profile
from .fields import Depth, FloatArray, Point, ellipsoid, elliptic_column
from .solids import Cone, Ellipsoid, Solid, join_solids


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


#: How far the domes fall towards the chest wall (mm).
_DOME_MM: Final = 52.0


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


def mediastinal_x(anatomy: Anatomy, point: Point) -> Point:
    """Where a point of the mediastinum lies when it is shifted: the neck and the spine stay in place."""
    x, y, z = point
    mobile = float(np.clip((150.0 - z) / 110.0, 0.0, 1.0))
    return x + anatomy.shift_mm * mobile, y, z


def dome_z(anatomy: Anatomy, side: Side) -> float:
    """Height of the dome of the diaphragm; the right stands higher."""
    pressed = anatomy.depression_mm[SIDES.index(side)]
    return (-92.0 if side == "right" else -104.0) * anatomy.height - anatomy.inspiration_mm - pressed


def _diaphragm(anatomy: Anatomy, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
    half_width, half_depth = 137.0 * anatomy.width, 104.0 * anatomy.depth
    # The highest point lies in front of the middle, so that the lung reaches deepest at the back.
    forward = np.float32(y + 22.0)
    depth = forward / np.where(forward > 0, half_depth + 22.0, half_depth - 14.0).astype(np.float32)
    across = np.abs(x) - np.float32(0.46 * half_width)
    reach = np.where(across > 0, 0.62 * half_width, 1.25 * half_width).astype(np.float32)
    radius2 = (across / reach) ** 2 + depth * depth
    left_share = np.float32(0.5) + np.float32(0.5) * np.tanh(x * np.float32(1 / 18.0))
    right, left = (
        dome_z(anatomy, side)
        - _fall(anatomy, side) * radius2 * (np.float32(0.55) + np.float32(0.45) * radius2)
        for side in SIDES
    )
    surface = right + left_share * (left - right)
    for side, deeper in zip(SIDES, anatomy.sulcus_mm, strict=True):
        if deeper:
            lateral = np.clip((across / reach - 0.25) / 0.6, 0.0, 1.0).astype(np.float32)
            share = left_share if side == "left" else 1.0 - left_share
            surface = surface - share * np.float32(deeper) * lateral * lateral * (3.0 - 2.0 * lateral)
    slope = np.sqrt(radius2) * np.float32(2.0 * _DOME_MM) / reach
    result: FloatArray = ((surface - z) / np.sqrt(np.float32(1.0) + slope * slope)).astype(np.float32)
    return result


def _fall(anatomy: Anatomy, side: Side) -> np.float32:
    """Height of the dome over the sulcus: a diaphragm that is pushed down is flatter."""
    return np.float32(max(_DOME_MM - 0.9 * anatomy.depression_mm[SIDES.index(side)], 12.0))


@lru_cache(maxsize=16)
def _organs(anatomy: Anatomy) -> tuple[Solid, ...]:
    h, w = anatomy.heart, anatomy.width
    # The heart rests on the diaphragm, wherever its domes stand before they are pushed down.
    low = -98.0 * anatomy.height - anatomy.inspiration_mm + 87.0

    def at(x: float, y: float, z: float) -> Point:
        return mediastinal_x(anatomy, (x, y, z))

    def heart(centre: Point, radii: Point, degrees: float = 0.0) -> Ellipsoid:
        return Ellipsoid(at(*centre), radii, degrees)

    def vessel(start: Point, end: Point, first: float, last: float) -> Cone:
        return Cone(at(*start), at(*end), (first, last))

    return (
        # left ventricle, right atrium, right ventricle, left atrium
        heart((27.0 * w, -18.0, low - 57.0), (56.0 * h, 56.0 * h, 38.0 * h), 38.0),
        heart((-9.0 * w, -14.0, low - 52.0), (30.0 * h, 50.0 * h, 46.0 * h)),
        heart((10.0 * w, -42.0, low - 66.0), (54.0 * h, 32.0 * h, 34.0 * h), 20.0),
        heart((6.0 * w, 18.0, low - 24.0), (33.0 * h, 24.0 * h, 30.0 * h)),
        # fat at the apex and beside the right atrium
        heart((66.0 * w, -46.0, low - 88.0), (26.0 * h, 22.0 * h, 20.0 * h), 30.0),
        heart((-24.0 * w, -48.0, low - 88.0), (18.0 * h, 20.0 * h, 18.0 * h)),
        # pulmonary trunk and left appendage, ascending aorta, superior vena cava
        vessel((20.0 * w, -30.0, low - 24.0), (25.0 * w, -8.0, low + 24.0), 20.0 * h, 13.0 * h),
        vessel((-6.0 * w, -28.0, low - 24.0), (-11.0 * w, -18.0, 55.0), 19.0, 15.0),
        vessel((-19.0 * w, -8.0, low - 20.0), (-17.0 * w, 0.0, 96.0), 10.0, 10.5),
        # aortic arch and descending aorta
        vessel((-11.0 * w, -14.0, 57.0), (20.0 * w, 22.0, 58.0), 14.0, 14.5),
        vessel((20.0 * w, 24.0, 58.0), (20.0 * w, 42.0, 18.0), 14.5, 12.0),
        vessel((20.0 * w, 42.0, 18.0), (8.0 * w, 52.0, -165.0), 12.0, 10.5),
        # fat and thymus in front of the trachea, nodes at the carina
        heart((0.0, 4.0, 96.0), (27.5 * w, 84.0, 112.0)),
        vessel((-1.0, 14.0, 30.0), (-2.0, 10.0, 66.0), 16.0, 13.0),
        vessel((-2.0, 10.0, 70.0), (0.0, -4.0, 150.0), 14.0, 18.0),
        # subclavian and brachiocephalic vessels, up to the apices
        vessel((16.0 * w, 12.0, 66.0), (21.0 * w, 18.0, 108.0), 10.5, 9.5),
        vessel((21.0 * w, 18.0, 108.0), (27.0 * w, 10.0, 148.0), 9.5, 9.0),
        vessel((-16.0 * w, 0.0, 88.0), (-22.0 * w, 12.0, 114.0), 10.5, 9.5),
        vessel((-22.0 * w, 12.0, 114.0), (-27.0 * w, 8.0, 148.0), 9.5, 9.0),
        # roots of the lungs
        vessel((-12.0 * w, 6.0, 26.0), (-24.0 * w, 8.0, 22.0), 14.0, 8.0),
        vessel((12.0 * w, 6.0, 36.0), (25.0 * w, 10.0, 33.0), 14.0, 8.0),
    )


#: Places of fat among the organs: at the apex, beside the right atrium, in front of the trachea.
_FAT_PLACES: Final = (4, 5, 12)


@lru_cache(maxsize=16)
def _solid_organs(anatomy: Anatomy) -> tuple[Solid, ...]:
    return tuple(organ for place, organ in enumerate(_organs(anatomy)) if place not in _FAT_PLACES)


def organs(anatomy: Anatomy, x: FloatArray, y: float, z: FloatArray) -> FloatArray:
    """Signed distance to heart, vessels and what surrounds the spine: the mediastinum without its fat."""
    result = _spinal_column(anatomy, x, y, z)
    join_solids(result, _solid_organs(anatomy), x, y, z, 6.0)
    return result


def _mediastinum(anatomy: Anatomy, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
    result = _spinal_column(anatomy, x, y, z)
    join_solids(result, _organs(anatomy), x, y, z, 6.0)
    return result


def _spinal_column(anatomy: Anatomy, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
    level = np.clip(z * np.float32(1 / 140.0), -1.0, 1.0)
    return elliptic_column(
        x - spine_x(anatomy, z),
        y,
        np.float32(17.0 * anatomy.width) - np.float32(2.0) * level,
        np.full_like(z, 23.0),
        spine_y(anatomy, z) + np.float32(8.0),
        np.zeros_like(z),
    )


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
