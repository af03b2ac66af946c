"""One stroke of the brush or the eraser, in the source grid."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


class Stroke:
    """A stroke in progress on a copy of a mask.

    Parameters
    ----------
    mask : ndarray of bool, shape [H, W]
        Left unchanged.
    radius : float
        In source pixels.
    erase : bool
    """

    def __init__(self, mask: NDArray[np.bool_], radius: float, *, erase: bool) -> None:
        self.mask = mask.copy()
        self._before = mask
        self._radius = radius
        self._value = not erase
        self._last: tuple[float, float] | None = None

    @property
    def changed(self) -> bool:
        """Whether any pixel differs from before the stroke."""
        return not np.array_equal(self.mask, self._before)

    @property
    def touched(self) -> NDArray[np.bool_]:
        """Which pixels differ from before the stroke."""
        return self.mask ^ self._before

    def move_to(self, x: float, y: float) -> None:
        """Paint from the last point to the source point ``(x, y)``.

        A pixel is painted when its centre lies within the radius of the segment; the pixel under
        the point always is, however small the brush.
        """
        x0, y0 = self._last if self._last is not None else (x, y)
        self._last = (x, y)
        rows, columns = self.mask.shape
        reach = self._radius
        top, bottom = max(math.floor(min(y0, y) - reach), 0), min(math.ceil(max(y0, y) + reach), rows)
        left, right = max(math.floor(min(x0, x) - reach), 0), min(math.ceil(max(x0, x) + reach), columns)
        if top < bottom and left < right:
            down = np.arange(top, bottom, dtype=np.float32)[:, None] + 0.5 - y0
            across = np.arange(left, right, dtype=np.float32)[None, :] + 0.5 - x0
            run, rise = x - x0, y - y0
            length = run * run + rise * rise
            # Below that a segment is a point, and the division could overflow.
            share = np.clip((across * run + down * rise) / length, 0, 1) if length > 1e-9 else np.float32(0)
            distance = (across - share * run) ** 2 + (down - share * rise) ** 2
            self.mask[top:bottom, left:right][distance <= reach * reach] = self._value
        row, column = math.floor(y), math.floor(x)
        if 0 <= row < rows and 0 <= column < columns:
            self.mask[row, column] = self._value
