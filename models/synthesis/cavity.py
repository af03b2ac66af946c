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
    step = 0.5 * anatomy.dome_step_mm * (1.0 if side == "right" else -1.0)
    return -97.0 * anatomy.height + step - anatomy.inspiration_mm - pressed


#: Square of the distance from a dome's top, in its half axes, beyond which it runs along the ribs.
_RIM: Final = 1.3


def _diaphragm(anatomy: Anatomy, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
    half_width, half_depth = 137.0 * anatomy.width, 104.0 * anatomy.depth
    # The highest point lies in front of the middle, so that the lung reaches deepest at the back.
    forward = np.float32(y + 22.0)
    depth = forward / np.where(forward > 0, half_depth + 22.0, half_depth - 14.0).astype(np.float32)
    left_share = np.float32(0.5) + np.float32(0.5) * np.tanh(x * np.float32(1 / 18.0))
    top = np.float32(half_width) * (
        np.float32(0.47) + np.float32(0.05 * anatomy.domes_unlike) * (1 - 2 * left_share)
    )
    across = np.abs(x) - top
    reach = np.where(across > 0, np.float32(1.08 * half_width) - top, 0.85 * half_width).astype(np.float32)
    radius2 = (across / reach) ** 2 + depth * depth
    # It hangs from the ribs: beyond the dome's own rim it hardly falls any more.
    radius2 /= np.sqrt(np.sqrt(np.float32(1.0) + (radius2 / np.float32(_RIM)) ** 4))
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
    slope = np.sqrt(radius2) * np.float32(2.0 * anatomy.dome_mm) / reach
    result: FloatArray = ((surface - z) / np.sqrt(np.float32(1.0) + slope * slope)).astype(np.float32)
    return result


def _fall(anatomy: Anatomy, side: Side) -> np.float32:
    """Height of the dome over the sulcus: a diaphragm that is pushed down is flatter."""
    return np.float32(max(anatomy.dome_mm - 0.9 * anatomy.depression_mm[SIDES.index(side)], 12.0))


@lru_cache(maxsize=16)
def _organs(anatomy: Anatomy) -> tuple[Solid, ...]:
    h, w = anatomy.heart, anatomy.width
    # The heart rests on the diaphragm, wherever its domes stand before they are pushed down.
    low = -98.0 * anatomy.height - anatomy.inspiration_mm + 80.0
    # The arch is longer and stands out farther with age.
    a, rise = (19.0 + 7.0 * anatomy.aorta) * w, 4.0 * anatomy.aorta

    def at(x: float, y: float, z: float) -> Point:
        return mediastinal_x(anatomy, (x, y, z))

    def heart(centre: Point, radii: Point, degrees: float = 0.0) -> Ellipsoid:
        return Ellipsoid(at(*centre), radii, degrees)

    def vessel(start: Point, end: Point, first: float, last: float) -> Cone:
        return Cone(at(*start), at(*end), (first, last))

    return (
        # left ventricle, right atrium, right ventricle, left atrium
        heart((29.0 * w, -18.0, low - 58.0), (57.0 * h, 56.0 * h, 41.0 * h), 38.0),
        heart((-9.0 * w, -14.0, low - 58.0), (30.0 * h, 50.0 * h, 52.0 * h)),
        heart((10.0 * w, -42.0, low - 66.0), (54.0 * h, 32.0 * h, 34.0 * h), 20.0),
        heart((6.0 * w, 18.0, low - 24.0), (33.0 * h, 24.0 * h, 30.0 * h)),
        # fat at the apex and beside the right atrium
        heart((66.0 * w, -46.0, low - 86.0), (26.0 * h, 24.0 * h, 20.0 * h), 30.0),
        heart((-24.0 * w, -44.0, low - 88.0), (18.0 * h, 22.0 * h, 20.0 * h)),
        # where the pericardium rests on the diaphragm
        heart((14.0 * w, -18.0, low - 96.0), (46.0 * h, 46.0 * h, 34.0 * h)),
        # pulmonary trunk and left appendage, ascending aorta, superior vena cava
        vessel((25.0 * w, -30.0, low - 22.0), (26.0 * w, -8.0, low + 36.0), 24.0 * h, 14.0 * h),
        vessel((-6.0 * w, -28.0, low - 24.0), (-11.0 * w - rise, -18.0, 55.0), 19.0 + rise, 15.0),
        vessel((-17.0 * w, -8.0, low - 20.0), (-14.0 * w, 0.0, 92.0), 10.0, 10.0),
        # aortic arch and descending aorta
        vessel((-11.0 * w, -14.0, 57.0), (a, 20.0, 58.0 + rise), 14.0, 15.0),
        vessel((a, 22.0, 58.0 + rise), (a - 3.0, 42.0, 18.0), 15.0, 12.5),
        vessel((a - 3.0, 42.0, 18.0), (8.0 * w, 52.0, -165.0), 12.5, 10.5),
        # fat and thymus in front of the trachea, nodes at the carina
        heart((0.0, -8.0, 40.0), (21.0 * w, 60.0, 92.0)),
        vessel((-1.0, 14.0, 30.0), (-2.0, 10.0, 66.0), 16.0, 13.0),
        vessel((-2.0, 10.0, 70.0), (0.0, -4.0, 150.0), 14.0, 18.0),
        # subclavian and brachiocephalic vessels, up to the apices
        vessel((14.0 * w, 12.0, 66.0), (17.0 * w, 18.0, 106.0), 9.5, 8.0),
        vessel((17.0 * w, 18.0, 106.0), (30.0 * w, 6.0, 146.0), 8.0, 6.0),
        vessel((-14.0 * w, 0.0, 86.0), (-17.0 * w, 12.0, 112.0), 9.5, 8.0),
        vessel((-17.0 * w, 12.0, 112.0), (-30.0 * w, 4.0, 146.0), 8.0, 6.0),
        # roots of the lungs
        vessel((-12.0 * w, 6.0, 26.0), (-24.0 * w, 8.0, 22.0), 14.0, 8.0),
        vessel((12.0 * w, 6.0, 36.0), (25.0 * w, 10.0, 33.0), 14.0, 8.0),
    )


#: Organs lie in their fat: seams between them are rounded over so many mm.
_SEAM_MM: Final = 12.0
#: Places of fat among the organs: at the apex, beside the right atrium, in front of the trachea.
_FAT_PLACES: Final = (4, 5, 13)


@lru_cache(maxsize=16)
def _solid_organs(anatomy: Anatomy) -> tuple[Solid, ...]:
    return tuple(organ for place, organ in enumerate(_organs(anatomy)) if place not in _FAT_PLACES)


def organs(anatomy: Anatomy, x: FloatArray, y: float, z: FloatArray) -> FloatArray:
    """Signed distance to heart, vessels and what surrounds the spine: the mediastinum without its fat."""
    result = _spinal_column(anatomy, x, y, z)
    join_solids(result, _solid_organs(anatomy), x, y, z, _SEAM_MM)
    return result


def _mediastinum(anatomy: Anatomy, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
    result = _spinal_column(anatomy, x, y, z)
    join_solids(result, _organs(anatomy), x, y, z, _SEAM_MM)
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
    dome = ellipsoid(np.abs(x), y, z, (54.0 * w, 16.0, base), (70.0 * w, 94.0 * d, 86.0 * h))
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
