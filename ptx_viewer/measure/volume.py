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
SIDES = (Side.RIGHT, Side.LEFT)
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
    counts = {
        side: np.array(
            [
                count_pixels(*planes, air_hounsfield)
                for planes in zip(hounsfield, air[side], lungs[side], strict=True)
            ]
        )
        for side in SIDES
    }
    return volume_of_slices(counts, positions_mm, pixel_mm, model)


def volume_of_slices(
    counts: dict[Side, NDArray[np.float64]],
    positions_mm: NDArray[np.float64],
    pixel_mm: tuple[float, float],
    model: str,
) -> tuple[Measurement, ...]:
    """Put together what :func:`count_pixels` gives for every slice [S, 4], as :func:`measure_volume` does."""
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
    for side in SIDES:
        areas, borders, outlined, lung_areas = counts[side].T
        lung = _by_slices(lung_areas * area, extents)
        if outlined.any():
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


def count_pixels(
    hounsfield: NDArray[np.int16],
    air: NDArray[np.bool_],
    lung: NDArray[np.bool_],
    air_hounsfield: float,
) -> tuple[float, float, float, float]:
    """Count one slice's pixels on one side, all arrays of shape [H, W].

    Returns
    -------
    tuple of float
        Of air, those at the wall by their share; of its border; of its outline; of lung.
    """
    lungs = float(np.count_nonzero(lung))
    if not air.any():
        return 0.0, 0.0, 0.0, lungs
    rows, columns = (np.flatnonzero(air.any(axis=axis)) for axis in (1, 0))
    box = np.s_[max(rows[0] - 3, 0) : rows[-1] + 4, max(columns[0] - 3, 0) : columns[-1] + 4]
    inside, values = air[box], hounsfield[box].astype(np.float64)
    tissue = ~(inside | lung[box])
    # A layer of two pixels holds no pure air: there values say nothing, and its outline counts alone.
    thick = binary_dilation(binary_opening(inside, _SQUARE), _SQUARE)
    ring = tissue & _grown(inside & thick)
    rim = inside & thick & _grown(tissue)
    beside = np.clip(_highest_around(np.where(tissue, values, -1e4)), *_TISSUE_HU)
    share = np.clip((beside - values) / (beside - air_hounsfield), 0.0, 1.0)
    outlined = float(np.count_nonzero(inside))
    whole = outlined - float(np.count_nonzero(rim)) + float(share[rim].sum() + share[ring].sum())
    return whole, float(np.count_nonzero(inside & _grown(~inside))), outlined, lungs


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
