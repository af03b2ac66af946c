"""Borders in the slices' own grid: where air ends at the wall, and where it ends at the lung."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import watershed

from .grid import Hounsfield, Mask, disc

#: Muscle and fat of the chest wall and mediastinum, together (HU).
_WALL_HU = 20.0
#: Voxels above this, or above their side's parenchyma by this, are wall, vessel or pleura in part (HU).
_AERATED_HU, _ABOVE_PARENCHYMA_HU = -700.0, 120.0
#: Width of the mean in which noise is averaged out (mm), along and across the slices.
_SIGMA_MM = 1.1
#: The visceral pleura is looked for this far from where the air begins to be impure (mm).
_PLEURA_MM = 2.5
#: Parenchyma is not denser than its median by more than this (HU), pleura and vessels are.
_ABOVE_LUNG = 80.0


@dataclass(frozen=True)
class Levels:
    """What one side's air and lung measure (HU)."""

    air: float
    lung: float

    @property
    def between(self) -> float:
        """Half way from air to lung."""
        return (self.air + self.lung) / 2

    @property
    def aerated(self) -> float:
        """What air and lung are below: a collapsed lung is denser than one that is not."""
        return max(_AERATED_HU, self.lung + _ABOVE_PARENCHYMA_HU)

    @property
    def wall(self) -> float:
        """Half way from air to the chest wall: a flat border there cuts no voxel's volume short."""
        return (self.air + _WALL_HU) / 2


class SlabMean:
    """Gaussian mean of air and lung around the voxels of one slice, walls and vessels left out.

    Parameters
    ----------
    hounsfield : ndarray of int16, shape [S, H, W]
    spacing_mm : tuple of float
        Slices, rows, columns.
    """

    def __init__(self, hounsfield: Hounsfield, spacing_mm: tuple[float, float, float]) -> None:
        self._hounsfield = hounsfield
        self._sigma = (_SIGMA_MM / spacing_mm[2], _SIGMA_MM / spacing_mm[1])
        reach = min(int(2.0 * _SIGMA_MM / spacing_mm[0]), 3)
        steps = np.arange(-reach, reach + 1)
        self._weights = {
            int(step): float(np.exp(-0.5 * (step * spacing_mm[0] / _SIGMA_MM) ** 2)) for step in steps
        }

    def __call__(self, index: int, box: tuple[slice, slice], aerated: float) -> NDArray[np.float32]:
        """Return the mean of what is below `aerated` (HU) in a box of slice `index`; 0 where nothing is."""
        shape = self._hounsfield[index][box].shape
        total, share = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        for step, weight in self._weights.items():
            if 0 <= index + step < len(self._hounsfield):
                plane = self._hounsfield[index + step][box]
                counted = (plane < aerated).astype(np.float32) * np.float32(weight)
                total += plane * counted
                share += counted
        total = cv2.GaussianBlur(total, (0, 0), self._sigma[0], sigmaY=self._sigma[1])
        share = cv2.GaussianBlur(share, (0, 0), self._sigma[0], sigmaY=self._sigma[1])
        mean: NDArray[np.float32] = np.divide(total, share, out=np.zeros_like(total), where=share > 1e-2)
        return mean


def air_border(
    plane: Hounsfield, mean: NDArray[np.float32], found: Mask, cavity: Mask, levels: Levels, pixel_mm: float
) -> Mask:
    """Draw the border of pleural air in one slice.

    At the wall it runs where the value is half way to tissue.  Towards the lung it runs along the
    ridge of the visceral pleura; where the slice is too thick to show one, half way to parenchyma.

    Parameters
    ----------
    plane : ndarray of int16, shape [H, W]
    mean : ndarray of float32, shape [H, W]
        From :class:`SlabMean`.
    found : ndarray of bool, shape [H, W]
        The air as found on the working grid, here or in the neighbouring slices.
    cavity : ndarray of bool, shape [H, W]
        Lung and pleural air, without airways, reaching a little into the wall.
    levels : Levels
    pixel_mm : float

    Returns
    -------
    ndarray of bool, shape [H, W]
    """
    reach = max(1, round(_PLEURA_MM / pixel_mm))
    near = cv2.dilate(found.view(np.uint8), disc(2 * reach)) > 0
    gas = (plane < levels.wall) & cavity
    pure = _touching((gas & near & (mean < levels.between)), found)
    if not pure.any():
        return pure
    around = cv2.dilate(pure.view(np.uint8), disc(reach)) > 0
    lung = gas & ~around
    if not lung.any():
        return gas & around
    smooth = cv2.GaussianBlur(plane.astype(np.float32), (0, 0), 0.5)
    # A wall at the level between air and lung, and above it the pleura's own height.
    height = np.where(
        smooth > levels.lung + _ABOVE_LUNG,
        smooth - np.float32(levels.between),
        -np.abs(smooth - np.float32(levels.between)),
    )
    markers = np.zeros(plane.shape, np.int32)
    markers[lung] = 2
    markers[pure] = 1
    filled: Mask = watershed(height, markers, mask=gas) == 1  # type: ignore[no-untyped-call]
    return filled


def _touching(mask: Mask, other: Mask) -> Mask:
    """Return the connected pieces of `mask` that share a pixel with `other`."""
    count, pieces = cv2.connectedComponents(mask.view(np.uint8), connectivity=4)
    kept = np.zeros(count, np.bool_)
    kept[np.unique(pieces[mask & other])] = True
    kept[0] = False
    touching: Mask = kept[pieces]
    return touching


def filled_lung(aerated: Mask, blocked: Mask, radius: int) -> Mask:
    """Return a lung with its vessels and what it encloses, in one slice.

    Parameters
    ----------
    aerated, blocked : ndarray of bool, shape [H, W]
        Aerated lung, and what is none whatever it encloses: pleural air, airways, the other lung.
    radius : int
        Of the bays (hilar vessels) that are counted as lung, in pixels.
    """
    closed = cv2.morphologyEx(
        cv2.copyMakeBorder(aerated.view(np.uint8), radius, radius, radius, radius, cv2.BORDER_CONSTANT),
        cv2.MORPH_CLOSE,
        disc(radius),
    )[radius:-radius, radius:-radius]
    contours, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(closed)
    cv2.drawContours(filled, contours, -1, 1, cv2.FILLED)
    return (filled > 0) & ~blocked
