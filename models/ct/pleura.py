"""Pleural air: gas in the chest cavity, along its wall, with no lung in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.prediction import Side

from .grid import Mask, Progress, WorkingGrid
from .labels import SIDES

#: Voxels above this are wall, vessel or pleura in part, and do not count in the mean of air and lung.
_AERATED_HU = -700
#: What pure air may measure (HU): scatter and beam hardening raise it inside the body.
_AIR_RANGE = (-1024.0, -945.0)
#: Parenchyma is denser than pure air by at least this (HU).
_ABOVE_AIR = 45.0
#: Sigma of the mean over which noise and texture are averaged out (mm).
_SIGMA_MM = 1.6
#: Thinnest layer of air that starts a finding (mm), and the least volume (mL) of one.
_THIN_MM = 2.6
_LEAST_ML = 1.5
#: Pleural air lies along the wall with at least this share of its surface.
_ALONG_WALL = 0.2
#: A finding's edge is followed this far beyond the layer that started it (mm).
_FOLLOW_MM = 8.0


@dataclass(frozen=True, eq=False)
class PleuralAir:
    """Where the pleural air is, on the working grid.

    Attributes
    ----------
    of : dict of Side to ndarray of bool, shape [s, h, w]
    air_hounsfield : float
    lung_hounsfield : dict of Side to float
    passed_over_ml : float
        Pure air inside the lungs that was not taken for pleural air: emphysema, bullae, bronchi.
    low_attenuation : float
        Share of the lungs below -950 HU after smoothing, 0..1.
    """

    of: dict[Side, Mask]
    air_hounsfield: float
    lung_hounsfield: dict[Side, float]
    passed_over_ml: float
    low_attenuation: float


def pleural_air(grid: WorkingGrid, chest: dict[Side, Mask], airways: Mask, progress: Progress) -> PleuralAir:
    """Find pleural air on both sides.

    Air is told from lung half way between what the trachea and the parenchyma measure in this very scan.
    """
    air_hu = _air_level(grid, airways)
    mean = aerated_mean(grid.hounsfield, [max(_SIGMA_MM / step, 0.0) for step in grid.spacing_mm])
    # Where the lungs touch there is no wall.
    whole = chest[Side.RIGHT] | chest[Side.LEFT] | airways
    found: dict[Side, Mask] = {}
    levels: dict[Side, float] = {}
    passed_over = low = total = 0.0
    for place, side in enumerate(SIDES):
        progress(place / 2, f"Looking for pleural air ({side.value})")
        cavity = chest[side]
        values = mean[cavity]
        lung = values[values > air_hu + _ABOVE_AIR]
        levels[side] = float(np.median(lung)) if lung.size else air_hu + 2 * _ABOVE_AIR
        low += float(np.count_nonzero(values < -950.0))
        total += max(float(values.size), 1.0)
        candidates = cavity & (mean < threshold(air_hu, levels[side]))
        kept, inside = _along_the_wall(grid, candidates, whole)
        passed_over += inside
        low -= float(np.count_nonzero(mean[kept] < -950.0))
        found[side] = kept
    return PleuralAir(found, air_hu, levels, passed_over, max(low, 0.0) / max(total, 1.0))


def threshold(air_hounsfield: float, lung_hounsfield: float) -> float:
    """Return the level between pure air and parenchyma."""
    return (air_hounsfield + lung_hounsfield) / 2


def aerated_mean(hounsfield: NDArray[np.int16], sigma: list[float]) -> NDArray[np.float32]:
    """Return the Gaussian mean of air and lung around each voxel, walls and vessels left out.

    Parameters
    ----------
    hounsfield : ndarray of int16, shape [..., H, W]
    sigma : list of float
        In voxels, one for each axis.

    Returns
    -------
    ndarray of float32
        0 where there is no air or lung nearby.
    """
    weight = (hounsfield < _AERATED_HU).astype(np.float32)
    total: NDArray[np.float32] = ndimage.gaussian_filter(hounsfield * weight, sigma, truncate=2.0)
    share = ndimage.gaussian_filter(weight, sigma, truncate=2.0)
    np.divide(total, share, out=total, where=share > 0.02)
    total[share <= 0.02] = 0.0
    return total


def _air_level(grid: WorkingGrid, airways: Mask) -> float:
    lumen = ndimage.binary_erosion(airways, structure=np.ones((1, 3, 3), np.bool_), iterations=2)
    values = grid.hounsfield[lumen]
    level = float(np.median(values)) if values.size >= 30 else -1000.0
    return float(np.clip(level, *_AIR_RANGE))


def _along_the_wall(grid: WorkingGrid, candidates: Mask, cavity: Mask) -> tuple[Mask, float]:
    """Keep what is thick enough, large enough and lies along the wall; give the mL of what does not."""
    size = max(2, round(_THIN_MM / grid.spacing_mm[1]))
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    thick = np.empty_like(candidates)
    for index, plane in enumerate(candidates):
        thick[index] = cv2.morphologyEx(plane.view(np.uint8), cv2.MORPH_OPEN, element) > 0
    pieces, count = ndimage.label(thick)
    kept = np.zeros(count + 1, np.bool_)
    inside = 0.0
    for number, box in enumerate(ndimage.find_objects(pieces), start=1):
        grown = (
            slice(max(box[0].start - 1, 0), box[0].stop + 1),
            slice(max(box[1].start - 3, 0), box[1].stop + 3),
            slice(max(box[2].start - 3, 0), box[2].stop + 3),
        )
        piece = pieces[grown] == number
        volume = float(np.count_nonzero(piece)) * grid.voxel_ml
        if volume < _LEAST_ML:
            continue
        # The wall's own voxels are no candidates: their mean is not pure air.
        near = ndimage.binary_dilation(piece, structure=np.ones((1, 3, 3), np.bool_), iterations=1) & ~piece
        far = ndimage.binary_dilation(near | piece, structure=np.ones((1, 3, 3), np.bool_), iterations=1)
        shell = far & ~near & ~piece
        along = int(np.count_nonzero(shell & ~cavity[grown])) / max(int(np.count_nonzero(shell)), 1)
        kept[number] = along >= _ALONG_WALL
        inside += 0.0 if kept[number] else volume
    seeds: Mask = kept[pieces]
    if not seeds.any():
        return seeds, inside
    steps = grid.in_plane(_FOLLOW_MM)
    followed: Mask = ndimage.binary_dilation(seeds, iterations=steps, mask=candidates | seeds)
    return followed, inside
