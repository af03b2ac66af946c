"""Borders between superpixels: lines one device pixel wide at every zoom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .geometry import Geometry

_LIGHT = 0xA0F2F2F2
_DARK = 0x70000000


def border_pixels(labels: NDArray[np.int32], geometry: Geometry) -> NDArray[np.bool_]:
    """Return where one region meets another, for each device pixel of ``geometry.image_rectangle()``.

    Parameters
    ----------
    labels : ndarray of int32, shape [H, W]
        In the source grid.
    geometry : Geometry
    """
    seen = _nearest(labels, geometry)
    border = np.zeros(seen.shape, dtype=np.bool_)
    border[:, 1:] |= seen[:, 1:] != seen[:, :-1]
    border[1:] |= seen[1:] != seen[:-1]
    return border


def draw_borders(pixels: NDArray[np.uint32], labels: NDArray[np.int32], geometry: Geometry) -> None:
    """Draw the borders into ARGB32 `pixels`, with a dark edge that shows on white film."""
    border = border_pixels(labels, geometry)
    if border.shape != pixels.shape:
        return
    shade = np.zeros_like(border)
    shade[1:, 1:] = border[:-1, :-1]
    pixels[shade & ~border] = _premultiplied(_DARK)
    pixels[border] = _premultiplied(_LIGHT)


def _nearest(labels: NDArray[np.int32], geometry: Geometry) -> NDArray[np.int32]:
    """Return the label under the centre of each device pixel."""
    left, top, right, bottom = geometry.image_rectangle()
    if right <= left or bottom <= top:
        return labels[:0, :0]
    (a, b, shift_x), (c, d, shift_y) = geometry.inverse()
    across, down = np.arange(left, right) + 0.5, np.arange(top, bottom) + 0.5
    rows, columns = labels.shape
    # A view is turned in quarters only: each source axis follows one axis of the screen.
    if abs(a) > abs(b):
        x = _index(a * across + shift_x, columns)
        y = _index(d * down + shift_y, rows)
        return labels[np.ix_(y, x)]
    x = _index(b * down + shift_x, columns)
    y = _index(c * across + shift_y, rows)
    return labels[np.ix_(y, x)].T


def _index(points: NDArray[np.float64], length: int) -> NDArray[np.intp]:
    return np.clip(np.floor(points).astype(np.intp), 0, length - 1)


def _premultiplied(colour: int) -> np.uint32:
    alpha = colour >> 24
    channels = ((colour >> shift) & 0xFF for shift in (16, 8, 0))
    red, green, blue = (channel * alpha // 255 for channel in channels)
    return np.uint32(alpha << 24 | red << 16 | green << 8 | blue)
