"""The shoulder girdle: clavicles, shoulder blades and the upper ends of the arms."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.interpolate import PchipInterpolator

from .anatomy import SIDES, Anatomy, cage_profile, sign
from .bones import long_bone, ring
from .fields import FloatArray, coverage
from .soft_tissue import arm_axis
from .tubes import Tubes, join

Point = tuple[float, float, float]

#: Clavicle from the sternum to the acromion (mm on the left of an average man): an S, first forward.
_CLAVICLE: Final[tuple[Point, ...]] = (
    (17.0, -49.0, 95.0),
    (27.0, -54.0, 99.0),
    (46.0, -58.0, 106.0),
    (70.0, -52.0, 112.0),
    (94.0, -36.0, 115.0),
    (116.0, -16.0, 118.0),
    (136.0, 0.0, 123.0),
    (154.0, 9.0, 125.0),
)
_CLAVICLE_RADII: Final = (8.8, 8.0, 6.4, 5.8, 5.5, 5.8, 6.6, 5.6)

#: Outline of the blade seen from behind: its upper and lower angles, its border to the arm, its neck.
#: The medial border lies beside the cage, as with the shoulders rolled forward for a PA film.
_BLADE: Final[tuple[tuple[float, float], ...]] = (
    (111.0, 113.0),
    (124.0, 111.0),
    (141.0, 104.0),
    (158.0, 102.0),
    (157.0, 76.0),
    (153.0, 50.0),
    (150.0, 10.0),
    (147.0, -30.0),
    (143.0, -35.0),
    (138.0, -20.0),
    (127.0, 40.0),
    (116.0, 88.0),
)
#: Corners of the lateral border, from the neck down, and of the medial one, from the upper angle down.
_LATERAL, _MEDIAL = slice(4, 8), slice(9, 12)
#: What the thin plate of the blade has of bone, and its thickness (mm).
_PLATE_HU: Final = 800.0
_PLATE_HALF_MM: Final = 1.8


def _swung(anatomy: Anatomy, lateral: float, height: float) -> tuple[float, float]:
    """Where a point of the shoulder blade lies: arms held away turn its lower angle outwards."""
    angle = np.deg2rad(max(0.0, 0.12 * anatomy.arm_degrees - 2.0))
    dx, dz = lateral - 150.0, height - 90.0
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    return 150.0 + dx * cosine - dz * sine, 90.0 + dx * sine + dz * cosine


def _depth(anatomy: Anatomy, lateral: FloatArray, z: FloatArray) -> FloatArray:
    """Front-to-back position of the blade, on the back of the cage and leaning forward to the shoulder."""
    profile = cage_profile(anatomy, z)
    inside = np.minimum(lateral * np.float32(anatomy.width) / (profile.half_width + 30.0), np.float32(0.95))
    surface = profile.centre_y + (profile.half_depth + 16.0) * np.sqrt(1.0 - inside**2)
    result: FloatArray = np.clip(surface, 30.0, 85.0).astype(np.float32)
    return result


def add_scapulae(
    hounsfield: FloatArray, anatomy: Anatomy, x: FloatArray, y: float, z: FloatArray, width: float
) -> None:
    """Draw the blades of the shoulder blades, thin plates behind the cage, in place."""
    if y < 20.0:
        return
    h = anatomy.height
    corners = [_swung(anatomy, *corner) for corner in _BLADE]
    rows = np.flatnonzero(
        (z[:, 0] > min(v for _, v in corners) * h) & (z[:, 0] < max(v for _, v in corners) * h)
    )
    if not len(rows):
        return
    z = z[rows[0] : rows[-1] + 1]
    part = hounsfield[rows[0] : rows[-1] + 1]
    lateral = (np.abs(x) / np.float32(anatomy.width)).astype(np.float32, copy=False)
    columns = np.flatnonzero((lateral[0] > 100.0) & (lateral[0] < 200.0))
    if not len(columns):
        return
    inside = _in_outline(lateral[:, columns], z / np.float32(h), corners)
    surface = _depth(anatomy, lateral[:, columns], z)
    plate = np.float32(_PLATE_HALF_MM) - np.abs(np.float32(y) - surface)
    here = part[:, columns]
    part[:, columns] = here + coverage(plate, width) * inside * (np.float32(_PLATE_HU) - here)


def _in_outline(lateral: FloatArray, height: FloatArray, corners: list[tuple[float, float]]) -> FloatArray:
    """Share of each point [H, W] inside the polygon (even-odd rule), its border blurred over a millimetre."""
    inside = np.zeros((height.shape[0], lateral.shape[1]), bool)
    nearest = np.full(inside.shape, np.inf, np.float32)
    for (x1, z1), (x2, z2) in zip(corners, corners[1:] + corners[:1], strict=True):
        if z1 != z2:
            crosses = (height > min(z1, z2)) & (height <= max(z1, z2))
            inside ^= crosses & (lateral < x1 + (height - z1) * np.float32((x2 - x1) / (z2 - z1)))
        run2 = (x2 - x1) ** 2 + (z2 - z1) ** 2
        t = np.clip(((lateral - x1) * (x2 - x1) + (height - z1) * (z2 - z1)) / np.float32(run2), 0.0, 1.0)
        away = np.hypot(lateral - x1 - t * (x2 - x1), height - z1 - t * (z2 - z1))
        np.minimum(nearest, away, out=nearest)
    return coverage(np.where(inside, nearest, -nearest).astype(np.float32), 1.0)


def shoulder_tubes(
    anatomy: Anatomy, random: np.random.Generator, arms: bool
) -> tuple[Tubes, list[tuple[Tubes, Tubes]]]:
    """Return thin rims, and bones as cortex and core.

    Parameters
    ----------
    anatomy : Anatomy
    random : numpy.random.Generator
        How each clavicle is lifted and bent.
    arms : bool
        With the upper arms.
    """
    rims: list[Tubes] = []
    bones: list[tuple[Tubes, Tubes]] = []
    w, h = anatomy.width, anatomy.height
    for side in SIDES:
        s = sign(side)
        lift, bend = random.normal(0.0, 2.0), random.normal(0.0, 0.8)

        def blade(lateral: float, y: float | None, height: float, s: int = s) -> Point:
            lateral, height = _swung(anatomy, lateral, height)
            if y is None:
                at = np.full((1, 1), lateral, np.float32), np.full((1, 1), height * h, np.float32)
                y = float(_depth(anatomy, *at)[0, 0])
            return s * lateral * w, y, height * h

        clavicle = [
            (s * x * w, y, (z + lift * min(1.0, x / 100.0) + bend * np.sin(x / 25.0)) * h)
            for x, y, z in _CLAVICLE
        ]
        bones += [
            long_bone(clavicle, [r * (0.7 + 0.3 * w) for r in _CLAVICLE_RADII], 2.4, 420.0),
            # lateral border, thick above; medial border; upper border
            long_bone([blade(x, None, z) for x, z in _BLADE[_LATERAL]], [2.2, 3.8, 3.2, 2.4], 1.3),
            long_bone([blade(x, None, z) for x, z in _BLADE[_MEDIAL]], [1.3, 1.1, 1.2], 0.6),
            # its spine, rising to the acromion over the joint
            long_bone(
                [
                    blade(118, 76, 90),
                    blade(134, 66, 100),
                    blade(150, 52, 112),
                    blade(164, 36, 121),
                    blade(176, 18, 119),
                ],
                [1.2, 3.2, 4.6, 6.0, 5.0],
                0.9,
            ),
        ]
        socket = np.array(blade(160, 26, 90))
        for back in (0.0, 2.5):
            centre = socket + np.array([-s * back, 0.0, 0.0])
            upright = np.array([s * 2.0, 0.0, 17.0 * h])
            rims.append(ring(centre, np.array([s * 3.0, 11.0, 0.0]), upright, 0.9, 600.0))
        # The coracoid process comes towards the viewer and is seen end on.
        for forward in (0.0, 6.0, 12.0, 18.0):
            centre = np.array(blade(149 - 0.15 * forward, 18.0 - forward, 104 + 0.1 * forward))
            upright = np.array([-s * 2.2, 0.0, 4.6 * h])
            rims.append(ring(centre, np.array([s * 6.4, 0.0, 2.2]), upright, 0.8, 600.0))
        if arms:
            bones.append(_humerus(anatomy, s))
    return join(rims), bones


def _humerus(anatomy: Anatomy, side: int) -> tuple[Tubes, Tubes]:
    """Upper arm as a solid of revolution: a ball, a neck, a shaft."""
    known = [-8.0, 0.0, 8.0, 16.0, 26.0, 38.0, 55.0, 90.0, 205.0]
    radii = PchipInterpolator(known, [19.5, 21.6, 20.8, 18.2, 15.6, 13.6, 12.2, 11.2, 11.0])
    along = np.concatenate([np.arange(-8.0, 60.0, 3.0), [75.0, 90.0, 140.0, 205.0]])
    path = [arm_axis(anatomy, side, at) for at in along.tolist()]
    return long_bone(path, radii(along).tolist(), 2.0)
