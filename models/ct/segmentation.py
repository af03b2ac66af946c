"""From Hounsfield units to lungs, airways and pleural air.

Found on a working grid of about 1.4 mm (:mod:`.grid`), outlined in the slices' own:

1. the trunk, slice by slice (:mod:`.body`);
2. trachea and main bronchi (:mod:`.airways`);
3. air-filled chest cavity, right and left, without stomach, bowel and air under the skin (:mod:`.cavity`);
4. pure air along the wall of the cavity (:mod:`.pleura`);
5. borders at the wall and along the visceral pleura (:mod:`.border`);
6. thin layers, by the profile under the wall (:mod:`.layers`).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.prediction import Side

from .airways import airway_mask
from .body import body_mask
from .border import SlabMean, air_border, filled_lung
from .cavity import AIR_HU, cavities
from .doubts import doubts
from .grid import Mask, Progress, WorkingGrid, disc, working_grid
from .labels import SIDES, CtSegmentation, Label, NoLungsError, air_label, lung_label
from .layers import add_layers
from .pleura import PleuralAir, pleural_air

#: Bays of the lung's outline up to this radius are hilar vessels (mm).
_BAY_MM = 4.0
#: Slices nearer than this see the same layer of air (mm).
_SAME_LAYER_MM = 3.0


def _silent(_fraction: float, _message: str) -> None:
    return


def segment(
    hounsfield: NDArray[np.int16], spacing_mm: tuple[float, float, float], progress: Progress = _silent
) -> CtSegmentation:
    """Segment an axial chest CT.

    Parameters
    ----------
    hounsfield : ndarray of int16, shape [S, H, W]
        Slices from the head to the feet, rows from front to back, columns from the patient's right to
        the left.
    spacing_mm : tuple of float
        Distance of slices (the usual one where they are uneven), rows and columns.
    progress : callable
        ``progress(fraction, message)``; raises to stop the work.

    Returns
    -------
    CtSegmentation

    Raises
    ------
    NoLungsError
        If no lungs are found; ``str()`` completes the sentence "it was not scored because ...".
    ValueError
        If the shapes or spacings make no sense.
    """
    if hounsfield.ndim != 3 or min(hounsfield.shape) < 1 or hounsfield.dtype != np.int16:
        raise ValueError(f"a CT is int16 [S, H, W], not {hounsfield.dtype} {hounsfield.shape}")
    if not all(np.isfinite(spacing_mm)) or min(spacing_mm) <= 0:
        raise ValueError(f"a spacing is positive, not {spacing_mm}")
    grid = working_grid(hounsfield, spacing_mm, _part(progress, 0.0, 0.1))
    if min(grid.hounsfield.shape[1:]) < 16:
        raise NoLungsError("no lungs were found in it")
    body = body_mask(grid, _part(progress, 0.1, 0.15))
    airways = airway_mask(grid, body, _part(progress, 0.15, 0.25))
    chest = cavities(grid, body, airways, _part(progress, 0.25, 0.45))
    air = pleural_air(grid, chest.of, airways, _part(progress, 0.45, 0.6))
    outlining = _part(progress, 0.6, 0.85)
    labels = _outline(hounsfield, spacing_mm, grid, chest.of, airways, air, outlining)
    add_layers(labels, hounsfield, spacing_mm, grid, air.levels, _part(progress, 0.85, 1.0))
    return CtSegmentation(
        labels,
        air.levels[Side.RIGHT].air,
        {side: level.lung for side, level in air.levels.items()},
        doubts(grid, chest, airways, air),
    )


def _outline(
    hounsfield: NDArray[np.int16],
    spacing_mm: tuple[float, float, float],
    grid: WorkingGrid,
    chest: dict[Side, Mask],
    airways: Mask,
    air: PleuralAir,
    progress: Progress,
) -> NDArray[np.uint8]:
    """Draw what was found on the working grid in the slices' own grid."""
    labels = np.zeros(hounsfield.shape, np.uint8)
    mean_of = SlabMean(hounsfield, spacing_mm)
    pixel = (spacing_mm[1] * spacing_mm[2]) ** 0.5
    bay = max(2, round(_BAY_MM / pixel))
    step = max(grid.factors[1:])
    layers = {side: _neighbours(air.of[side], grid) for side in SIDES}
    for index, plane in enumerate(hounsfield):
        progress(index / len(hounsfield), "Drawing the outlines")
        both = grid.source_slice(chest[Side.RIGHT] | chest[Side.LEFT], index)
        tubes = grid.source_slice(airways, index)
        labels[index][tubes] = Label.AIRWAYS
        if not both.any():
            continue
        box = _box(both, 4 * step + bay)
        here, tubes = plane[box], tubes[box]
        out = labels[index][box]
        cavity = {side: grid.source_slice(chest[side], index)[box] for side in SIDES}
        for side in SIDES:
            # The working grid's blocks end short of the wall or reach into it: the values decide.
            wide = cv2.dilate(cavity[side].view(np.uint8), disc(2 * step)) > 0
            other = cavity[Side.LEFT if side is Side.RIGHT else Side.RIGHT]
            wide &= ~other & ~tubes
            found = grid.source_slice(layers[side], index)[box]
            pleural = np.zeros(here.shape, np.bool_)
            if found.any():
                mean = mean_of(index, box, air.levels[side].aerated)
                pleural = air_border(here, mean, found & wide, wide, air.levels[side], pixel)
            aerated = wide & (here < AIR_HU) & ~pleural
            blocked = tubes | other | (out > 0)
            lung = filled_lung(aerated, pleural | blocked, bay)
            out[lung] = lung_label(side)
            out[pleural] = air_label(side)
    return labels


def _neighbours(mask: Mask, grid: WorkingGrid) -> Mask:
    """Return a mask with that of the slices next to it, where they are near enough to see the same air."""
    if grid.spacing_mm[0] > _SAME_LAYER_MM or not mask.any():
        return mask
    out = mask.copy()
    out[1:] |= mask[:-1]
    out[:-1] |= mask[1:]
    return out


def _box(mask: Mask, margin: int) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + margin + 1),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + margin + 1),
    )


def _part(progress: Progress, start: float, end: float) -> Progress:
    return lambda fraction, message: progress(start + (end - start) * fraction, message)
