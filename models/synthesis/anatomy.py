"""The parameters of one synthetic person, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

Side = Literal["right", "left"]
SIDES: Final[tuple[Side, Side]] = ("right", "left")


def sign(side: Side) -> int:
    """Return the sign of x on that side: +1 on the patient's left."""
    return 1 if side == "left" else -1


@dataclass(frozen=True)
class Anatomy:
    """Build, age, sex, inspiration and the small asymmetries of one person.

    Attributes
    ----------
    sex : {"M", "F"}
    age : int
        Years.
    width, depth, height : float
        Scale of the rib cage across, front to back and along the body; 1 is an average man.
    fat_mm : float
        Thickness of the subcutaneous fat over the chest.
    heart : float
        Scale of the heart.
    inspiration_mm : float
        How far the domes of the diaphragm stand below their average place.
    spine_curve_mm : float
        Greatest sideways deviation of the spine.
    rib_phase_mm : float
        Offset of the rib series along the body.
    rib_drop : float
        Scale of how steeply the ribs descend from back to front.
    gas : float
        Scale of the gastric gas bubble; 0 is none.
    rotation_degrees : float
        How far the patient is turned about the body's axis; positive brings the left side forward.
    """

    sex: Literal["M", "F"]
    age: int
    width: float
    depth: float
    height: float
    fat_mm: float
    heart: float
    inspiration_mm: float
    spine_curve_mm: float
    rib_phase_mm: float
    rib_drop: float
    gas: float
    rotation_degrees: float


def draw_anatomy(seed: int) -> Anatomy:
    """Return the person that belongs to `seed`; the same seed is always the same person."""
    random = np.random.default_rng([seed, 1])
    female = random.random() < 0.5
    size = 0.93 if female else 1.0
    return Anatomy(
        sex="F" if female else "M",
        age=int(random.integers(19, 76)),
        width=size * random.uniform(1.02, 1.12),
        depth=size * random.uniform(0.92, 1.08),
        height=size * random.uniform(0.90, 0.99),
        fat_mm=random.uniform(7.0, 16.0) + (4.0 if female else 0.0),
        heart=size * random.uniform(0.92, 1.08),
        inspiration_mm=random.uniform(-10.0, 8.0),
        spine_curve_mm=random.uniform(-4.0, 4.0),
        rib_phase_mm=random.uniform(-6.0, 6.0),
        rib_drop=random.uniform(0.9, 1.1),
        gas=random.uniform(0.3, 0.8),
        rotation_degrees=random.uniform(-2.5, 2.5),
    )


# Profiles of an average man along z (mm; 0 is the middle of the film, the lung apex at 137).
# Measured on nobody: they follow the proportions of ordinary erect inspiratory films.
_CAGE_Z: Final = (-230, -190, -150, -100, -50, 0, 40, 80, 105, 122, 131, 136, 140, 143)
_CAGE_HALF_WIDTH: Final = (122, 130, 135, 136, 132, 125, 116, 102, 89, 77, 66, 55, 38, 8)
_CAGE_HALF_DEPTH: Final = (98, 102, 105, 104, 101, 94, 84, 69, 57, 47, 41, 35, 25, 6)
_CAGE_CENTRE_Y: Final = (0, 0, 0, 0, 0, 2, 6, 13, 20, 26, 29, 32, 35, 36)

_BODY_Z: Final = (-230, -150, -60, 0, 35, 60, 85, 105, 120, 133, 146, 160, 180, 215)
_BODY_HALF_WIDTH: Final = (150, 155, 158, 157, 162, 176, 193, 192, 175, 140, 100, 74, 62, 58)
_BODY_HALF_DEPTH: Final = (118, 122, 121, 117, 112, 104, 94, 84, 77, 72, 68, 65, 62, 62)
_BODY_CENTRE_Y: Final = (0, 0, 0, 2, 4, 8, 13, 18, 22, 25, 27, 28, 28, 26)

#: Height of each pair of ribs at the spine, first to twelfth.
RIB_Z: Final = np.array([131, 116, 97, 76, 53, 30, 7, -16, -39, -62, -85, -107], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Profile:
    """A column's semi-axes and centre at given heights.

    Attributes
    ----------
    half_width, half_depth, centre_y, width_slope : ndarray of float32, shape of `z`
        Millimetres, the slope dimensionless.
    """

    half_width: NDArray[np.float32]
    half_depth: NDArray[np.float32]
    centre_y: NDArray[np.float32]
    width_slope: NDArray[np.float32]


def _profile(
    z: NDArray[np.float64],
    knots: tuple[int, ...],
    widths: tuple[int, ...],
    depths: tuple[int, ...],
    centres: tuple[int, ...],
) -> Profile:
    inside = np.clip(z, knots[0], knots[-1])
    width = PchipInterpolator(knots, widths)
    return Profile(
        half_width=width(inside).astype(np.float32),
        half_depth=PchipInterpolator(knots, depths)(inside).astype(np.float32),
        centre_y=PchipInterpolator(knots, centres)(inside).astype(np.float32),
        width_slope=width.derivative()(inside).astype(np.float32),
    )


def cage_profile(anatomy: Anatomy, z: NDArray[np.float32]) -> Profile:
    """Inner surface of the rib cage at heights `z` (mm, any shape)."""
    profile = _profile(
        np.asarray(z, np.float64) / anatomy.height,
        _CAGE_Z,
        _CAGE_HALF_WIDTH,
        _CAGE_HALF_DEPTH,
        _CAGE_CENTRE_Y,
    )
    return Profile(
        profile.half_width * np.float32(anatomy.width),
        profile.half_depth * np.float32(anatomy.depth),
        profile.centre_y,
        profile.width_slope * np.float32(anatomy.width / anatomy.height),
    )


def body_profile(anatomy: Anatomy, z: NDArray[np.float32]) -> Profile:
    """Skin of the neck and trunk, without arms and breasts, at heights `z` (mm, any shape)."""
    profile = _profile(
        np.asarray(z, np.float64) / anatomy.height,
        _BODY_Z,
        _BODY_HALF_WIDTH,
        _BODY_HALF_DEPTH,
        _BODY_CENTRE_Y,
    )
    more_fat = np.float32(anatomy.fat_mm - 9.0)
    return Profile(
        profile.half_width * np.float32(anatomy.width) + more_fat,
        profile.half_depth * np.float32(anatomy.depth) + more_fat,
        profile.centre_y,
        profile.width_slope * np.float32(anatomy.width / anatomy.height),
    )
