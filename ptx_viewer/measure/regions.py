"""Statistics of the pixel values inside an ellipse or a rectangle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]

#: Types whose statistics OpenCV takes without a copy.
_FAST = frozenset(np.dtype(kind) for kind in (np.uint8, np.uint16, np.int16, np.float32, np.float64))


class RegionShape(StrEnum):
    """What lies between two opposite corners."""

    ELLIPSE = "ellipse"
    RECTANGLE = "rectangle"


@dataclass(frozen=True)
class Region:
    """An axis-parallel ellipse or rectangle in the source grid.

    Attributes
    ----------
    shape : RegionShape
    corner, opposite : tuple of float
        Two opposite corners of the rectangle, or of the one around the ellipse, as ``(row, column)``;
        whole numbers are the centres of pixels.
    """

    shape: RegionShape
    corner: Point
    opposite: Point

    @property
    def area(self) -> float:
        """Area of the shape itself in pixels, which need not be a whole number."""
        sides = abs(self.opposite[0] - self.corner[0]) * abs(self.opposite[1] - self.corner[1])
        return sides * math.pi / 4 if self.shape is RegionShape.ELLIPSE else sides

    def inside(self, grid: tuple[int, int]) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
        """Return the pixels of an image whose centres lie inside the shape or on its edge.

        Parameters
        ----------
        grid : tuple of int
            Rows and columns of the image.

        Returns
        -------
        window : tuple of slice
            The smallest part of the image that holds them; empty when there are none.
        mask : ndarray of bool
            In the grid of ``image[window]``.
        """
        (top, bottom), (left, right) = (sorted((self.corner[axis], self.opposite[axis])) for axis in (0, 1))
        rows = np.arange(max(math.ceil(top), 0), min(math.floor(bottom), grid[0] - 1) + 1)
        columns = np.arange(max(math.ceil(left), 0), min(math.floor(right), grid[1] - 1) + 1)
        window = (_slice(rows), _slice(columns))
        if self.shape is RegionShape.RECTANGLE or not rows.size or not columns.size:
            return window, np.ones((rows.size, columns.size), dtype=np.bool_)
        # An ellipse that is thinner than a pixel is a line: its centre counts as inside.
        half_height, half_width = max((bottom - top) / 2, 1e-9), max((right - left) / 2, 1e-9)
        down = ((rows - (top + bottom) / 2) / half_height) ** 2
        # The tolerance keeps a centre on the edge inside whatever the rounding.
        reach = half_width * np.sqrt(np.maximum(1 + 1e-9 - down, 0.0))[:, None]
        middle = (left + right) / 2
        first, last = np.ceil(middle - reach), np.floor(middle + reach)
        # Whole numbers compare several times faster than squares add up: a reader is dragging.
        places = columns.astype(np.int32)[None, :]
        return window, (places >= first.astype(np.int32)) & (places <= last.astype(np.int32))


@dataclass(frozen=True)
class RegionStatistics:
    """What the pixel values inside a region are like, in their own unit.

    Attributes
    ----------
    pixels : int
        How many pixels were counted.
    mean : float
    sd : float
        Standard deviation of these pixels (divided by their number, not by one less).
    minimum, maximum : float
    """

    pixels: int
    mean: float
    sd: float
    minimum: float
    maximum: float


def region_statistics(values: NDArray[np.generic], region: Region) -> RegionStatistics | None:
    """Return the statistics of the pixels whose centres lie in `region`.

    Parameters
    ----------
    values : ndarray, shape [H, W]
        Modality values, e.g. Hounsfield units; values that are no numbers are left out.
    region : Region

    Returns
    -------
    RegionStatistics or None
        None when the centre of no pixel with a value lies inside.
    """
    rows, columns = values.shape
    window, mask = region.inside((rows, columns))
    crop: NDArray[Any] = values[window]
    if crop.dtype not in _FAST:
        crop = crop.astype(np.float64)
    if crop.dtype.kind == "f":
        mask &= np.isfinite(crop)
    counted = mask.view(np.uint8)
    pixels = int(np.count_nonzero(counted))
    if not pixels:
        return None
    # One pass each without a copy of the values: the numbers follow the mouse.
    mean, sd = cv2.meanStdDev(crop, mask=counted)
    minimum, maximum, _, _ = cv2.minMaxLoc(crop, mask=counted)
    return RegionStatistics(
        pixels=pixels,
        mean=float(mean[0, 0]),
        sd=float(sd[0, 0]),
        minimum=float(minimum),
        maximum=float(maximum),
    )


def _slice(indices: NDArray[np.signedinteger]) -> slice:
    return slice(int(indices[0]), int(indices[-1]) + 1) if indices.size else slice(0, 0)
