"""Corner labels, orientation letters, scale bar and colour bar: laid out so that none covers another."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QRectF, QSizeF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from ptx_viewer.study.image import Image2D, Window

from . import heatmap, labels
from .geometry import ViewState
from .layers import HeatmapLayer
from .orientation import edge_letters
from .text import LIGHT, TextBlock, shorten, wrap

MARGIN = 8.0
GAP = 6.0
_LETTER_PX = 17
#: Method, model and target stand first; the rest is in the panel and in the report.  A high canvas, as two
#: films side by side have, has room for more than this.
_CAPTION_LINES = 7
_CAPTION_SHARE = 1 / 4


@dataclass(frozen=True, eq=False)
class Annotations:
    """Everything that is written over one image.

    Attributes
    ----------
    window : Window or None
        None when the film is shown as the file asks.
    pixels_per_mm : float or None
        Logical pixels of the screen for a millimetre; None when uncalibrated.
    labels : bool
        Whether the corners are written; the colour bar is there in any case.
    """

    image: Image2D
    window: Window | None
    zoom_percent: float
    view: ViewState
    inverted: bool
    slice_index: int
    slices: int
    private: bool
    pixels_per_mm: float | None
    heatmap: HeatmapLayer | None
    labels: bool

    def paint(self, painter: QPainter, size: QSizeF, font: QFont) -> list[QRectF]:
        """Draw everything on a canvas of `size` and return the rectangles taken."""
        taken: list[QRectF] = []
        inset, free = 0.0, (size.height() - _LETTER_PX) / 2
        if self.heatmap is not None and self.heatmap.shown:
            area = self._bar_area(size, font)
            if area is not None:
                panel = area.adjusted(-GAP, -GAP - font.pixelSize() / 2, GAP, GAP + font.pixelSize() / 2)
                painter.fillRect(panel, QColor(0, 0, 0, 170))
                heatmap.paint_bar(painter, self.heatmap, font, area)
                taken.append(panel)
                inset, free = size.width() - panel.left(), panel.top()
        if self.labels:
            taken += self._letters(painter, size, font, inset)
            taken += self._corners(painter, size, font, free)
        elif self.heatmap is not None:
            # A heatmap is never shown without saying what it is.
            block = TextBlock(self._caption(font, size.width() / 2, size.height()), font)
            taken.append(block.paint(painter, MARGIN, size.height() - MARGIN - block.height))
        return taken

    def _corners(self, painter: QPainter, size: QSizeF, font: QFont, free_right: float) -> list[QRectF]:
        """Write the corners; at the right edge only `free_right` pixels are free from top and bottom."""
        room = self._room(size, font)
        line = TextBlock(["X"], font).height
        most = max(1, int(((size.height() - _LETTER_PX) / 2 - MARGIN - GAP) / line))
        most_right = max(1, int((free_right - MARGIN - GAP) / line))
        most_below = max(1, most_right - 1) if self.pixels_per_mm is not None else most_right

        top_left = labels.patient_lines(self.image, private=self.private)
        top_right = labels.image_lines(self.image, self.slice_index, self.slices)
        caption = self._caption(font, room, size.height())
        bottom_left = caption + labels.window_lines(
            self.image, self.window, self.zoom_percent, self.view, inverted=self.inverted
        )
        bottom_right = wrap(labels.calibration_text(self.image), font, room)

        def fitted(lines: list[str]) -> list[str]:
            return [shorten(text, font, room) for text in lines]

        taken = []
        low = size.height() - MARGIN
        right = size.width() - MARGIN
        block = TextBlock(fitted(top_left[:most]), font)
        taken.append(block.paint(painter, MARGIN, MARGIN))
        block = TextBlock(fitted(top_right[:most_right]), font, right=True)
        taken.append(block.paint(painter, right - block.width, MARGIN))
        block = TextBlock(fitted(bottom_left[-most:]), font)
        taken.append(block.paint(painter, MARGIN, low - block.height))
        # Where lines have to go, the basis stays: no millimetre without it.
        block = TextBlock(fitted(bottom_right[-most_below:]), font, right=True)
        taken.append(block.paint(painter, right - block.width, low - block.height))
        if self.pixels_per_mm is not None:
            taken.append(self._scale_bar(painter, right, low - block.height - GAP, room, font))
        return taken

    def _caption(self, font: QFont, room: float, height: float) -> list[str]:
        """Return the map's caption; on a narrow canvas its end gives way to the film."""
        lines = wrap(self.heatmap.caption, font, room) if self.heatmap is not None else []
        most = max(_CAPTION_LINES, int(height * _CAPTION_SHARE / QFontMetricsF(font).lineSpacing()))
        if len(lines) > most:
            lines = [*lines[: most - 1], shorten(f"{lines[most - 1]} …", font, room)]
        return lines

    def _room(self, size: QSizeF, font: QFont) -> float:
        """Width of a corner's text: half the canvas without the letter in the middle."""
        letters = edge_letters(self.image.orientation, self.view)
        middle = max(TextBlock([letter], _letter_font(font)).width for letter in (letters[1], letters[3]))
        return (size.width() - middle) / 2 - MARGIN - GAP

    def _letters(self, painter: QPainter, size: QSizeF, font: QFont, inset: float) -> list[QRectF]:
        taken = []
        left, top, right, bottom = (
            TextBlock([letter] if letter else [], _letter_font(font))
            for letter in edge_letters(self.image.orientation, self.view)
        )
        across, down = size.width() / 2, size.height() / 2
        for block, x, y in (
            (left, MARGIN, down - left.height / 2),
            (top, across - top.width / 2, MARGIN),
            (right, size.width() - MARGIN - right.width - inset, down - right.height / 2),
            (bottom, across - bottom.width / 2, size.height() - MARGIN - bottom.height),
        ):
            taken.append(block.paint(painter, x, y))
        return taken

    def _scale_bar(self, painter: QPainter, right: float, bottom: float, room: float, font: QFont) -> QRectF:
        """Draw a bar of a round length, its length written before it."""
        assert self.pixels_per_mm is not None
        millimetres = round_length(room * 0.6 / self.pixels_per_mm)
        name = f"{millimetres / 10:g} cm" if millimetres >= 10 else f"{millimetres:g} mm"
        block = TextBlock([name], font)
        left = right - millimetres * self.pixels_per_mm
        y = bottom - block.height / 2
        lines = [
            QLineF(left, y, right, y),
            QLineF(left, y - 4, left, y + 4),
            QLineF(right, y - 4, right, y + 4),
        ]
        for pen in (QPen(QColor(0, 0, 0, 230), 4), QPen(QColor(LIGHT), 1.5)):
            painter.setPen(pen)
            painter.drawLines(lines)
        block.paint(painter, left - GAP - block.width, bottom - block.height)
        start = left - GAP - block.width
        return QRectF(start, bottom - block.height, right - start, block.height)

    def _bar_area(self, size: QSizeF, font: QFont) -> QRectF | None:
        """Return the colour bar's rectangle at the right edge, between the corners; None without room."""
        assert self.heatmap is not None
        line = TextBlock(["X"], font).height
        # Up to five lines stand in the corner above, and the scale bar and three lines below.
        # On a narrow canvas a long bar would cover much of the film.
        longest = min(heatmap.LONGEST_BAR, max(heatmap.SHORTEST_BAR, size.width() / 2))
        height = min(size.height() - 2 * (MARGIN + 5 * line + GAP), longest)
        if height < heatmap.SHORTEST_BAR:
            height = min(size.height() - 2 * (MARGIN + GAP), heatmap.SHORTEST_BAR)
        extent = heatmap.bar_extent(self.heatmap, font)
        if height < heatmap.SHORTEST_BAR:
            return None
        return QRectF(size.width() - MARGIN - extent, (size.height() - height) / 2, extent, height)


def round_length(longest: float) -> float:
    """Return the largest of 1, 2, 5, 10, 20, 50 ... (or .1, .2, .5 ...) that is at most `longest`."""
    power = 10.0 ** math.floor(math.log10(longest))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= longest * (1 + 1e-9))


def _letter_font(font: QFont) -> QFont:
    bold = QFont(font)
    bold.setPixelSize(_LETTER_PX)
    bold.setBold(True)
    return bold
