"""The linked cursor: a cross at the same pixel of another viewport, and the map's value beside it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, QSizeF
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QTransform

from .text import LIGHT, TextBlock

_ARM, _HOLE, _AWAY = 14.0, 4.0, 12.0


@dataclass(frozen=True)
class Readout:
    """What is read at one pixel of the film.

    Attributes
    ----------
    row, column : int
        In the source grid.
    text : str
        e.g. ``"SHAP +0.31"``; ``""`` for the cross alone.
    cross : bool
        Whether the pixel is marked: not where the mouse itself points at it.
    """

    row: int
    column: int
    text: str = ""
    cross: bool = True


def paint_readout(
    painter: QPainter, readout: Readout, to_screen: QTransform, size: QSizeF, font: QFont
) -> QRectF:
    """Draw the readout on a canvas of `size` logical pixels; return what its text covers."""
    point = to_screen.map(QPointF(readout.column + 0.5, readout.row + 0.5))
    if not QRectF(QPointF(0, 0), size).contains(point):
        return QRectF()
    if readout.cross:
        _paint_cross(painter, point)
    if not readout.text:
        return QRectF()
    block = TextBlock([readout.text], font)
    left = _beside(point.x(), block.width, size.width())
    top = _beside(point.y(), block.height, size.height())
    painter.fillRect(QRectF(left, top, block.width, block.height), QColor(0, 0, 0, 170))
    return block.paint(painter, left, top)


def _paint_cross(painter: QPainter, point: QPointF) -> None:
    x, y = point.x(), point.y()
    lines = [
        QLineF(x - _ARM, y, x - _HOLE, y),
        QLineF(x + _HOLE, y, x + _ARM, y),
        QLineF(x, y - _ARM, x, y - _HOLE),
        QLineF(x, y + _HOLE, x, y + _ARM),
    ]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for pen in (QPen(QColor(0, 0, 0, 200), 3), QPen(QColor(LIGHT), 1)):
        painter.setPen(pen)
        painter.drawLines(lines)


def _beside(point: float, extent: float, room: float) -> float:
    """Return where the text begins: after the point, or before it where the canvas ends."""
    return point + _AWAY if point + _AWAY + extent <= room else point - _AWAY - extent
