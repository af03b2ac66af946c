"""Text that stays legible over black and over white film: light letters with a dark rim."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPixmap

LIGHT = "#f2f2f2"
#: Dark rim and the softer shade around it: distance in logical pixels, opacity of one of its steps.
_SHADE = (2.5, 0.18), (1.25, 0.8)
_RIM = _SHADE[0][0]
_STEPS = 12
_KEPT = 64


class TextBlock:
    """Lines of text of one colour, painted once and kept as a picture."""

    _cache: ClassVar[OrderedDict[tuple[object, ...], QPixmap]] = OrderedDict()

    def __init__(
        self,
        lines: Sequence[str],
        font: QFont,
        *,
        right: bool = False,
        centred: bool = False,
        colour: str = LIGHT,
    ) -> None:
        self._lines = tuple(lines)
        self._font = font
        # Share of the free width that stands before a line.
        self._before = 1.0 if right else 0.5 if centred else 0.0
        self._colour = colour
        metrics = QFontMetricsF(font)
        self._line_height = metrics.lineSpacing()
        self._ascent = metrics.ascent()
        self._advances = [metrics.horizontalAdvance(line) for line in self._lines]
        self.width = max(self._advances, default=0.0) + 2 * _RIM
        self.height = self._line_height * len(self._lines) + (2 * _RIM if self._lines else 0)

    def paint(self, painter: QPainter, left: float, top: float) -> QRectF:
        """Draw the block with its corner at a logical point and return what it covers."""
        if not self._lines:
            return QRectF(left, top, 0, 0)
        ratio = painter.device().devicePixelRatioF()
        # On whole device pixels, so that the picture is copied and not interpolated.
        corner = QPointF(round(left * ratio) / ratio, round(top * ratio) / ratio)
        painter.drawPixmap(corner, self._picture(ratio))
        return QRectF(left, top, self.width, self.height)

    def _picture(self, ratio: float) -> QPixmap:
        key = (self._lines, self._font.key(), self._before, self._colour, ratio)
        picture = self._cache.pop(key, None)
        if picture is None:
            picture = QPixmap(int(self.width * ratio) + 2, int(self.height * ratio) + 2)
            picture.setDevicePixelRatio(ratio)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            self._letter(painter)
            painter.end()
        self._cache[key] = picture
        if len(self._cache) > _KEPT:
            self._cache.popitem(last=False)
        return picture

    def _letter(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        painter.setFont(self._font)
        for index, (line, advance) in enumerate(zip(self._lines, self._advances, strict=True)):
            left = _RIM + self._before * (self.width - 2 * _RIM - advance)
            base = QPointF(left, _RIM + self._ascent + index * self._line_height)
            # The rim is the text itself, moved: a stroked path would not follow the hinted letters.
            for distance, opacity in _SHADE:
                painter.setPen(QColor.fromRgbF(0, 0, 0, opacity))
                for step in range(_STEPS):
                    turn = 2 * math.pi * step / _STEPS
                    offset = QPointF(distance * math.cos(turn), distance * math.sin(turn))
                    painter.drawText(base + offset, line)
            painter.setPen(QColor(self._colour))
            painter.drawText(base, line)


def wrap(text: str, font: QFont, width: float) -> list[str]:
    """Break `text` at spaces (at no-break spaces only where it must be) into lines no wider than `width`.

    A word that is longer is shortened.
    """
    metrics = QFontMetricsF(font)
    words: list[str] = []
    for word in filter(None, text.split(" ")):
        words += [word] if metrics.horizontalAdvance(word) <= width else word.split()
    lines: list[str] = []
    for word in words:
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and metrics.horizontalAdvance(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    if len(lines) > 1 and len(lines[-1]) <= 3 and " " in lines[-2]:
        # A unit does not stand alone on a line.
        lines[-2], word = lines[-2].rsplit(" ", 1)
        lines[-1] = f"{word} {lines[-1]}"
    return [shorten(line, font, width) for line in lines]


def shorten(text: str, font: QFont, width: float) -> str:
    """Cut `text` to `width` logical pixels with an ellipsis."""
    return QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, max(width, 0))
