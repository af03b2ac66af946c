"""The heatmap over the film, and the colour bar that gives its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen

from ptx_viewer.ui import colour_maps

from .borders import draw_borders
from .geometry import Geometry
from .layers import HeatmapLayer
from .pyramid import Pyramid
from .text import TextBlock

BAR_WIDTH = 14
SHORTEST_BAR = 60
LONGEST_BAR = 220
_TICK = 4


class Heatmap:
    """One heatmap ready to be drawn; sampled once for each view, coloured once for each style."""

    def __init__(self, layer: HeatmapLayer, previous: Heatmap | None = None) -> None:
        self.layer = layer
        same = previous is not None and (
            previous.layer.heatmap is layer.heatmap and previous.layer.signed == layer.signed
        )
        # Moving the opacity slider gives a new layer with the same map at every step.
        self._pyramid: Pyramid = (
            previous._pyramid
            if same and previous is not None
            else Pyramid(colour_maps.to_entries(layer.heatmap, layer.signed))
        )
        self._drawn: tuple[Any, QImage] | None = None

    def draw(self, geometry: Geometry) -> QImage:
        """Return the visible part for ``geometry.image_rectangle()``, transparent where it is zero."""
        if self._drawn is None or self._drawn[0] != geometry:
            self._drawn = (geometry, self._render(geometry))
        return self._drawn[1]

    def _render(self, geometry: Geometry) -> QImage:
        entries = self._pyramid.sample(geometry)
        height, width = entries.shape
        if height == 0 or width == 0:
            return QImage()
        layer = self.layer
        table = colour_maps.overlay_table(layer.colour_map, layer.signed, layer.opacity)
        pixels = np.take(table.view(np.uint32).ravel(), entries)
        if layer.regions is not None:
            draw_borders(pixels, layer.regions, geometry)
        form = QImage.Format.Format_ARGB32_Premultiplied
        return QImage(pixels.data, width, height, 4 * width, form).copy()


def bar_ticks(signed: bool) -> tuple[tuple[float, str], ...]:
    """Return position (0 bottom .. 1 top) and number of each tick of the colour bar."""
    if signed:
        return (0.0, "−1"), (0.5, "0"), (1.0, "+1")
    return (0.0, "0"), (0.5, "0.5"), (1.0, "1")


def bar_extent(layer: HeatmapLayer, font: QFont) -> float:
    """Return the width that the colour bar takes with its numbers, in logical pixels."""
    numbers = max(TextBlock([number], font).width for _, number in bar_ticks(layer.signed))
    return BAR_WIDTH + _TICK + 2 + numbers


def paint_bar(painter: QPainter, layer: HeatmapLayer, font: QFont, area: QRectF) -> QRectF:
    """Draw the bar at the left of `area`, its numbers right of it; return the bar's rectangle."""
    table = colour_maps.colours(layer.colour_map, layer.signed)
    if layer.signed:
        # Entry 0 repeats entry 1: without it zero stands exactly in the bar's middle.
        table = table[1:]
    column = np.ascontiguousarray(table[::-1, None, :])
    image = QImage(column.data, 1, len(column), 3, QImage.Format.Format_RGB888).copy()
    bar = QRectF(area.left(), area.top(), BAR_WIDTH, area.height())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=False)
    painter.drawImage(bar, image)
    painter.setPen(QPen(QColor(0, 0, 0), 3))
    painter.drawRect(bar)
    painter.setPen(QPen(QColor("#f2f2f2"), 1))
    painter.drawRect(bar)
    for position, number in bar_ticks(layer.signed):
        y = bar.bottom() - position * bar.height()
        painter.setPen(QPen(QColor("#f2f2f2"), 1))
        painter.drawLine(int(bar.right()), int(y), int(bar.right() + _TICK), int(y))
        block = TextBlock([number], font)
        block.paint(painter, bar.right() + _TICK + 2, y - block.height / 2)
    painter.restore()
    return bar
