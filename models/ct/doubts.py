"""What may have been mistaken, in sentences for the reader."""

from __future__ import annotations

import numpy as np

from models.prediction import Side

from .cavity import Cavities
from .grid import Mask, WorkingGrid
from .labels import SIDES
from .pleura import PleuralAir

#: Share of the lungs below -950 HU from which emphysema is likely (Gevenois 1996: the usual threshold; the
#: share is above what healthy lungs show at full inspiration).
_EMPHYSEMA = 0.06
#: Pure air inside the lungs that is worth a word (mL).
_BULLAE_ML = 30.0
_SMALL_LUNG = 0.25
_THICK_MM = 5.0

BULLAE = (
    "Bullae and emphysema under the pleura look like pleural air, and pleural air enclosed by adhesions "
    "like a bulla: where one is reported, the outline must be checked."
)


def doubts(grid: WorkingGrid, chest: Cavities, airways: Mask, air: PleuralAir) -> tuple[str, ...]:
    """Name the known confounders that this scan shows."""
    notices = []
    if air.low_attenuation > _EMPHYSEMA:
        notices.append(
            f"{100 * air.low_attenuation:.0f} % of the lungs measure below -950 HU, as in emphysema. {BULLAE}"
        )
    elif air.passed_over_ml > _BULLAE_ML:
        notices.append(
            f"{air.passed_over_ml:.0f} mL of pure air inside the lungs were not taken for pleural air "
            f"(bronchi, bullae). {BULLAE}"
        )
    elif any(mask.any() for mask in air.of.values()):
        notices.append(BULLAE)
    for side in SIDES:
        lung = _ml(grid, chest.of[side] & ~air.of[side])
        opposite = Side.LEFT if side is Side.RIGHT else Side.RIGHT
        if lung < _SMALL_LUNG * _ml(grid, chest.of[opposite] & ~air.of[opposite]):
            notices.append(
                f"The aerated part of the {side.value} lung is small ({lung:.0f} mL): what is collapsed, "
                "consolidated or missing is not counted as lung, so its percentage is too high."
            )
    if not airways.any():
        notices.append("The trachea was not found: air in it may be counted as lung.")
    notices += _cut_off(chest)
    if grid.spacing_mm[0] / grid.factors[0] > _THICK_MM:
        notices.append(
            f"The slices are {grid.spacing_mm[0] / grid.factors[0]:.1f} mm apart: thin layers of air can be "
            "missed."
        )
    return tuple(notices)


def _cut_off(chest: Cavities) -> list[str]:
    whole = chest.of[Side.RIGHT] | chest.of[Side.LEFT]
    cut = [
        name
        for name, plane in (("top", whole[0]), ("bottom", whole[-1]))
        if np.count_nonzero(plane) > 0.05 * max(np.count_nonzero(p) for p in whole)
    ]
    if not cut:
        return []
    return [
        f"The lungs are cut off at the {' and the '.join(cut)} of the series: volumes are those of what "
        "was scanned."
    ]


def _ml(grid: WorkingGrid, mask: Mask) -> float:
    return float(np.count_nonzero(mask)) * grid.voxel_ml
