"""The working grid: the body's box at about 1.4 mm, where shapes are told apart quickly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

#: ``progress(fraction, message)``, fraction in 0..1; it raises to stop the work.
Progress = Callable[[float, str], None]

#: Finest pitch that shapes are told apart at (mm); borders are drawn in the slices' own grid.
_PITCH_MM = 1.4

Hounsfield = NDArray[np.int16]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class WorkingGrid:
    """A volume reduced by whole factors, by the mean of each block.

    Attributes
    ----------
    hounsfield : ndarray of int16, shape [s, h, w]
    factors : tuple of int
        Slices, rows and columns of the source in one voxel of this grid.
    spacing_mm : tuple of float
        Of this grid: slices, rows, columns.
    source_shape : tuple of int
    """

    hounsfield: Hounsfield
    factors: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    source_shape: tuple[int, int, int]

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel of this grid, taking slices as evenly spaced."""
        return float(np.prod(self.spacing_mm)) / 1000.0

    def in_plane(self, millimetres: float) -> int:
        """Return a distance in whole pixels of this grid, at least one."""
        return max(1, round(millimetres / self.spacing_mm[1]))

    def slices(self, millimetres: float) -> int:
        """Return a distance in whole slices of this grid, possibly none."""
        return round(millimetres / self.spacing_mm[0])

    def source_slice(self, mask: NDArray[np.bool_], index: int) -> Mask:
        """Return the plane of `mask` [s, h, w] that holds source slice `index`, in the source's own grid."""
        plane = mask[min(index // self.factors[0], len(mask) - 1)].view(np.uint8)
        rows, columns = plane.shape
        size = (columns * self.factors[2], rows * self.factors[1])
        full = cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST)
        out = np.zeros(self.source_shape[1:], np.bool_)
        # Rows that filled no block are left out of the working grid: the edge of the picture is no lung.
        out[: size[1], : size[0]] = full[: out.shape[0], : out.shape[1]] > 0
        return out

    def at_middles(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the label [s, h, w] of the source [S, H, W] in the middle of each block."""
        middles = tuple(
            slice(factor // 2, count * factor, factor)
            for factor, count in zip(self.factors, self.hounsfield.shape, strict=True)
        )
        return labels[middles]


def working_grid(
    hounsfield: Hounsfield, spacing_mm: tuple[float, float, float], progress: Progress
) -> WorkingGrid:
    """Reduce a volume to the working grid.

    Parameters
    ----------
    hounsfield : ndarray of int16, shape [S, H, W]
    spacing_mm : tuple of float
        Slices, rows, columns.
    progress : Progress
    """
    factors = (
        max(1, round(_PITCH_MM / spacing_mm[0])),
        max(1, round(_PITCH_MM / spacing_mm[1])),
        max(1, round(_PITCH_MM / spacing_mm[2])),
    )
    slices, rows, columns = hounsfield.shape
    shape = (max(slices // factors[0], 1), rows // factors[1], columns // factors[2])
    used = (shape[1] * factors[1], shape[2] * factors[2])
    reduced = np.empty(shape, np.int16)
    for place in range(shape[0]):
        progress(place / shape[0], "Reducing the slices")
        block = hounsfield[place * factors[0] : (place + 1) * factors[0], : used[0], : used[1]]
        # What lies outside the field of view is coded as -2000 or less by some scanners.
        plane = np.maximum(block.mean(axis=0, dtype=np.float32), -1024.0)
        reduced[place] = np.rint(
            cv2.resize(plane, (shape[2], shape[1]), interpolation=cv2.INTER_AREA)
        ).astype(np.int16)
    spacing = (
        spacing_mm[0] * factors[0],
        spacing_mm[1] * factors[1],
        spacing_mm[2] * factors[2],
    )
    return WorkingGrid(reduced, factors, spacing, (slices, rows, columns))


def disc(radius: int) -> NDArray[np.uint8]:
    """Return a disc as a structuring element for OpenCV."""
    element: NDArray[np.uint8] = cv2.getStructuringElement(
        cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)
    ).astype(np.uint8)
    return element


def each_slice(mask: Mask, operation: int, radius: int) -> Mask:
    """Apply an OpenCV morphology operation with a disc to every slice of a mask [s, h, w]."""
    element = disc(radius)
    out = np.empty_like(mask)
    for index, plane in enumerate(mask):
        out[index] = cv2.morphologyEx(plane.view(np.uint8), operation, element) > 0
    return out
