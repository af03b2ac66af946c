"""How a row of the series browser is drawn: thumbnail, what it is, and its badges."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from . import theme
from .badges import Badge

KIND = Qt.ItemDataRole.UserRole
KEY = Qt.ItemDataRole.UserRole + 1
SUBTITLE = Qt.ItemDataRole.UserRole + 2

PATIENT, STUDY, ITEM, UNREADABLE_HEADER, UNREADABLE = "patient", "study", "item", "bad-header", "bad"

_THUMBNAIL = 60
_NARROW = 120
_MARGIN = 6
AnyIndex = QModelIndex | QPersistentModelIndex


class BrowserDelegate(QStyledItemDelegate):
    """Draws rows; asks for a thumbnail when its row first comes into view."""

    def __init__(
        self,
        wanted: Callable[[str], NDArray[np.uint8] | None],
        badges_of: Callable[[str], tuple[Badge, ...]],
        shown: Callable[[str], bool],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._wanted = wanted
        self._badges_of = badges_of
        self._shown = shown
        self._pixmaps: dict[str, QPixmap] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """Return the height of a row by its kind."""
        kind = index.data(KIND)
        line = QFontMetrics(option.font).height()
        if kind == ITEM and self._narrow():
            return QSize(_THUMBNAIL, _THUMBNAIL + 2 * (line + 1) + _MARGIN)
        if kind == ITEM:
            return QSize(100, max(_THUMBNAIL, 3 * line + 2) + _MARGIN)
        if kind == UNREADABLE:
            return QSize(100, 2 * line + _MARGIN)
        return QSize(100, line + _MARGIN)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw one row."""
        painter.save()
        kind = index.data(KIND)
        rect = option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if kind in (ITEM, UNREADABLE):
            if selected:
                painter.fillRect(rect, QColor(theme.HOVER))
            elif option.state & QStyle.StateFlag.State_MouseOver:
                painter.fillRect(rect, QColor(theme.RAISED))
        if kind == ITEM:
            self._paint_item(painter, option, index, rect)
        else:
            self._paint_text(painter, option, index, rect)
        painter.restore()

    def _paint_item(
        self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex, rect: QRect
    ) -> None:
        key = index.data(KEY)
        narrow = self._narrow()
        start = (self._width() - _THUMBNAIL) // 2 if narrow else rect.left() + 4
        box = QRect(start, rect.top() + _MARGIN // 2, _THUMBNAIL, _THUMBNAIL)
        painter.fillRect(box, QColor("#000000"))
        pixmap = self._pixmap(key)
        if pixmap is not None:
            size = pixmap.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(box.topLeft(), size)
            target.moveCenter(box.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, pixmap)
        if self._shown(key):
            painter.setPen(QColor(theme.ACCENT))
            painter.drawRect(box.adjusted(0, 0, -1, -1))
        line = QFontMetrics(option.font).height()
        left, top = (rect.left() + 4, box.bottom() + 2) if narrow else (box.right() + 7, box.top())
        lines = [(index.data(Qt.ItemDataRole.DisplayRole), theme.TEXT), (index.data(SUBTITLE), theme.QUIET)]
        lines += [(badge.text, badge.colour) for badge in self._badges_of(key)]
        if len(lines) > 3 or narrow:
            # Two badges matter more than what the series calls itself.
            del lines[1]
        if len(lines) > 2 and narrow:
            del lines[0]
        for text, colour in lines:
            self._line(painter, option.font, QRect(left, top, rect.right() - left - 2, line), text, colour)
            top += line + 1

    def _narrow(self) -> bool:
        return is_narrow(self._width())

    def _width(self) -> int:
        view = self.parent()
        assert isinstance(view, QAbstractItemView)
        return view.viewport().width()

    def _paint_text(
        self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex, rect: QRect
    ) -> None:
        kind = index.data(KIND)
        font = QFont(option.font)
        font.setBold(kind in (PATIENT, UNREADABLE_HEADER))
        line = QFontMetrics(font).height()
        area = QRect(rect.left() + 4, rect.top() + _MARGIN // 2, rect.width() - 6, line)
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        colour = theme.QUIET if kind == STUDY else theme.TEXT
        self._line(painter, font, area, text, colour)
        if kind == UNREADABLE:
            area.translate(0, line)
            self._line(painter, font, area, str(index.data(SUBTITLE)), theme.PROBLEM)

    def _pixmap(self, key: str) -> QPixmap | None:
        if key not in self._pixmaps:
            picture = self._wanted(key)
            if picture is None:
                return None
            self._pixmaps[key] = to_pixmap(picture)
        return self._pixmaps[key]

    @staticmethod
    def _line(painter: QPainter, font: QFont, rect: QRect, text: str, colour: str) -> None:
        painter.setFont(font)
        painter.setPen(QColor(colour))
        elided = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)


def is_narrow(width: int) -> bool:
    """Whether a browser of this width has no room for text beside a thumbnail."""
    return width < _NARROW


def to_pixmap(picture: NDArray[np.uint8]) -> QPixmap:
    """Turn a thumbnail, uint8 [H, W] or [H, W, 3], into a pixmap."""
    data = np.ascontiguousarray(picture)
    height, width = data.shape[:2]
    grey = data.ndim == 2
    kind = QImage.Format.Format_Grayscale8 if grey else QImage.Format.Format_RGB888
    image = QImage(data.data, width, height, data.strides[0], kind)
    return QPixmap.fromImage(image.copy())
