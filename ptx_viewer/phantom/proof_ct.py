"""One CT series of the proof: volumes of the shapes against those of the true mask and of the program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.prediction import Side as CtSide
from models.synthesis.anatomy import SIDES, Side
from models.synthesis.ct import CtVolume, chest_grid, synthesise_ct
from models.synthesis.thorax import Thorax
from ptx_viewer.measure.volume import LUNG, SHARE, VOLUME, measure_volume

from .proof_cases import TRUE_MASK, Row, draw_thorax

#: Smaller than the series of a study, so that two dozen take minutes and not hours.
CT_MATRIX: Final = 320
#: Thickness and distance of the slices (mm), in turn.
CT_SLICES_MM: Final = (1.5, 2.5, 5.0)
#: Thoraxes of the proof that are also scanned.
CT_COUNT: Final = 24
SEGMENTATION: Final = "segmentation"
CT_VOLUME, CT_PERCENT, CT_LUNG = "CT volume", "CT percent", "CT lung volume"


def ct_slice_mm(seed: int) -> float:
    """Return the thickness and distance of the slices that a seed is scanned with."""
    return CT_SLICES_MM[seed % len(CT_SLICES_MM)]


def ct_rows(seed: int) -> Iterator[Row]:
    """Measure the CT of a seed, both sides, with the true mask and with the segmentation.

    The true mask is counted voxel by voxel; the segmentation is measured as the program does.
    """
    from models.ct import air_label, lung_label, segment

    kind, thorax = draw_thorax(seed)
    grid = chest_grid(thorax, ct_slice_mm(seed), CT_MATRIX)
    volume = synthesise_ct(thorax, grid)
    head_first = np.ascontiguousarray(volume.hounsfield[::-1])
    found = segment(head_first, grid.spacing_mm)
    measured = measure_volume(
        head_first,
        {side: found.of(air_label(side)) for side in (CtSide.RIGHT, CtSide.LEFT)},
        {side: found.of(lung_label(side)) for side in (CtSide.RIGHT, CtSide.LEFT)},
        grid.spacing_mm[0] * np.arange(len(head_first), dtype=np.float64),
        grid.spacing_mm[1:],
        found.air_hounsfield,
        SEGMENTATION,
    )
    values = {(each.name, each.side): each.value or 0.0 for each in measured}
    lungs = {"right": volume.right_lung, "left": volume.left_lung}
    for side in SIDES:
        true = thorax.volumes[side]
        air = np.count_nonzero(_true_air(thorax, volume, side)) * grid.voxel_ml
        lung = np.count_nonzero(lungs[side]) * grid.voxel_ml
        counted = {
            TRUE_MASK: (air, 100.0 * air / (air + lung) if air + lung else 0.0, lung),
            SEGMENTATION: tuple(values.get((name, side), 0.0) for name in (VOLUME, SHARE, LUNG)),
        }
        truths = (true.pneumothorax_ml, true.percent, true.lung_ml)
        names = ((CT_VOLUME, "mL"), (CT_PERCENT, "%"), (CT_LUNG, "mL"))
        for mask, three in counted.items():
            for (method, unit), truth, value in zip(names, truths, three, strict=True):
                yield Row(
                    seed, kind, side, true.pneumothorax_ml, true.percent, mask, method, unit, truth, value
                )


def _true_air(thorax: Thorax, volume: CtVolume, side: Side) -> NDArray[np.bool_]:
    """Pleural air on one side: one mask holds both, and air in front may cross the midline."""
    if side not in thorax.retreats:
        return np.zeros((1, 1, 1), np.bool_)
    if len(thorax.retreats) == 1:
        return volume.pneumothorax
    middle = volume.pneumothorax.shape[2] // 2
    half = np.s_[..., :middle] if side == "right" else np.s_[..., middle:]
    return volume.pneumothorax[half]
