"""The air-filled part of each pleural cavity: lung and pleural air together, right and left."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage

from models.prediction import Side

from .grid import Mask, Progress, WorkingGrid, each_slice
from .labels import NoLungsError
from .sides import part_sides

#: Air and aerated lung against tissue.
AIR_HU = -400
#: Aerated lung: denser than gas, lighter than the partial volume of a wall.
_PARENCHYMA_HU = (-968, -550)
#: A lung holds at least this much parenchyma (mL), and this share of that of the larger lung.
_LEAST_ML = 40.0
_LEAST_SHARE = 0.03
#: What joins lung and stomach in thick slices is thinner than this (mm).
_BRIDGE_MM = 4.0
#: A pneumothorax without contact to a lung fills at least this much of the chest (mL).
_TOTAL_COLLAPSE_ML = 250.0
_MEMBRANE_MM = 3.0
_CONTACT = 0.15


@dataclass(frozen=True, eq=False)
class Cavities:
    """What the chest holds.

    Attributes
    ----------
    of : dict of Side to ndarray of bool, shape [s, h, w]
        Air and aerated lung, without airways.
    elsewhere_ml : float
        Gas inside the body and outside the chest cavity: stomach, bowel, under the skin.
    """

    of: dict[Side, Mask]
    elsewhere_ml: float


def cavities(grid: WorkingGrid, body: Mask, airways: Mask, progress: Progress) -> Cavities:
    """Find the air-filled part of both pleural cavities.

    Raises
    ------
    NoLungsError
        If there is no aerated lung.
    """
    progress(0.0, "Finding the lungs")
    air = (grid.hounsfield < AIR_HU) & body & ~airways
    # Opened slice by slice: a thin bridge of partial volume must not make lung of the stomach.
    solid = each_slice(air, cv2.MORPH_OPEN, grid.in_plane(_BRIDGE_MM / 2))
    progress(0.2, "Finding the lungs")
    pieces, count = ndimage.label(solid)
    if count == 0:
        raise NoLungsError("no lungs were found in it")
    core = ndimage.binary_erosion(solid, structure=_cross(in_plane_only=grid.spacing_mm[0] > 4), iterations=2)
    aerated = core & (grid.hounsfield > _PARENCHYMA_HU[0]) & (grid.hounsfield < _PARENCHYMA_HU[1])
    progress(0.4, "Finding the lungs")
    volumes = np.bincount(pieces.ravel(), minlength=count + 1) * grid.voxel_ml
    parenchyma = np.bincount(pieces[aerated], minlength=count + 1) * grid.voxel_ml
    inside = np.bincount(pieces[core], minlength=count + 1) * grid.voxel_ml
    volumes[0] = 0.0
    # Stool and gas mixed look aerated at their edges only: of a lung's core, much is.
    is_lung = (parenchyma >= max(_LEAST_ML, _LEAST_SHARE * parenchyma.max())) & (
        parenchyma >= 0.15 * np.maximum(inside, 1e-9)
    )
    is_lung[0] = False
    if not is_lung.any():
        raise NoLungsError("no lungs were found in it")
    lungs = is_lung[pieces]
    progress(0.5, "Finding the lungs")
    more = _lungless(grid, pieces, volumes, is_lung, lungs)
    chest = lungs | more
    elsewhere = float(volumes[1:].sum() - (np.count_nonzero(chest) * grid.voxel_ml))
    # What the opening took from the edge of a lung comes back; what it cut off does not.
    chest = each_slice(chest, cv2.MORPH_DILATE, grid.in_plane(_BRIDGE_MM / 2)) & air
    progress(0.7, "Telling right from left")
    return Cavities(part_sides(grid, chest, body, airways), max(elsewhere, 0.0))


def _lungless(
    grid: WorkingGrid, pieces: np.ndarray, volumes: np.ndarray, is_lung: np.ndarray, lungs: Mask
) -> Mask:
    """Return pure gas that belongs to the chest: beside lung behind a membrane, or a total collapse.

    The wall of stomach or bowel with the diaphragm is thicker than the visceral pleura, so broad contact
    within a few millimetres tells pleural air from gas below the diaphragm.
    """
    found = np.zeros(lungs.shape, np.bool_)
    reach = (max(grid.slices(_MEMBRANE_MM), 0), grid.in_plane(_MEMBRANE_MM), grid.in_plane(_MEMBRANE_MM))
    heights = np.flatnonzero(lungs.any(axis=(1, 2)))
    for number, box in enumerate(ndimage.find_objects(pieces), start=1):
        if box is None or is_lung[number] or volumes[number] < 1.0:
            continue
        grown = tuple(
            slice(max(part.start - by - 1, 0), part.stop + by + 1)
            for part, by in zip(box, reach, strict=True)
        )
        piece = pieces[grown] == number
        shell = ndimage.binary_dilation(piece, iterations=reach[1]) & ~piece
        contact = int(np.count_nonzero(shell & lungs[grown])) / max(int(np.count_nonzero(shell)), 1)
        begins_high = box[0].start < heights[0] + 0.4 * len(heights)
        if contact >= _CONTACT or (volumes[number] >= _TOTAL_COLLAPSE_ML and begins_high):
            found[grown] |= piece
    return found


def _cross(*, in_plane_only: bool) -> Mask:
    cross: Mask = ndimage.generate_binary_structure(3, 1)
    if in_plane_only:
        cross[0] = cross[2] = False
    return cross
