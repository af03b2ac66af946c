"""Reduced copies of an image, and its resampling to device pixels.

Bilinear sampling alone aliases when an image is shown at less than half its size, and
reducing 9 million pixels at every repaint is slow; so each halving is averaged once and the
smallest copy that still has enough pixels is sampled.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .geometry import Geometry

Array = NDArray[Any]


class Pyramid:
    """An image [H, W] or [H, W, 3] of uint8 or uint16, and its halvings."""

    def __init__(self, base: Array) -> None:
        self._levels: list[Array] = [np.ascontiguousarray(base)]

    @property
    def base(self) -> Array:
        """The image in its own grid."""
        return self._levels[0]

    def sample(self, geometry: Geometry) -> Array:
        """Return the visible part of the image, one value a device pixel.

        The result covers ``geometry.image_rectangle()`` and may be empty.
        """
        left, top, right, bottom = geometry.image_rectangle()
        if right <= left or bottom <= top:
            return self.base[:0, :0]
        if geometry.zoom == 1.0 and geometry.aspect == (1.0, 1.0):
            return self._exact(geometry)
        level = self._level(geometry.zoom * max(geometry.aspect))
        # From the centre of a device pixel to the centre of a pixel of the chosen level.
        inverse = geometry.inverse()
        inverse[:, 2] += inverse[:, :2] @ (left + 0.5, top + 0.5)
        rows, columns = self.base.shape[:2]
        inverse[0] *= level.shape[1] / columns
        inverse[1] *= level.shape[0] / rows
        inverse[:, 2] -= 0.5
        crop, origin = _needed(level, inverse, (right - left, bottom - top))
        inverse[:, 2] -= origin
        return cv2.warpAffine(
            crop,
            inverse,
            (right - left, bottom - top),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def _exact(self, geometry: Geometry) -> Array:
        """Copy pixels one to one: no interpolation may touch a value."""
        left, top, right, bottom = geometry.image_rectangle()
        corners = np.array([geometry.to_source(left, top), geometry.to_source(right, bottom)])
        (x0, y0), (x1, y1) = np.rint(np.sort(corners, axis=0)).astype(int)
        crop = self.base[y0:y1, x0:x1]
        (a, b), (c, d) = geometry.view.symmetry
        if b:
            crop = crop.swapaxes(0, 1)
        return np.ascontiguousarray(crop[:: c + d, :: a + b])

    def _level(self, zoom: float) -> Array:
        """Return the smallest copy with at least one pixel for each device pixel."""
        index = 0
        while zoom * 2 ** (index + 1) <= 1 and min(self.base.shape[:2]) >> (index + 1) >= 1:
            index += 1
        while len(self._levels) <= index:
            finer = self._levels[-1]
            rows, columns = (finer.shape[0] + 1) // 2, (finer.shape[1] + 1) // 2
            self._levels.append(cv2.resize(finer, (columns, rows), interpolation=cv2.INTER_AREA))
        return self._levels[index]


def _needed(
    level: Array, inverse: NDArray[np.float64], size: tuple[int, int]
) -> tuple[Array, NDArray[np.float64]]:
    """Cut `level` down to what the target needs; OpenCV refuses images beyond 32767 columns."""
    corners = inverse @ np.array([[0, size[0], 0, size[0]], [0, 0, size[1], size[1]], [1, 1, 1, 1]])
    # An image thinner than a device pixel is drawn as one: its middle may lie beside the image.
    last = np.array(level.shape[1::-1]) - 1
    low = np.clip(np.floor(corners.min(axis=1)).astype(int) - 2, 0, last)
    high = np.maximum(np.ceil(corners.max(axis=1)).astype(int) + 3, low + 1)
    crop = level[low[1] : high[1], low[0] : high[0]]
    return np.ascontiguousarray(crop), low.astype(np.float64)
