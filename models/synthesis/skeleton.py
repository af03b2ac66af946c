"""Bones: ribs, spine and shoulder blades on a plane; clavicles, arms and airways as tubes."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .anatomy import RIB_Z, SIDES, Anatomy, cage_profile, sign
from .cavity import mediastinal_x, spine_x, spine_y
from .fields import FloatArray, coverage, ellipsoid
from .materials import CANCELLOUS_BONE, CARTILAGE, CORTICAL_BONE, MUSCLE, SOFT_TISSUE, VERTEBRAL_BONE
from .soft_tissue import arm_axis
from .tubes import Tubes, join, polyline

#: How far a rib has descended (mm) at angles from the spine (0) over the side (0.5) to the sternum (1).
_DROP_ANGLE: Final = np.array([0.0, 0.06, 0.15, 0.30, 0.50, 0.66, 0.80, 0.92, 1.0]) * np.pi
_DROP: Final = np.array([0.0, -1.0, 1.0, 14.0, 46.0, 74.0, 95.0, 101.0, 98.0])
#: Upper ribs are shorter and lie flatter.
_DROP_SCALE: Final = np.array([0.38, 0.58, 0.76, 0.88, 0.96, 1.0, 1.02, 1.02, 1.0, 0.95, 0.8, 0.65])
#: Where each rib's bone ends and its cartilage begins, in pi.
_BONE_END: Final = np.array([0.80, 0.78, 0.77, 0.76, 0.75, 0.74, 0.72, 0.69, 0.66, 0.62, 0.46, 0.34]) * np.pi
_HALF_HEIGHT: Final = np.array([7.2, 6.0, 5.8, 5.9, 6.0, 6.2, 6.3, 6.3, 6.2, 6.0, 5.4, 4.6])
#: Ribs begin at their joints with the transverse processes (mm from the midline).
_RIB_HEAD: Final = 21.0

#: Ribs lie this far outside the inner surface of the cage (mm), and are this thick.
_RIB_DEPTH: Final = 4.0
_RIB_HALF_THICKNESS: Final = 3.3
_CORTEX: Final = 2.0


def add_ribs(
    hounsfield: FloatArray,
    anatomy: Anatomy,
    cage: FloatArray,
    x: FloatArray,
    y: float,
    z: FloatArray,
    width: float,
) -> None:
    """Draw the ribs and their cartilages into `hounsfield` [H, W] in place.

    `cage` is the signed distance to the inside of the cage; `width` the edge of a voxel in mm.
    """
    shell = np.abs(cage + np.float32(_RIB_DEPTH)) < _RIB_HALF_THICKNESS + width
    # Above the inlet the distance is no longer one: nothing lies outside the cage's own width there.
    profile = cage_profile(anatomy, z)
    shell &= (np.abs(x) < profile.half_width + np.float32(16.0)) & (z < np.float32(128.0 * anatomy.height))
    rows, columns = np.nonzero(shell)
    if not len(rows):
        return
    depth = cage[rows, columns] + np.float32(_RIB_DEPTH)
    profile = cage_profile(anatomy, z[:, 0])
    across = np.abs(x[0, columns]) / profile.half_width[rows]
    angle = np.arctan2(across, (np.float32(y) - profile.centre_y[rows]) / profile.half_depth[rows])
    height = z[rows, 0] / np.float32(anatomy.height)
    drop = np.interp(angle, _DROP_ANGLE, _DROP).astype(np.float32) * np.float32(anatomy.rib_drop)
    # Left and right ribs are never at quite the same height.
    lean = np.where(x[0, columns] > 0, 1.5, -1.5).astype(np.float32)
    at_spine = RIB_Z[::-1] + anatomy.rib_phase_mm
    numbers = np.arange(len(RIB_Z))[::-1]
    guess = np.interp(height + drop, at_spine, numbers)
    for _ in range(3):
        scale = np.interp(guess, np.arange(len(RIB_Z)), _DROP_SCALE)
        guess = np.interp(height + lean + drop * scale, at_spine, numbers)
    number = np.rint(guess).astype(np.intp)
    offset = height + lean + drop * _DROP_SCALE[number] - (RIB_Z[number] + anatomy.rib_phase_mm)
    slope = (
        np.interp(angle, _DROP_ANGLE[:-1] + 0.1, np.diff(_DROP) / np.diff(_DROP_ANGLE)) * _DROP_SCALE[number]
    )
    # The band is cut along z; its true height is what is left after its slope.
    steep = np.sqrt(1.0 + (slope / 115.0) ** 2)
    half_height = _HALF_HEIGHT[number] * (1.0 - 0.12 * np.cos(2.0 * angle))
    outer = _ellipse(offset / steep, depth, half_height, _RIB_HALF_THICKNESS)
    # The shaft is strongest behind and thins out towards its cartilage.
    cortex = _CORTEX * np.interp(angle, [0.3 * np.pi, 0.65 * np.pi], [1.0, 0.5]).astype(np.float32)
    inner = _ellipse(offset / steep, depth, half_height - cortex * 0.9, _RIB_HALF_THICKNESS - cortex)
    outer = np.minimum(outer, np.abs(x[0, columns]) - np.float32(_RIB_HEAD))
    bone = coverage((_BONE_END[number] - angle) * 90.0, width)
    inside, core = coverage(outer, width), coverage(inner, width)
    value = CORTICAL_BONE + (CANCELLOUS_BONE - CORTICAL_BONE) * core
    cartilage = CARTILAGE + 1.2 * max(0, anatomy.age - 40)
    value = bone * value + (1.0 - bone) * np.where(number < 10, cartilage, MUSCLE)
    here = hounsfield[rows, columns]
    hounsfield[rows, columns] = here + inside * (value - here)


def _ellipse(
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    radius1: NDArray[np.floating],
    radius2: NDArray[np.floating] | float,
) -> FloatArray:
    norm = np.sqrt((first / radius1) ** 2 + (second / radius2) ** 2) + 1e-6
    gradient = np.sqrt((first / radius1**2) ** 2 + (second / radius2**2) ** 2) + 1e-6
    result: FloatArray = ((1.0 - norm) * norm / gradient).astype(np.float32)
    return result


def add_spine(
    hounsfield: FloatArray, anatomy: Anatomy, x: FloatArray, y: float, z: FloatArray, width: float
) -> None:
    """Draw vertebral bodies, discs, pedicles, transverse and spinous processes in place."""
    level_z = z / np.float32(anatomy.height) - np.float32(anatomy.rib_phase_mm)
    spacing = np.interp(level_z, [-200.0, 130.0], [27.0, 18.5]).astype(np.float32)
    ladder = np.concatenate(
        [RIB_Z[0] + np.arange(6, 0, -1) * 15.0, RIB_Z, RIB_Z[-1] - np.arange(1, 6) * 26.0]
    )
    numbers = np.interp(level_z[:, 0], ladder[::-1], np.arange(len(ladder))[::-1])
    offset = ((numbers - np.rint(numbers))[:, None] * spacing).astype(np.float32)  # + is below the centre
    middle = spine_x(anatomy, z)
    centre = spine_y(anatomy, z)
    sideways, behind = x - middle, np.float32(y) - centre
    half_width = np.interp(z, [-200.0, 140.0], [20.5, 13.5]).astype(np.float32) * np.float32(anatomy.width)
    half_depth = half_width * np.float32(0.78)
    waist = np.float32(1.0) + np.float32(0.10) * (2.0 * offset / spacing) ** 2  # end plates stand out
    radius = np.sqrt((sideways / (half_width * waist)) ** 2 + (behind / (half_depth * waist)) ** 2)
    body = (np.float32(1.0) - radius) * half_depth
    plates = spacing * np.float32(0.41) - np.abs(offset)
    shape = np.minimum(body, plates)
    _shell(hounsfield, shape, width, cortex=0.35)
    # Pedicles: rings seen end on; lamina and spinous process behind, transverse processes aside.
    arch_y = half_depth + np.float32(14.0)
    pedicle = np.float32(4.6) - np.sqrt(
        (np.abs(sideways) - half_width * 0.72) ** 2 + ((-offset - 3.0) * 0.75) ** 2
    )
    pedicle = np.minimum(pedicle, np.float32(9.0) - np.abs(behind - arch_y + 6.0))
    _shell(hounsfield, pedicle, width, cortex=0.07)
    spinous = np.float32(3.2) - np.sqrt(sideways**2 + (np.maximum(np.abs(offset - 6.0) - 6.0, 0.0)) ** 2)
    spinous = np.minimum(spinous, np.float32(8.0) - np.abs(behind - arch_y - 10.0))
    _shell(hounsfield, spinous, width, cortex=0.14)
    reach = half_width + np.float32(7.0)
    transverse = np.float32(3.6) - np.sqrt(
        (-offset - 2.0) ** 2 + np.maximum(np.abs(sideways) - reach, 0.0) ** 2
    )
    transverse = np.minimum(transverse, np.float32(3.5) - np.abs(behind - arch_y - 2.0))
    _shell(hounsfield, transverse, width, cortex=0.18)


def _shell(hounsfield: FloatArray, shape: FloatArray, width: float, cortex: float) -> None:
    if float(shape.max()) < -width:
        return
    inside, core = coverage(shape, width), coverage(shape - np.float32(cortex), width)
    value = np.float32(CORTICAL_BONE) + np.float32(VERTEBRAL_BONE - CORTICAL_BONE) * core
    hounsfield += inside * (value - hounsfield)


def _swung(anatomy: Anatomy, lateral: float, height: float) -> tuple[float, float]:
    """Where a point of the shoulder blade lies: arms held away turn its lower angle outwards."""
    angle = np.deg2rad(0.45 * anatomy.arm_degrees - 6.0)
    dx, dz = lateral - 150.0, height - 90.0
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    return 150.0 + dx * cosine - dz * sine, 90.0 + dx * sine + dz * cosine


_BLADE: Final = ((101.0, 108.0), (126.0, 104.0), (150.0, 92.0), (143.0, 30.0), (134.0, -28.0), (126.0, -32.0))


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
    profile = cage_profile(anatomy, z)
    lateral = np.abs(x) / np.float32(anatomy.width)
    height = z / np.float32(h)
    inside = np.minimum(np.abs(x) / (profile.half_width + 16.0), np.float32(0.97))
    surface = profile.centre_y + (profile.half_depth + 14.0) * np.sqrt(1.0 - inside**2)
    surface = np.maximum(surface, np.float32(34.0))
    outline = np.full(part.shape, np.inf, np.float32)
    for (x1, z1), (x2, z2) in zip(corners, corners[1:] + corners[:1], strict=True):
        norm = float(np.hypot(x2 - x1, z2 - z1))
        edge = ((lateral - x1) * (z1 - z2) - (height - z1) * (x1 - x2)) * np.float32(-1.0 / norm)
        outline = np.minimum(outline, -edge)
    rim = np.clip(1.0 - outline / 6.0, 0.0, 1.0)
    plate = np.minimum(outline, np.float32(0.9) + np.float32(1.1) * rim - np.abs(np.float32(y) - surface))
    part += coverage(plate, width) * (np.float32(560.0) - part)


def add_humeral_heads(
    hounsfield: FloatArray, anatomy: Anatomy, x: FloatArray, y: float, z: FloatArray, width: float
) -> None:
    """Draw the heads of the humeri in place."""
    if abs(y - 15.0) > 26.0:
        return
    for side in (-1, 1):
        centre = (side * 174.0 * anatomy.width, 15.0, 91.0 * anatomy.height)
        _shell(hounsfield, ellipsoid(x, y, z, centre, (22.0, 22.0, 23.0)), width, cortex=0.5)


def add_sternum(
    hounsfield: FloatArray, anatomy: Anatomy, x: FloatArray, y: float, z: FloatArray, width: float
) -> None:
    """Draw manubrium and body of the sternum in place."""
    for level, half_width, half_height in ((84.0, 27.0, 24.0), (14.0, 17.0, 52.0)):
        profile = cage_profile(anatomy, np.full((1, 1), level * anatomy.height, np.float32))
        front = float(profile.centre_y[0, 0] - profile.half_depth[0, 0]) - 6.0
        if abs(y - front) < 8.0 + width:
            centre = (0.0, front, level * anatomy.height)
            shape = ellipsoid(x, y, z, centre, (half_width, 7.0, half_height * anatomy.height))
            _shell(hounsfield, shape, width, cortex=0.5)


def _bone(points: list[tuple[float, float, float]], radii: list[float], cortex: float) -> tuple[Tubes, Tubes]:
    path, radius = np.array(points, float), np.array(radii, float)
    outer = polyline(path, radius, CORTICAL_BONE - MUSCLE, 3.0)
    inner = polyline(path, np.maximum(radius - cortex, 0.3), CANCELLOUS_BONE - CORTICAL_BONE, 3.0)
    return outer, inner


def bone_tubes(anatomy: Anatomy, random: np.random.Generator, arms: bool) -> tuple[Tubes, Tubes]:
    """Clavicles, borders of the scapulae and upper arms: solid cortex, and what the marrow takes from it."""
    w, h = anatomy.width, anatomy.height
    parts: list[tuple[Tubes, Tubes]] = []
    for side in SIDES:
        s, lift = sign(side), random.normal(0.0, 2.0)

        def at(x: float, y: float, z: float, s: int = s, lift: float = lift) -> tuple[float, float, float]:
            return (s * x * w, y, (z + lift) * h)

        def blade(x: float, y: float, z: float, s: int = s) -> tuple[float, float, float]:
            lateral, height = _swung(anatomy, x, z)
            return (s * lateral * w, y, height * h)

        parts += [
            _bone(
                [at(15, -48, 96), at(38, -54, 103), at(75, -44, 113), at(112, -16, 124), at(146, 8, 126)],
                [9.5, 6.8, 5.8, 5.6, 4.0],
                1.7,
            ),
            # lateral border, spine with acromion, glenoid, coracoid
            _bone([blade(150, 38, 78), blade(143, 52, 30), blade(131, 62, -31)], [2.6, 3.2, 1.2], 0.8),
            _bone(
                [blade(104, 74, 95), blade(128, 64, 105), blade(150, 44, 116), blade(160, 28, 121)],
                [1.8, 3.2, 4.8, 3.0],
                0.7,
            ),
            _bone([blade(152, 28, 106), blade(154, 27, 92), blade(151, 28, 78)], [2.5, 6.5, 2.5], 0.8),
            _bone([at(150, 16, 104), at(146, -2, 107), at(140, -12, 100)], [2.5, 5.0, 2.5], 0.7),
        ]
        if arms:
            shaft = [arm_axis(anatomy, s, along) for along in (2.0, 60.0, 200.0)]
            parts.append(_bone(shaft, [12.5, 11.0, 11.0], 2.2))
    return join([outer for outer, _ in parts]), join([inner for _, inner in parts])


def airway_tubes(anatomy: Anatomy) -> Tubes:
    """Trachea and main bronchi: air in the place of soft tissue, shifted with the mediastinum."""
    w, h = anatomy.width, anatomy.height
    gas = -1000.0 - SOFT_TISSUE
    right = [(0, -12, 200), (0, -6, 150), (-2, 2, 105), (-5, 10, 70), (-7, 14, 50)]
    right += [(-18, 14, 34), (-30, 12, 22), (-36, 14, 8)]
    left = [(-4, 14, 51), (6, 14, 46), (17, 14, 39), (32, 14, 31), (42, 16, 18)]
    right_path, left_path = (
        np.array([mediastinal_x(anatomy, (x * w, y, z * h)) for x, y, z in path]) for path in (right, left)
    )
    return join(
        [
            polyline(right_path, np.array([8.0, 8.6, 8.8, 8.8, 8.4, 6.6, 5.0, 2.5]), gas, 2.0),
            polyline(left_path, np.array([1.0, 5.6, 5.8, 5.0, 2.0]), gas, 2.0),
        ]
    )
