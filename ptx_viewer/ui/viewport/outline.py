"""The exact outline of a mask: closed polygons along pixel edges."""

from __future__ import annotations

import cv2
import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtGui import QPainterPath


def outline(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Trace the boundary of `mask` along pixel edges.

    At every corner of the boundary a horizontal run meets a vertical one; along a grid line the
    corners pair up in order.  Following the pairs alternately gives closed polygons.
    ``cv2.findContours`` would connect pixel centres instead, half a pixel inside.

    Parameters
    ----------
    mask : ndarray of bool, shape [H, W]

    Returns
    -------
    points : ndarray of int32, shape [N, 2]
        Corners ``(x, y)`` of all polygons, one after the other; pixel ``(r, c)`` covers
        ``[c, c + 1] x [r, r + 1]``.  Holes are polygons as well (odd-even rule).
    lengths : ndarray of int32, shape [P]
        Number of corners of each polygon.
    """
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    if width == 0:
        return np.empty((0, 2), np.int32), np.empty(0, np.int32)
    box = np.pad(mask[top : top + height, left : left + width].view(np.uint8), 1)
    across = box[:, :-1] ^ box[:, 1:]
    corner = across[:-1] ^ across[1:]
    # Two pixels that touch only diagonally: two polygons share the point between them.
    saddle = across[:-1] & across[1:] & (box[:-1, :-1] ^ box[1:, :-1])
    y, x = np.nonzero((corner | saddle).view(np.bool_))
    times = 1 + saddle[y, x].astype(np.intp)
    x, y = np.repeat(x, times), np.repeat(y, times)

    along_row = _partners(np.lexsort((x, y)))
    along_column = _partners(np.lexsort((y, x)))
    order: list[int] = []
    lengths: list[int] = []
    seen = bytearray(x.size)
    for first in range(x.size):
        if seen[first]:
            continue
        before = len(order)
        current = first
        while not seen[current]:
            partner = along_row[current]
            seen[current] = seen[partner] = 1
            order += (current, partner)
            current = along_column[partner]
        lengths.append(len(order) - before)
    points = np.column_stack([x[order] + left, y[order] + top]).astype(np.int32)
    return points, np.array(lengths, np.int32)


def outline_path(mask: NDArray[np.bool_]) -> QPainterPath:
    """Return the outline of `mask` as a painter path in source points; filling it fills the mask."""
    points, lengths = outline(mask)
    if not lengths.size:
        return QPainterPath()
    ends = np.cumsum(lengths)
    starts = ends - lengths
    closed = np.insert(points, ends, points[starts], axis=0).astype(np.float64)
    connect = np.ones(len(closed), dtype=np.int32)
    connect[ends + np.arange(lengths.size)] = 0
    x, y = np.ascontiguousarray(closed.T)
    return pg.arrayToQPath(x, y, connect=connect, finiteCheck=False)


def _partners(order: NDArray[np.intp]) -> list[int]:
    """Pair neighbours of `order`: first with second, third with fourth, and so on."""
    partner = np.empty_like(order)
    partner[order[0::2]] = order[1::2]
    partner[order[1::2]] = order[0::2]
    return partner.tolist()
