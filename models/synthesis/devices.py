"""What a patient on a ward may carry: a chest drain, ECG leads, a central venous catheter."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from .anatomy import Anatomy, Side, body_profile, cage_profile, sign
from .bones import ring
from .tubes import Tubes, polyline

Device = Literal["chest drain", "ECG leads", "central venous catheter"]
DEVICES: Final[tuple[Device, ...]] = ("chest drain", "ECG leads", "central venous catheter")

#: Hounsfield units that the parts add to what they lie in.
_PVC: Final = 700.0
_BARIUM: Final = 2600.0
_METAL: Final = 3000.0
#: Steel of a press stud, and the gel in the rim of its pad.
_STUD, _PAD = 12000.0, 500.0


def device_tubes(
    anatomy: Anatomy, device: Device, side: Side, random: np.random.Generator
) -> tuple[Tubes, ...]:
    """Return the parts of a device, each to be added in turn.

    Parameters
    ----------
    anatomy : Anatomy
    device : str
        One of :data:`DEVICES`.
    side : {"right", "left"}
        Where a drain lies.
    random : numpy.random.Generator
    """
    if device == "chest drain":
        return _drain(anatomy, side, random)
    if device == "ECG leads":
        return _leads(anatomy, random)
    return (_catheter(anatomy),)


def _drain(anatomy: Anatomy, side: Side, random: np.random.Generator) -> tuple[Tubes, ...]:
    s, h = sign(side), anatomy.height
    entry = random.uniform(-50.0, -15.0)
    heights = np.array([entry, 25.0, 65.0, 98.0, 112.0]) * h
    wall = cage_profile(anatomy, heights[:, None].astype(np.float32)).half_width[:, 0]
    share = np.array([0.98, 0.95, 0.90, 0.78, 0.62])
    inside = [
        (s * float(width * part), 8.0 + 6.0 * k, float(z))
        for k, (width, part, z) in enumerate(zip(wall, share, heights, strict=True))
    ]
    outside = [
        (s * (float(wall[0]) + 70.0), -30.0, float(heights[0]) - 62.0),
        (s * (float(wall[0]) + 26.0), -8.0, float(heights[0]) - 26.0),
    ]
    path = np.array(outside + inside)
    # The stripe is interrupted at the last side hole.
    hole = len(path) - 2
    stripe = path + np.array([[0.0, 3.0, 0.0]])
    tip = np.linspace(stripe[hole] * 0.75 + stripe[hole + 1] * 0.25, stripe[-1], 3)
    return (
        polyline(path, np.full(len(path), 4.2), _PVC, 2.5),
        polyline(path, np.full(len(path), 2.9), -_PVC, 2.5),
        polyline(stripe[: hole + 1], np.full(hole + 1, 0.7), _BARIUM, 2.5),
        polyline(tip, np.full(3, 0.7), _BARIUM, 2.5),
    )


def _leads(anatomy: Anatomy, random: np.random.Generator) -> tuple[Tubes, ...]:
    places = [(-105.0, 62.0), (104.0, 66.0), (112.0, -92.0)]
    parts: list[Tubes] = []
    end = np.array([random.uniform(-20.0, 40.0), -150.0, -230.0])
    for usual_x, usual_z in places:
        x, z = usual_x + random.normal(0.0, 6.0), usual_z + random.normal(0.0, 8.0)
        profile = body_profile(anatomy, np.full((1, 1), z, np.float32))
        inside = np.sqrt(max(0.05, 1.0 - (x / float(profile.half_width[0, 0])) ** 2))
        y = float(profile.centre_y[0, 0]) - float(profile.half_depth[0, 0]) * inside - 4.0
        snap = np.array([x, y - 3.0, z])
        parts += _electrode(snap)
        middle = np.array([x + random.normal(0.0, 25.0), y - 8.0, z - 55.0])
        wire = np.array([snap, middle, 0.5 * (middle + end) + random.normal(0.0, 12.0, 3), end])
        parts.append(polyline(wire, np.full(4, 0.75), _METAL, 3.0))
    return tuple(parts)


def _electrode(centre: NDArray[np.float64]) -> list[Tubes]:
    """Press stud and the rim of its pad, flat on the skin: seen from the front they are round."""
    across, up = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    stud = [ring(centre, radius * across, radius * up, 1.0, _STUD) for radius in (0.8, 2.2, 3.6, 4.8)]
    return [*stud, ring(centre, 13.0 * across, 13.0 * up, 1.0, _PAD)]


def _catheter(anatomy: Anatomy) -> Tubes:
    w, h = anatomy.width, anatomy.height
    shift = anatomy.shift_mm
    path = np.array(
        [
            (-62.0 * w, -40.0, 190.0 * h),
            (-44.0 * w, -22.0, 150.0 * h),
            (-26.0 * w, -6.0, 108.0 * h),
            (-17.5 * w + 0.5 * shift, -2.0, 70.0 * h),
            (-18.0 * w + 0.8 * shift, -7.0, 24.0 * h),
        ]
    )
    return polyline(path, np.full(len(path), 1.1), 1300.0, 2.5)
