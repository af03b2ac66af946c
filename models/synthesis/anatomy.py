"""The parameters of one synthetic person, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    breast : float
        Scale of the breasts; 0 is none.
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
    arm_degrees : float
        How far the upper arms are held away from the body.
    rotation_degrees : float
        How far the patient is turned about the body's axis; positive brings the left side forward.
    shift_mm : float
        Displacement of the mediastinum towards the patient's left.
    depression_mm : tuple of float
        How far air under pressure pushes the dome down, right and left.
    sulcus_mm : tuple of float
        How far air deepens the lateral costophrenic sulcus, right and left.
    supine : bool
        Lying on the back instead of standing.
    aorta : float
        How far arch and ascending aorta are drawn out, 0 in youth to 1.
    dome_mm : float
        How far the domes of the diaphragm stand above the deepest sulcus beside them.
    dome_step_mm : float
        How much higher the right dome stands.
    domes_unlike : float
        How much farther out the right dome's top lies than the left one's, -1 to 1.
    """

    sex: Literal["M", "F"]
    age: int
    width: float
    depth: float
    height: float
    fat_mm: float
    breast: float
    heart: float
    inspiration_mm: float
    spine_curve_mm: float
    rib_phase_mm: float
    rib_drop: float
    gas: float
    arm_degrees: float
    rotation_degrees: float
    shift_mm: float = 0.0
    depression_mm: tuple[float, float] = (0.0, 0.0)
    sulcus_mm: tuple[float, float] = (0.0, 0.0)
    supine: bool = False
    aorta: float = 0.5
    dome_mm: float = 68.0
    dome_step_mm: float = 12.0
    domes_unlike: float = 0.0

    def lying(self) -> Anatomy:
        """Return the same person on the back: higher domes, a broader heart, arms at the sides."""
        return replace(
            self,
            supine=True,
            inspiration_mm=self.inspiration_mm - 14.0,
            heart=self.heart * 1.05,
            arm_degrees=min(self.arm_degrees, 14.0),
        )


def draw_anatomy(seed: int) -> Anatomy:
    """Return the person that belongs to `seed`; the same seed is always the same person."""
    random = np.random.default_rng([seed, 1])
    female = random.random() < 0.5
    size = 0.93 if female else 1.0
    fat = random.gamma(4.0, 2.2) + (8.0 if female else 4.0)
    age = int(random.integers(19, 86))
    return Anatomy(
        sex="F" if female else "M",
        age=age,
        width=size * random.uniform(1.00, 1.12),
        depth=size * random.uniform(0.92, 1.08),
        height=size * random.uniform(0.92, 1.01),
        fat_mm=float(min(fat, 32.0)),
        breast=float(random.uniform(0.45, 1.25)) if female else 0.0,
        heart=size * random.uniform(0.94, 1.16),
        inspiration_mm=random.uniform(-10.0, 9.0),
        spine_curve_mm=random.uniform(-5.0, 5.0),
        rib_phase_mm=random.uniform(-6.0, 6.0),
        rib_drop=random.uniform(0.88, 1.12),
        gas=random.uniform(0.0, 1.0),
        arm_degrees=random.uniform(18.0, 48.0),
        rotation_degrees=random.uniform(-3.0, 3.0),
        aorta=float(np.clip((age - 25) / 60 + random.uniform(-0.2, 0.2), 0.0, 1.0)),
        dome_mm=random.uniform(54.0, 76.0),
        dome_step_mm=random.uniform(4.0, 20.0),
        domes_unlike=random.uniform(-1.0, 1.0),
    )


# Profiles of an average man along z (mm; 0 is the middle of the chest, the lung apex at 137).
# Measured on nobody: they follow the proportions of ordinary erect inspiratory films.
_CAGE_Z: Final = (-230, -190, -150, -100, -50, 0, 40, 80, 105, 122, 131, 136, 140, 143)
_CAGE_HALF_WIDTH: Final = (124, 132, 137, 138, 136, 131, 124, 111, 97, 84, 72, 59, 41, 8)
_CAGE_HALF_DEPTH: Final = (98, 102, 105, 104, 101, 94, 84, 69, 57, 47, 41, 35, 25, 6)
_CAGE_CENTRE_Y: Final = (0, 0, 0, 0, 0, 2, 6, 13, 20, 26, 29, 32, 35, 36)

_BODY_Z: Final = (-230, -150, -60, 0, 35, 60, 85, 105, 120, 133, 146, 160, 180, 215)
_BODY_HALF_WIDTH: Final = (160, 166, 171, 174, 180, 190, 203, 204, 195, 170, 128, 92, 68, 58)
_BODY_HALF_DEPTH: Final = (120, 124, 123, 120, 116, 113, 108, 98, 87, 78, 71, 66, 63, 62)
_BODY_CENTRE_Y: Final = (0, 0, 0, 2, 4, 8, 13, 18, 22, 25, 27, 28, 28, 26)

#: Height of each pair of ribs at the spine, first to twelfth.
RIB_Z: Final = np.array([131, 114, 94, 72, 48, 23, -3, -29, -55, -81, -107, -132], dtype=np.float64)


class _Column:
    """Interpolators of a column's semi-axes and centre along z."""

    def __init__(
        self,
        knots: tuple[int, ...],
        widths: tuple[int, ...],
        depths: tuple[int, ...],
        centres: tuple[int, ...],
    ) -> None:
        self.ends = knots[0], knots[-1]
        self.width = PchipInterpolator(knots, widths)
        self.slope = self.width.derivative()
        self.depth = PchipInterpolator(knots, depths)
        self.centre = PchipInterpolator(knots, centres)


_CAGE: Final = _Column(_CAGE_Z, _CAGE_HALF_WIDTH, _CAGE_HALF_DEPTH, _CAGE_CENTRE_Y)
_BODY: Final = _Column(_BODY_Z, _BODY_HALF_WIDTH, _BODY_HALF_DEPTH, _BODY_CENTRE_Y)


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


def _profile(anatomy: Anatomy, column: _Column, z: NDArray[np.float32], more: float) -> Profile:
    inside = np.clip(np.asarray(z, np.float64) / anatomy.height, *column.ends)
    return Profile(
        half_width=(column.width(inside) * anatomy.width + more).astype(np.float32),
        half_depth=(column.depth(inside) * anatomy.depth + more).astype(np.float32),
        centre_y=column.centre(inside).astype(np.float32),
        width_slope=(column.slope(inside) * (anatomy.width / anatomy.height)).astype(np.float32),
    )


def cage_profile(anatomy: Anatomy, z: NDArray[np.float32]) -> Profile:
    """Inner surface of the rib cage at heights `z` (mm, any shape)."""
    return _profile(anatomy, _CAGE, z, 0.0)


def body_profile(anatomy: Anatomy, z: NDArray[np.float32]) -> Profile:
    """Skin of the neck and trunk, without arms and breasts, at heights `z` (mm, any shape)."""
    return _profile(anatomy, _BODY, z, anatomy.fat_mm - 10.0)
