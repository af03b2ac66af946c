"""The bony cage: ribs and sternum on a plane, what stands out of every bone as tubes; the airways."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .anatomy import RIB_Z, Anatomy, cage_profile
from .bones import add_shell, both
from .cavity import mediastinal_x
from .fields import FloatArray, coverage, ellipsoid
from .materials import CANCELLOUS_BONE, CARTILAGE, CORTICAL_BONE, MUSCLE, SOFT_TISSUE, VERTEBRAL_BONE
from .shoulders import shoulder_tubes
from .spine import spine_tubes
from .tubes import Tubes, join, polyline

#: How far a rib has descended (mm) at angles from the spine (0) over the side (0.5) to the sternum (1).
_DROP_ANGLE: Final = np.array([0.0, 0.06, 0.15, 0.30, 0.50, 0.66, 0.80, 0.92, 1.0]) * np.pi
_DROP: Final = np.array([0.0, -1.0, 0.0, 14.0, 56.0, 97.0, 119.0, 125.0, 121.0])
#: Upper ribs are shorter and lie flatter.
_DROP_SCALE: Final = np.array([0.38, 0.58, 0.76, 0.88, 0.96, 1.0, 1.02, 1.02, 1.0, 0.95, 0.8, 0.65])
#: Lower ribs fall off from the spine on (mm to the sternum, by angle).
_FALL: Final = np.array([0.0, 0.0, 0.0, 1.0, 3.0, 6.0, 10.0, 15.0, 21.0, 28.0, 60.0, 68.0])
#: Where each rib's bone ends and its cartilage begins, in pi.
_BONE_END: Final = np.array([0.80, 0.78, 0.77, 0.76, 0.75, 0.74, 0.72, 0.69, 0.66, 0.62, 0.46, 0.34]) * np.pi
_HALF_HEIGHT: Final = np.array([7.2, 6.0, 5.8, 5.9, 6.0, 6.2, 6.3, 6.3, 6.2, 6.0, 5.4, 4.6])
#: Ribs begin at their joints with the transverse processes (mm from the midline).
_RIB_HEAD: Final = 21.0

#: Ribs lie this far outside the inner surface of the cage (mm), and are this thick.
_RIB_DEPTH: Final = 4.0
_RIB_HALF_THICKNESS: Final = 3.3
_CORTEX: Final = 2.0
#: Ribs lie on the cage up to this height.
_TOP: Final = 128.0
#: The costal arch: its top, and how it opens below.
_ARCH_Z: Final = -40.0
_ARCH_SLOPE: Final = 1.1
#: The margins of a rib, where rays graze its cortex: half thickness (mm), and what they add in HU.
_MARGIN_MM: Final = 0.75
_MARGIN_HU: Final = 750.0


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
    shell &= (np.abs(x) < profile.half_width + np.float32(16.0)) & (z < np.float32(_TOP * anatomy.height))
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
        scale, fall = (np.interp(guess, np.arange(len(RIB_Z)), each) for each in (_DROP_SCALE, _FALL))
        guess = np.interp(height + lean + drop * scale + fall * angle / np.pi, at_spine, numbers)
    number = np.rint(guess).astype(np.intp)
    fallen = drop * _DROP_SCALE[number] + _FALL[number] * angle / np.pi
    offset = height + lean + fallen - (RIB_Z[number] + anatomy.rib_phase_mm)
    slope = (
        np.interp(angle, _DROP_ANGLE[:-1] + 0.1, np.diff(_DROP) / np.diff(_DROP_ANGLE)) * _DROP_SCALE[number]
    )
    # The band is cut along z; its true height is what is left after its slope.
    steep = np.sqrt(1.0 + (slope / 115.0) ** 2)
    half_height = _HALF_HEIGHT[number] * (1.0 - 0.12 * np.cos(2.0 * angle))
    outer = _ellipse(offset / steep, depth, half_height, _RIB_HALF_THICKNESS)
    # The shaft is strongest behind and thins out towards the side and its cartilage.
    cortex = _CORTEX * np.interp(angle, [0.25 * np.pi, 0.42 * np.pi], [1.0, 0.5]).astype(np.float32)
    inner = _ellipse(offset / steep, depth, half_height - cortex * 0.9, _RIB_HALF_THICKNESS - cortex)
    # Below the breastbone the cartilages part: nothing crosses the middle under the costal arch.
    arch = np.maximum(_ARCH_Z - height, 0.0) * _ARCH_SLOPE
    outer = np.minimum(outer, np.where(angle > 0.5 * np.pi, np.abs(x[0, columns]) - arch, outer))
    bone = coverage((_BONE_END[number] - angle) * 90.0, width)
    inside, core = coverage(outer, width), coverage(inner, width)
    # The first rib leaves the shell of the cage upwards: it fades rather than end in an edge.
    # Its neck is slender: the shaft fades in from the joint.
    inside *= np.clip((np.abs(x[0, columns]) - np.float32(_RIB_HEAD - 6.0)) * np.float32(1 / 14.0), 0.0, 1.0)
    inside *= np.clip((_TOP * np.float32(anatomy.height) - z[rows, 0]) * np.float32(1 / 8.0), 0.0, 1.0)
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
            add_shell(hounsfield, shape, width, 0.5, VERTEBRAL_BONE)


def rib_course(
    anatomy: Anatomy, number: int, side: int, share: NDArray[np.float64], edge: float = 0.0
) -> NDArray[np.float64]:
    """Return points [N, 3] on the outside of the cage along a rib.

    Parameters
    ----------
    anatomy : Anatomy
    number : int
        0 for the first rib.
    side : int
        1 on the patient's left, -1 on the right.
    share : ndarray of float64, shape [N]
        0 at the spine, 1 where bone becomes cartilage.
    edge : float
        -1 for the lower margin, 0 for the middle, 1 for the upper margin.
    """
    turn = share * _BONE_END[number]
    fallen = np.interp(turn, _DROP_ANGLE, _DROP) * anatomy.rib_drop * _DROP_SCALE[number]
    fallen = fallen + _FALL[number] * turn / np.pi
    slope = np.gradient(fallen, turn)
    half = (_HALF_HEIGHT[number] * (1.0 - 0.12 * np.cos(2.0 * turn)) - 1.0) * np.hypot(1.0, slope / 115.0)
    z = (RIB_Z[number] + anatomy.rib_phase_mm - 1.5 * side - fallen + edge * half) * anatomy.height
    profile = cage_profile(anatomy, z[:, None].astype(np.float32))
    width, depth, middle = (
        part[:, 0].astype(float) for part in (profile.half_width, profile.half_depth, profile.centre_y)
    )
    x = side * (width + _RIB_DEPTH) * np.sin(turn)
    return np.stack([x, middle + (depth + _RIB_DEPTH) * np.cos(turn), z], axis=1)


def rib_margins(anatomy: Anatomy) -> Tubes:
    """Return the upper and lower margin of every rib as thin tubes, to be added to the ribs of the planes."""
    found: list[Tubes] = []
    for number in range(len(RIB_Z)):
        for side in (-1, 1):
            for edge in (-0.94, 0.94):
                path = rib_course(anatomy, number, side, np.linspace(0.10, 1.0, 44), edge)
                clear = np.abs(path[:, 0]) > _RIB_HEAD + 6.0
                path = path[clear & (path[:, 2] < (_TOP - 5.0) * anatomy.height)]
                if len(path) > 4:
                    found.append(polyline(path, np.full(len(path), _MARGIN_MM), _MARGIN_HU, 2.5))
    return join(found)


def bone_tubes(anatomy: Anatomy, random: np.random.Generator, arms: bool) -> tuple[Tubes, Tubes]:
    """Cortex and rims of all bones, and what the cores of the long ones take from their cortex."""
    spinal, processes = spine_tubes(anatomy)
    girdle, bones = shoulder_tubes(anatomy, random, arms)
    outer, inner = both([*processes, *bones])
    return join([outer, spinal, girdle, rib_margins(anatomy)]), inner


def airway_tubes(anatomy: Anatomy) -> Tubes:
    """Trachea and main bronchi: air in the place of soft tissue, shifted with the mediastinum."""
    w, h = anatomy.width, anatomy.height
    gas = -1000.0 - SOFT_TISSUE
    right = [(0, -14, 250), (0, -12, 200), (0, -6, 150), (-2, 2, 105), (-5, 10, 70), (-7, 14, 50)]
    right += [(-18, 14, 34), (-30, 12, 22), (-36, 14, 8)]
    left = [(-4, 14, 51), (6, 14, 46), (17, 14, 39), (32, 14, 31), (42, 16, 18)]
    right_path, left_path = (
        np.array([mediastinal_x(anatomy, (x * w, y, z * h)) for x, y, z in path]) for path in (right, left)
    )
    return join(
        [
            polyline(right_path, np.array([8.0, 8.0, 8.6, 8.8, 8.8, 8.4, 6.6, 5.0, 2.5]), gas, 2.0),
            polyline(left_path, np.array([1.0, 5.6, 5.8, 5.0, 2.0]), gas, 2.0),
        ]
    )
