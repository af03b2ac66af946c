"""Pleural air: gas in the chest cavity, along its wall, with no lung in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.prediction import Side

from .border import Levels
from .cavity import AIR_HU
from .grid import Mask, Progress, WorkingGrid
from .labels import SIDES

#: What pure air may measure (HU): scatter and beam hardening raise it inside the body.
_AIR_RANGE = (-1024.0, -945.0)
#: Parenchyma is denser than pure air by at least this (HU).
_ABOVE_AIR = 45.0
#: The wall's partial volume reaches this far into the working grid's cavity (voxels).
_CORE_VOXELS = 2
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
    levels : dict of Side to Levels
        What air and each side's lung measure.
    passed_over_ml : float
        Pure air inside the lungs that was not taken for pleural air: emphysema, bullae, bronchi.
    low_attenuation : float
        Share of the lungs below -950 HU after smoothing, 0..1.
    """

    of: dict[Side, Mask]
    levels: dict[Side, Levels]
    passed_over_ml: float
    low_attenuation: float


def pleural_air(grid: WorkingGrid, chest: dict[Side, Mask], airways: Mask, progress: Progress) -> PleuralAir:
    """Find pleural air on both sides.

    Air is told from lung half way between what the trachea and the parenchyma measure in this very scan.
    """
    air_hu = _air_level(grid, airways)
    sigma = [_SIGMA_MM / step for step in grid.spacing_mm]
    rough = aerated_mean(grid.hounsfield, sigma, AIR_HU)
    # Where the lungs touch there is no wall.
    whole = chest[Side.RIGHT] | chest[Side.LEFT] | airways
    found: dict[Side, Mask] = {}
    levels: dict[Side, Levels] = {}
    passed_over = low = total = 0.0
    for place, side in enumerate(SIDES):
        progress(place / 2, f"Looking for pleural air ({side.value})")
        cavity = chest[side]
        levels[side] = Levels(air_hu, _lung_level(rough, cavity, air_hu))
        mean = aerated_mean(grid.hounsfield, sigma, levels[side].aerated)
        values = mean[cavity]
        low += float(np.count_nonzero(values < -950.0))
        total += max(float(values.size), 1.0)
        candidates = cavity & (mean < levels[side].between)
        kept, inside = _along_the_wall(grid, candidates, whole)
        passed_over += inside
        low -= float(np.count_nonzero(mean[kept] < -950.0))
        found[side] = kept
    return PleuralAir(found, levels, passed_over, max(low, 0.0) / max(total, 1.0))


def _lung_level(mean: NDArray[np.float32], cavity: Mask, air_hounsfield: float) -> float:
    """Return what parenchyma measures: the median of what is no air, away from the wall."""
    core = ndimage.binary_erosion(cavity, structure=np.ones((1, 3, 3), np.bool_), iterations=_CORE_VOXELS)
    values = mean[core]
    lung = values[values > air_hounsfield + _ABOVE_AIR]
    return float(np.median(lung)) if lung.size else air_hounsfield + 2 * _ABOVE_AIR


def aerated_mean(hounsfield: NDArray[np.int16], sigma: list[float], aerated: float) -> NDArray[np.float32]:
    """Return the Gaussian mean of air and lung around each voxel, walls and vessels left out.

    Parameters
    ----------
    hounsfield : ndarray of int16, shape [..., H, W]
    sigma : list of float
        In voxels, one for each axis.
    aerated : float
        What is above this (HU) does not count.

    Returns
    -------
    ndarray of float32
        0 where there is no air or lung nearby.
    """
    weight = (hounsfield < aerated).astype(np.float32)
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
