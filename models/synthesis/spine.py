"""The spine: bodies and discs on a plane; end plates, pedicles and processes as thin tubes.

On a frontal film a vertebra shows itself by lines, not by its mass: end plates as flat ellipses, the
pedicles end on as rings, the spinous process as a drop.  Tubes draw them at the film's own resolution.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .anatomy import RIB_Z, Anatomy
from .bones import add_shell, long_bone, ring
from .cavity import spine_x, spine_y
from .fields import FloatArray
from .materials import CORTICAL_BONE
from .tubes import Tubes, join

#: Height of each vertebra's centre: the neck, the twelve of the ribs, the loins.
_LEVELS: Final = np.concatenate(
    [RIB_Z[0] + np.arange(6, 0, -1) * 15.0, RIB_Z, RIB_Z[-1] - np.arange(1, 6) * 26.0]
)
_SPACING: Final = ((-200.0, 130.0), (27.0, 18.5))
_HALF_WIDTH: Final = ((-200.0, -100.0, 0.0, 60.0, 140.0), (20.0, 17.4, 15.0, 13.8, 13.2))
#: Half of the distance of a body's end plates, in spacings; the rest is disc.
_BODY_SHARE: Final = 0.39
_CORTEX_MM: Final = 0.3
_DISH_MM: Final = 1.5
#: No two neighbours are tilted alike.
_WOBBLE: Final = 0.08
#: How the kyphosis tilts the end plates at these levels: mm backwards for each mm upwards.
_TILT: Final = ((-240.0, -130.0, 0.0, 110.0, 145.0, 220.0), (0.06, 0.16, 0.10, -0.22, -0.20, -0.08))
#: Above the pleural cupola the spine no longer follows the back of the cage (mm).
_TOP_OF_CAGE: Final = 128.0


def bone_density(anatomy: Anatomy) -> float:
    """Return the Hounsfield units of cancellous bone in the vertebrae: it is lost with age."""
    return 235.0 - 1.5 * anatomy.age


def _axis_y(anatomy: Anatomy, z: FloatArray) -> FloatArray:
    """Front-to-back position of the bodies; the neck leans forward."""
    top = np.float32(_TOP_OF_CAGE * anatomy.height)
    result: FloatArray = spine_y(anatomy, np.minimum(z, top)) - np.float32(0.25) * np.maximum(z - top, 0.0)
    return result


def add_spine(
    hounsfield: FloatArray, anatomy: Anatomy, x: FloatArray, y: float, z: FloatArray, width: float
) -> None:
    """Draw vertebral bodies and the discs between them in place."""
    level = z / np.float32(anatomy.height) - np.float32(anatomy.rib_phase_mm)
    spacing = np.interp(level, *_SPACING).astype(np.float32)
    centre = _axis_y(anatomy, z)
    sideways, behind = x - spine_x(anatomy, z), np.float32(y) - centre
    # Bodies stand across the spine's axis, not level: the kyphosis tilts their end plates.
    lean = np.interp(level, *_TILT).astype(np.float32)
    along = level[:, 0] + (behind * lean)[:, 0] / np.float32(anatomy.height)
    numbers = np.interp(along, _LEVELS[::-1], np.arange(len(_LEVELS))[::-1])
    offset = (np.abs(numbers - np.rint(numbers))[:, None] * spacing).astype(np.float32)
    half_width = _half_width(anatomy, level)
    waist = np.float32(0.86) + np.float32(0.56) * (offset / spacing) ** 2
    radius = np.sqrt(
        (sideways / (half_width * waist)) ** 2 + (behind / (half_width * waist * np.float32(0.8))) ** 2
    )
    body = (np.float32(1.0) - radius) * half_width * np.float32(0.8)
    # End plates are dished, so that no ray grazes one from edge to edge.
    dish = np.float32(_DISH_MM) * np.maximum(np.float32(1.0) - radius * radius, 0.0)
    shape = np.minimum(body, spacing * np.float32(_BODY_SHARE) - offset - dish)
    add_shell(hounsfield, shape, width, _CORTEX_MM, bone_density(anatomy))


def _half_width(anatomy: Anatomy, level: FloatArray) -> FloatArray:
    result: FloatArray = np.interp(level, *_HALF_WIDTH).astype(np.float32) * np.float32(anatomy.width)
    return result


def spine_tubes(anatomy: Anatomy) -> tuple[Tubes, list[tuple[Tubes, Tubes]]]:
    """Return the rims that stand out of the bodies and arches, and the processes as bones.

    Returns
    -------
    rims : Tubes
        End plates, pedicles, spinous processes.
    processes : list of (Tubes, Tubes)
        Transverse processes, cortex and core.
    """
    rims: list[Tubes] = []
    processes: list[tuple[Tubes, Tubes]] = []
    density = bone_density(anatomy)
    contrast = 0.75 * (CORTICAL_BONE - density)
    for number, level in enumerate(_LEVELS.tolist()):
        z = (level + anatomy.rib_phase_mm) * anatomy.height
        place, axis, forward, aside = _frame(anatomy, z, _WOBBLE * float(np.sin(2.4 * number)))
        spacing = float(np.interp(level, *_SPACING)) * anatomy.height
        half_width = float(_half_width(anatomy, np.full((1, 1), level, np.float32))[0, 0])
        for end in (-1.0, 1.0):
            plate = place + axis * (end * _BODY_SHARE * spacing)
            rims.append(
                ring(
                    plate,
                    aside * half_width,
                    forward * (0.8 * half_width),
                    0.7,
                    0.7 * contrast,
                    axis * (0.7 * end),
                )
            )
        arch = place - forward * (0.8 * half_width)
        tall = 0.22 * spacing
        for side in (-1.0, 1.0):
            root = arch + aside * (side * 0.74 * half_width) + axis * (0.14 * spacing)
            rims += [
                ring(root - forward * back, aside * (0.21 * half_width), axis * tall, 0.6, contrast)
                for back in (1.0, 4.0, 7.0)
            ]
            if 6 <= number < 18:
                tip = root - forward * 17.0 + aside * (side * 15.0) + axis * 3.0
                ends = [tuple(root - forward * 8.0), tuple(tip)]
                processes.append(long_bone(ends, [3.4, 3.8], 0.5, density))
        for back in (22.0, 27.0, 32.0):
            drop = arch - forward * back - axis * (0.28 * spacing + 0.25 * (back - 22.0))
            rims.append(ring(drop, aside * 2.6, axis * (0.26 * spacing), 0.7, contrast))
    return join(rims), processes


def _frame(
    anatomy: Anatomy, z: float, wobble: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Centre of the spine at `z`, and unit vectors along it to the head, to the front and to the left."""
    heights = np.array([[z - 4.0], [z], [z + 4.0]], np.float32)
    x, y = spine_x(anatomy, heights)[:, 0].astype(float), _axis_y(anatomy, heights)[:, 0].astype(float)
    lean = float(np.interp(z / anatomy.height - anatomy.rib_phase_mm, *_TILT)) + wobble
    axis = np.array([x[2] - x[0], 8.0 * lean, 8.0])
    axis /= np.linalg.norm(axis)
    forward = np.cross(axis, [1.0, 0.0, 0.0])
    forward /= np.linalg.norm(forward)
    if forward[1] > 0:
        forward = -forward
    aside = np.cross(forward, axis)
    return np.array([x[1], y[1], z]), axis, forward, aside * np.sign(aside[0])
