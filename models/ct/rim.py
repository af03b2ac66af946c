"""Thin layers of pleural air: between the chest wall and a line that runs along it.

A layer of two or three pixels holds no pure voxel, so its density alone does not give it away.  What
does is the visceral pleura: a bright line parallel to the wall with something darker than lung
outside it.  Slice by slice the rim of the lung is divided along its brightest line; the rim outside
the line is looked at in sectors around the lung's middle, and kept where the line is bright over a
wide enough patch of sectors and slices, and at least a part of the patch is darker than lung.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from .border import Levels
from .grid import Hounsfield, Mask

#: Depth of the rim that is searched (mm): thicker layers are found by their density.
_DEPTH_MM = 7.0
#: Sectors of a slice, and the least values in one.
_SECTORS = 72
_LEAST_PIXELS = 3
#: The line is brighter than lung by this (HU): noise and small vessels are not, on the median.
_LINE_HU = 130.0
#: The wall's own blurred edge, in millimetres and at least in pixels.
_WALL_MM, _WALL_PIXELS = 1.6, 1.5
#: Outside the line lies air, or air and wall in one voxel: not denser than lung by more than this (HU).
_AERATED_HU = 100.0
#: A patch without pleural air found by its density holds at least this many sectors darker than lung.
_LEAST_DARK = 6
#: Air in a patch of rim, at least (mL).
_LEAST_ML = 2.0
#: Share of a sector's values that may be partial volume at its edges.
_DARK_PERCENTILE = 20.0


@dataclass(frozen=True, eq=False)
class Rim:
    """The rim of one lung in one slice, outside its brightest line.

    Attributes
    ----------
    mask : ndarray of bool, shape [H, W]
    sectors : ndarray of uint8, shape [H, W]
        Number of the sector that each pixel lies in.
    layered : ndarray of bool, shape [72]
        Sectors whose line is bright, with something aerated outside it.
    dark : ndarray of bool, shape [72]
        Those among them whose rim is darker than lung.
    """

    mask: Mask
    sectors: NDArray[np.uint8]
    layered: Mask
    dark: Mask


def find_rim(
    smooth: NDArray[np.float32],
    depth: NDArray[np.float32],
    inside: Mask,
    pleural: Mask,
    levels: Levels,
    pixel_mm: float,
) -> Rim:
    """Divide the rim of a lung along its brightest line.

    Parameters
    ----------
    smooth : ndarray of float32, shape [H, W]
        Hounsfield units, noise averaged out as far as the slices allow.
    depth : ndarray of float32, shape [H, W]
        Distance from the wall of the chest in pixels: where the lungs touch is no wall.
    inside : ndarray of bool, shape [H, W]
        The lung with its vessels and the pleural air found so far, filled.
    pleural : ndarray of bool, shape [H, W]
        The pleural air found so far.
    levels : Levels
    pixel_mm : float
    """
    sectors = _sectors(inside)
    reach = min(_DEPTH_MM / pixel_mm, 0.6 * float(depth[inside].max()))
    zone = inside & (depth <= reach + 1.0)
    markers = np.zeros(inside.shape, np.int32)
    markers[zone & (depth > reach)] = 2
    markers[zone & (depth <= 1.5) & (smooth < levels.wall)] = 1
    markers[zone & pleural] = 1
    basins = watershed(smooth, markers, mask=zone)  # type: ignore[no-untyped-call]
    outer = (basins == 1) & (smooth < levels.wall)
    inner = basins == 2
    line = (cv2.dilate((basins == 1).view(np.uint8), np.ones((3, 3), np.uint8)) > 0) & inner
    # The wall's own edge is bright as well: it is no line.
    free = np.where(depth >= max(_WALL_MM / pixel_mm, _WALL_PIXELS), smooth, np.float32(-1024.0))
    brightest = cv2.dilate(free, np.ones((3, 3), np.uint8)).astype(np.float32, copy=False)
    dark = _per_sector(sectors, outer & ~pleural, smooth, _DARK_PERCENTILE)
    bright = _per_sector(sectors, line, brightest, 50.0)
    layered = (dark < levels.lung + _AERATED_HU) & (bright > levels.lung + _LINE_HU)
    return Rim(outer & ~pleural, sectors, layered, layered & (dark < levels.between))


class RimMap:
    """The sectors of one side through all slices: a map of the chest wall, unrolled.

    Parameters
    ----------
    slices : int
    voxel_ml : float
    """

    def __init__(self, slices: int, voxel_ml: float) -> None:
        self._voxel_ml = voxel_ml
        self._layered = np.zeros((slices, _SECTORS), np.bool_)
        self._dark = np.zeros((slices, _SECTORS), np.bool_)
        self._held = np.zeros((slices, _SECTORS), np.bool_)
        self._volume = np.zeros((slices, _SECTORS), np.float64)
        self._sectors: dict[int, NDArray[np.uint8]] = {}

    def add(self, index: int, rim: Rim, pleural: Mask) -> None:
        """Take the rim of slice `index`."""
        self._layered[index], self._dark[index] = rim.layered, rim.dark
        self._volume[index] = np.bincount(rim.sectors[rim.mask], minlength=_SECTORS) * self._voxel_ml
        held = np.bincount(rim.sectors[pleural], minlength=_SECTORS) > 0
        self._held[index] = held | np.roll(held, 1) | np.roll(held, -1)
        self._sectors[index] = rim.sectors[rim.mask]

    def settle(self, labels: NDArray[np.uint8], rim: int, air: int, lung: int) -> None:
        """Turn the label `rim` into `air` or `lung`, in place."""
        kept = _patches(self._layered, self._dark, self._volume, self._held)
        for index, sectors in self._sectors.items():
            plane = labels[index]
            plane[plane == rim] = np.where(kept[index][sectors], air, lung)


def _patches(layered: Mask, dark: Mask, millilitres: NDArray[np.float64], held: Mask) -> Mask:
    """Keep sectors that make up a patch of some size, or go on from pleural air already found.

    Parameters
    ----------
    layered, dark, held : ndarray of bool, shape [S, 72]
        Sectors with a bright line; those among them that are darker than lung; those that hold
        pleural air already, or lie beside it.
    millilitres : ndarray of float64, shape [S, 72]
        Volume of the rim of each sector.
    """

    def thrice(array: NDArray[np.generic]) -> NDArray[np.generic]:
        # One turn more on either side, so that a patch across the first sector is one.
        return np.concatenate([array] * 3, axis=1)

    closed = ndimage.binary_closing(thrice(layered), np.ones((1, 3), np.bool_)) | thrice(layered)
    pieces, count = ndimage.label(closed, np.ones((3, 3), np.bool_))
    own = np.s_[:, _SECTORS : 2 * _SECTORS]
    volume = np.bincount(pieces.ravel(), thrice(millilitres).ravel(), count + 1)
    darkness = np.bincount(pieces[thrice(dark).astype(np.bool_)], minlength=count + 1)
    goes_on = np.bincount(pieces[thrice(held).astype(np.bool_)], minlength=count + 1) > 0
    good = (volume >= _LEAST_ML) & (goes_on | (darkness >= _LEAST_DARK))
    good[0] = False
    kept: Mask = good[pieces[own]]
    return kept


def slab(hounsfield: Hounsfield, index: int, box: tuple[slice, slice], reach: int) -> NDArray[np.float32]:
    """Return the mean of the slices up to `reach` from `index`, smoothed by half a pixel."""
    first, last = max(index - reach, 0), min(index + reach, len(hounsfield) - 1)
    mean = hounsfield[first : last + 1, box[0], box[1]].mean(axis=0, dtype=np.float32)
    smooth: NDArray[np.float32] = cv2.GaussianBlur(mean, (0, 0), 0.5)
    return smooth


def _sectors(inside: Mask) -> NDArray[np.uint8]:
    rows, columns = np.nonzero(inside)
    down = np.arange(inside.shape[0], dtype=np.float32)[:, None] - np.float32(rows.mean())
    across = np.arange(inside.shape[1], dtype=np.float32)[None, :] - np.float32(columns.mean())
    turn = (np.arctan2(down, across) + np.pi) / (2 * np.pi)
    sectors: NDArray[np.uint8] = np.minimum(turn * _SECTORS, _SECTORS - 1).astype(np.uint8)
    return sectors


def _per_sector(
    sectors: NDArray[np.uint8], mask: Mask, values: NDArray[np.float32], percentile: float
) -> NDArray[np.float64]:
    """Return a percentile of `values` under `mask` in each sector; not a number where there are too few."""
    out = np.full(_SECTORS, np.nan)
    numbers, chosen = sectors[mask], values[mask]
    order = np.lexsort((chosen, numbers))
    numbers, chosen = numbers[order], chosen[order]
    starts = np.searchsorted(numbers, np.arange(_SECTORS + 1))
    for sector in range(_SECTORS):
        count = starts[sector + 1] - starts[sector]
        if count >= _LEAST_PIXELS:
            out[sector] = chosen[starts[sector] + int((count - 1) * percentile / 100.0)]
    return out
