"""What lies outside the rib cage, and below the diaphragm: skin, fat, muscle, breasts, gas in the gut."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from .anatomy import Anatomy, body_profile, cage_profile
from .cavity import dome_z
from .fields import FloatArray, coverage, ellipsoid, elliptic_column
from .materials import AIR
from .solids import Cone, Ellipsoid, Solid, join_solids

SKIN_MM: Final = 1.6
#: Muscle between and outside the ribs (mm).
_MUSCLE_SHELL: Final = 12.0


def arm_axis(anatomy: Anatomy, side: int, along_mm: float) -> tuple[float, float, float]:
    """Point on the axis of the upper arm, so far from the head of the humerus; `side` is -1 or 1."""
    angle = np.deg2rad(anatomy.arm_degrees)
    return (
        side * (172.0 * anatomy.width + along_mm * float(np.sin(angle))),
        14.0 - 0.08 * along_mm,
        90.0 * anatomy.height - along_mm * float(np.cos(angle)),
    )


def body(anatomy: Anatomy, x: FloatArray, y: float, z: FloatArray, arms: bool) -> FloatArray:
    """Signed distance (mm, positive inside) to the skin."""
    profile = body_profile(anatomy, z)
    trunk = elliptic_column(
        x, y, profile.half_width, profile.half_depth, profile.centre_y, profile.width_slope
    )
    if arms:
        join_solids(trunk, _arms(anatomy), x, y, z, 16.0)
    if anatomy.breast > 0 and y < 0:
        np.maximum(trunk, breasts(anatomy, x, y, z), out=trunk)
    return trunk


@lru_cache(maxsize=8)
def _arms(anatomy: Anatomy) -> tuple[Solid, ...]:
    more = 0.6 * (anatomy.fat_mm - 10.0)
    return tuple(
        Cone(arm_axis(anatomy, side, -4.0), arm_axis(anatomy, side, 210.0), (54.0 + more, 44.0 + more))
        for side in (-1, 1)
    )


def breasts(anatomy: Anatomy, x: FloatArray, y: float, z: FloatArray) -> FloatArray:
    """Signed distance to the breasts, pressed flat: a swelling of the front that fades out upwards."""
    profile = body_profile(anatomy, z)
    size = anatomy.breast
    across = (np.abs(x) - np.float32(80.0 * anatomy.width)) / np.float32(60.0 + 16.0 * size)
    middle = np.float32((-34.0 - 12.0 * size) * anatomy.height)
    height = z - middle
    above, below = np.float32(74.0 + 10.0 * size), np.float32(30.0 + 18.0 * size)
    reach = np.where(height > 0, above, below)
    share = np.maximum(1.0 - across * across - (height / reach) ** 2, 0.0)
    # It fades out upwards and ends in a fold below.
    swelling = np.float32(38.0 * size) * share ** (np.float32(0.5) + np.clip(height / below + 1.0, 0.0, 1.0))
    inside = np.sqrt(np.maximum(1.0 - (x / profile.half_width) ** 2, 0.0))
    front = profile.centre_y - profile.half_depth * inside
    distance = (np.float32(y) - front + swelling) * np.float32(0.8)
    result: FloatArray = np.where(share > 0, distance, np.float32(-50.0)).astype(np.float32)
    return result


@lru_cache(maxsize=8)
def _muscles(anatomy: Anatomy) -> tuple[Solid, ...]:
    w, h = anatomy.width, anatomy.height
    levels = np.array([[70.0], [30.0], [0.0], [-100.0]], np.float32) * np.float32(h)
    profile = cage_profile(anatomy, levels)
    front = (profile.centre_y - profile.half_depth)[:, 0].tolist()
    back = (profile.centre_y + profile.half_depth)[:, 0].tolist()
    found: list[Solid] = [Cone((0.0, 26.0, 128.0 * h), (0.0, 26.0, 220.0 * h), (46.0, 46.0))]
    for s in (-1, 1):
        shoulder = arm_axis(anatomy, s, 30.0)
        found += [
            # pectoralis major: clavicular and sternal parts make the front fold of the axilla
            Cone((s * 36.0, front[0] - 4.0, 62.0 * h), shoulder, (13.0, 15.0)),
            Cone((s * 58.0, front[1] - 3.0, 24.0 * h), shoulder, (13.0, 14.0)),
            Cone((s * 84.0, front[2] + 4.0, -4.0 * h), shoulder, (9.0, 13.0)),
            # latissimus and teres, paraspinal muscles, trapezius, sternocleidomastoid
            Cone((s * 154.0 * w, 34.0, 66.0 * h), (s * 148.0 * w, 38.0, -80.0 * h), (22.0, 11.0)),
            Cone((s * 27.0, back[1] + 12.0, 120.0 * h), (s * 31.0, back[3] + 12.0, -220.0 * h), (20.0, 26.0)),
            Cone((s * 20.0, 56.0, 196.0 * h), (s * 130.0 * w, 52.0, 112.0 * h), (17.0, 13.0)),
            Cone((s * 44.0, 4.0, 205.0 * h), (s * 13.0, -40.0, 104.0 * h), (10.0, 8.0)),
            # deltoid; the muscles on both faces of the shoulder blade
            Ellipsoid((s * 168.0 * w, 18.0, 84.0 * h), (52.0, 52.0, 56.0)),
            Cone((s * 148.0 * w, 46.0, 92.0 * h), (s * 140.0 * w, 56.0, -12.0 * h), (30.0, 13.0)),
            Cone((s * 112.0 * w, 58.0, 100.0 * h), (s * 160.0 * w, 38.0, 98.0 * h), (20.0, 24.0)),
        ]
    return tuple(found)


def muscle(anatomy: Anatomy, cage: FloatArray, x: FloatArray, y: float, z: FloatArray) -> FloatArray:
    """Signed distance to muscle: a shell on the cage (signed distance `cage`), the shoulders, the neck."""
    shoulder = np.clip((z - 10.0) / 100.0, 0.0, 1.0) * np.float32(26.0)
    result: FloatArray = (cage + np.float32(_MUSCLE_SHELL) + shoulder).astype(np.float32)
    join_solids(result, _muscles(anatomy), x, y, z, 8.0)
    return result


def add_gas(
    hounsfield: FloatArray, anatomy: Anatomy, x: FloatArray, y: float, z: FloatArray, width: float
) -> None:
    """Put the gas of stomach and splenic flexure into `hounsfield` [H, W] in place."""
    gas = anatomy.gas
    if gas < 0.25:
        return
    top = dome_z(anatomy, "left") - 7.0
    forward = -48.0 if anatomy.supine else -16.0
    height = top - 25.0 * gas
    bubble = ellipsoid(x, y, z, (62.0 * anatomy.width, forward, height), (42.0 * gas, 34.0 * gas, 25.0 * gas))
    bubble = np.maximum(
        bubble,
        ellipsoid(
            x, y, z, (88.0 * anatomy.width, forward, height - 6.0), (26.0 * gas, 28.0 * gas, 20.0 * gas)
        ),
    )
    if not anatomy.supine:  # fluid level
        bubble = np.minimum(bubble, z - np.float32(height - 9.0 * gas))
    if gas > 0.7:
        for across, below, size in ((104.0, 60.0, 11.0), (94.0, 69.0, 9.0), (110.0, 71.0, 8.0)):
            flexure = (across * anatomy.width, -22.0, top - below)
            bubble = np.maximum(bubble, ellipsoid(x, y, z, flexure, (size, 0.8 * size, 0.9 * size)))
    hounsfield += coverage(bubble, width) * (np.float32(AIR) - hounsfield)
