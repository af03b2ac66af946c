"""Volume of pleural air on CT, by the positions of the slices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_opening, maximum_filter

from models.prediction import Side

from .measurement import Measurement

VOLUME = "pneumothorax volume"
SHARE = "pneumothorax share of hemithorax volume"
LUNG = "lung volume"

#: Slices further apart than this many usual distances have others missing between them.
_GAP = 1.5
#: The border of an outline is taken to be known to this part of a voxel.
_BORDER_VOXEL = 0.25
#: Tissue beside air, fat and muscle (HU): the limits of what a wall may measure.
_TISSUE_HU = (-120.0, 60.0)
_SQUARE = np.ones((3, 3), np.bool_)
BASIS = "border of the outline moved in and out by a quarter of a voxel"


@dataclass(frozen=True, eq=False)
class Extents:
    """The thickness that each slice stands for.

    Attributes
    ----------
    millimetres : ndarray of float64, shape [S]
        Half way to either neighbour; half the usual distance at the ends and towards a gap.
    gaps_mm : dict of int to float
        For each slice followed by a gap, the millimetres of it that no slice stands for.
    """

    millimetres: NDArray[np.float64]
    gaps_mm: dict[int, float]


def slice_extents(positions_mm: NDArray[np.float64]) -> Extents:
    """Return what each slice stands for.

    Parameters
    ----------
    positions_mm : ndarray of float64, shape [S]
        Along the slices' normal, strictly rising, at least two.

    Raises
    ------
    ValueError
        If there are fewer than two slices, or they do not rise.
    """
    distances = np.diff(np.asarray(positions_mm, np.float64))
    if distances.size == 0 or distances.min() <= 0:
        raise ValueError("volumes need at least two slices at rising positions")
    usual = float(np.median(distances))
    # A gap is not filled in: the slices beside it stand for no more than they would elsewhere.
    near = np.where(distances > _GAP * usual, usual, distances)
    halves = np.concatenate([[near[0]], near, [near[-1]]]) / 2
    gaps = {int(i): float(distances[i] - usual) for i in np.flatnonzero(distances > _GAP * usual)}
    return Extents(halves[:-1] + halves[1:], gaps)


def measure_volume(
    hounsfield: NDArray[np.int16],
    air: dict[Side, NDArray[np.bool_]],
    lungs: dict[Side, NDArray[np.bool_]],
    positions_mm: NDArray[np.float64],
    pixel_mm: tuple[float, float],
    air_hounsfield: float,
    model: str,
) -> tuple[Measurement, ...]:
    """Measure pleural air and lung of both sides.

    A slice's area times what it stands for, summed.  At the chest wall each voxel counts by the share
    of air that its value says, between pure air and the tissue beside it, so that a flat wall costs
    or adds nothing wherever it cuts the grid.  The share of the hemithorax is
    100 × air / (air + lung of the same side).

    Parameters
    ----------
    hounsfield : ndarray of int16, shape [S, H, W]
    air, lungs : dict of Side to ndarray of bool, shape [S, H, W]
    positions_mm : ndarray of float64, shape [S]
    pixel_mm : tuple of float
        Distance of rows and of columns.
    air_hounsfield : float
        What pure air measures in this scan.
    model : str
        Whose outlines these are, or ``"reader"``.

    Returns
    -------
    tuple of Measurement
        For each side: volume (mL) and share (%) of the air where there is any, then the lung's volume.
    """
    extents = slice_extents(positions_mm)
    area = pixel_mm[0] * pixel_mm[1] / 1000.0
    spacing = f"{pixel_mm[0]:.3g} × {pixel_mm[1]:.3g} mm pixels"
    distances = np.diff(positions_mm)
    even = float(np.median(distances))
    spacing += (
        f", slices {even:.3g} mm apart by their positions"
        if float(np.ptp(distances)) < 0.05 * even
        else f", slices {distances.min():.3g} to {distances.max():.3g} mm apart by their positions"
    )
    basis = BASIS
    if extents.gaps_mm:
        basis += "; upwards also the gaps where slices are missing, at the mean area beside them"
    measurements: list[Measurement] = []
    for side in (Side.RIGHT, Side.LEFT):
        lung = _by_slices(_areas(lungs[side]) * area, extents)
        if air[side].any():
            areas, borders = _air_areas(hounsfield, air[side], lungs[side], air_hounsfield)
            value = _by_slices(areas * area, extents)
            low = _by_slices(np.maximum(areas - _BORDER_VOXEL * borders, 0.0) * area, extents)
            high = _by_slices((areas + _BORDER_VOXEL * borders) * area, extents)
            high += sum(mm * (areas[i] + areas[i + 1]) / 2 * area for i, mm in extents.gaps_mm.items())
            method = (
                f"sum over slices of area × what a slice stands for, partial volume at the wall; {spacing}"
            )
            measurements.append(
                Measurement(
                    VOLUME, value, "mL", method, side.value, model,
                    interval=(min(low, value), max(high, value)), interval_basis=basis,
                )
            )  # fmt: skip
            measurements.append(_share(value, (low, high), lung, side, model, basis))
        measurements.append(
            Measurement(
                LUNG,
                lung,
                "mL",
                f"aerated lung with its vessels, sum over slices; {spacing}",
                side.value,
                model,
            )
        )
    return tuple(measurements)


def _share(
    value: float, interval: tuple[float, float], lung: float, side: Side, model: str, basis: str
) -> Measurement:
    method = "100 × pneumothorax / (pneumothorax + lung of the same side), volumes"
    if lung <= 0:
        return Measurement(
            SHARE, None, "%", method, side.value, model,
            valid=False, why_not="no aerated lung was found on this side",
        )  # fmt: skip
    low, high = (100.0 * end / (end + lung) for end in interval)
    share = 100.0 * value / (value + lung)
    return Measurement(
        SHARE, share, "%", method, side.value, model,
        interval=(min(low, share), max(high, share)), interval_basis=basis,
    )  # fmt: skip


def _by_slices(areas: NDArray[np.float64], extents: Extents) -> float:
    return float(areas @ extents.millimetres)


def _areas(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.array([np.count_nonzero(plane) for plane in mask], np.float64)


def _air_areas(
    hounsfield: NDArray[np.int16],
    air: NDArray[np.bool_],
    lung: NDArray[np.bool_],
    air_hounsfield: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the pixels of air of each slice, those at the wall by their share, and how many are border."""
    areas, borders = np.zeros(len(air)), np.zeros(len(air))
    for index in np.flatnonzero(air.any(axis=(1, 2))):
        rows, columns = (np.flatnonzero(air[index].any(axis=axis)) for axis in (1, 0))
        box = np.s_[max(rows[0] - 3, 0) : rows[-1] + 4, max(columns[0] - 3, 0) : columns[-1] + 4]
        inside, values = air[index][box], hounsfield[index][box].astype(np.float64)
        tissue = ~(inside | lung[index][box])
        # A layer of two pixels holds no pure air: there values say nothing, and its outline counts alone.
        thick = binary_dilation(binary_opening(inside, _SQUARE), _SQUARE)
        ring = tissue & _grown(inside & thick)
        rim = inside & thick & _grown(tissue)
        beside = np.clip(_highest_around(np.where(tissue, values, -1e4)), *_TISSUE_HU)
        share = np.clip((beside - values) / (beside - air_hounsfield), 0.0, 1.0)
        areas[index] = np.count_nonzero(inside & ~rim) + share[rim].sum() + share[ring].sum()
        borders[index] = np.count_nonzero(inside & _grown(~inside))
    return areas, borders


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask with its four neighbours."""
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown


def _highest_around(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the highest value within two pixels."""
    highest: NDArray[np.float64] = maximum_filter(values, size=5, mode="nearest")
    return highest
