"""The air-filled part of each pleural cavity: lung and pleural air together, right and left."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage
from skimage.segmentation import watershed

from models.prediction import Side

from .grid import Mask, Progress, WorkingGrid, each_slice
from .labels import SIDES, NoLungsError

#: Air and aerated lung against tissue.
AIR_HU = -400
#: Aerated lung: denser than gas, lighter than the partial volume of a wall.
_PARENCHYMA_HU = (-968, -550)
#: A lung holds at least this much parenchyma (mL), and this share of that of the larger lung.
_LEAST_ML = 40.0
_LEAST_SHARE = 0.03
#: What joins lung and stomach in thick slices is thinner than this (mm).
_BRIDGE_MM = 4.0
#: Lungs that touch in front of the heart do so over less than this (mm).
_JUNCTION_MM = (6.0, 9.0, 13.0, 18.0)
#: Each millimetre from the midline counts as this much depth where the lungs touch along a broad sheet.
_MIDLINE = 0.4
#: Pitch at which the sides are told apart (mm).
_COARSE_MM = 3.0
#: A pneumothorax without contact to a lung fills at least this much of the chest (mL).
_TOTAL_COLLAPSE_ML = 250.0
#: Pieces of lung below this are a side's own, wherever they lie (mm³).
_WHOLE_LUNG_MM3 = 2e5
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
    return Cavities(_sides(grid, chest, airways), max(elsewhere, 0.0))


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


def _sides(grid: WorkingGrid, chest: Mask, airways: Mask) -> dict[Side, Mask]:
    """Give every voxel the side of the lung's core that it hangs together with, parted at the narrowest."""
    coarse_by = [max(1, round(_COARSE_MM / step)) for step in grid.spacing_mm]
    thin = chest[:: coarse_by[0], :: coarse_by[1], :: coarse_by[2]]
    pitch = [step * by for step, by in zip(grid.spacing_mm, coarse_by, strict=True)]
    columns = np.flatnonzero(thin.any(axis=(0, 1)))
    middle = (columns[0] + columns[-1]) / 2
    if airways.any():
        middle = float(np.median(np.nonzero(airways)[2])) / coarse_by[2]
    # Slices that are far apart must not count as the lungs' outside.
    depth = ndimage.distance_transform_edt(thin, sampling=[1e3 if pitch[0] > 6 else pitch[0], *pitch[1:]])
    across = np.arange(thin.shape[2], dtype=np.float32)[None, None, :]
    seeds = np.zeros(thin.shape, np.int8)
    for least in _JUNCTION_MM:
        cores, count = ndimage.label(depth > least)
        seeds[:] = 0
        spanning = False
        for number in range(1, count + 1):
            piece = cores == number
            right = float(np.count_nonzero(piece & (across < middle))) / np.count_nonzero(piece)
            # Heart and mediastinum push a lung over the midline by a part of it, not by half.
            large = bool(float(np.count_nonzero(piece)) * pitch[0] * pitch[1] * pitch[2] > _WHOLE_LUNG_MM3)
            spanning = spanning or bool(large and 0.25 < right < 0.75)
            seeds[piece] = 1 if right > 0.5 else 2
        if not spanning and count:
            break
    else:
        seeds = np.where(thin, np.where(across < middle, 1, 2), 0).astype(np.int8)
    nearest = ndimage.distance_transform_edt(
        seeds == 0, sampling=pitch, return_distances=False, return_indices=True
    )
    # Through the cavity, not across the mediastinum: air in front of the heart may lie nearer to the other
    # lung.  What hangs together with neither core belongs to the nearest.
    height = -(depth + _MIDLINE * pitch[2] * np.abs(across - middle))
    reached = watershed(height, seeds, mask=thin)  # type: ignore[no-untyped-call]
    side = np.where(reached > 0, reached, seeds[tuple(nearest)])
    wide = side.repeat(coarse_by[0], axis=0).repeat(coarse_by[1], axis=1).repeat(coarse_by[2], axis=2)
    wide = wide[: chest.shape[0], : chest.shape[1], : chest.shape[2]]
    return {name: chest & (wide == number) for number, name in enumerate(SIDES, start=1)}


def _cross(*, in_plane_only: bool) -> Mask:
    cross: Mask = ndimage.generate_binary_structure(3, 1)
    if in_plane_only:
        cross[0] = cross[2] = False
    return cross
