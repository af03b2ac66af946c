"""One plane of a volume: greys, outlines, cursor, letters, and the mouse; keys are the window's."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from models.ct import Label
from ptx_viewer.rendering import MODEL_COLOUR
from ptx_viewer.study.image import Window
from ptx_viewer.study.luts import levels
from ptx_viewer.study.planes import Cursor, Plane, Planes
from ptx_viewer.ui import theme
from ptx_viewer.ui.viewport import MaskStyle
from ptx_viewer.ui.viewport.window import dragged

_NOTCH = 120
_LUNG_COLOUR = (150, 190, 225)
_GAP = "missing slices"
_AIR = (int(Label.RIGHT_PNEUMOTHORAX), int(Label.LEFT_PNEUMOTHORAX))
_LUNGS = (int(Label.RIGHT_LUNG), int(Label.LEFT_LUNG))


class PlaneView(QWidget):
    """Draws one plane to scale; a click or drag moves the cursor, the right button the window."""

    cursorMoved = Signal(object)
    windowChanged = Signal(object)
    activated = Signal()

    def __init__(self, plane: Plane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plane = plane
        self._planes: Planes | None = None
        self._labels: NDArray[np.uint8] | None = None
        self._cursor = Cursor(0, 0, 0)
        self._window = Window(-600, 1500)
        self._style = (MaskStyle.OUTLINE, 0.45)
        self._active = False
        self._picture: QImage | None = None
        self._made_for: tuple[object, ...] = ()
        self._drag: tuple[QPointF, Window] | None = None
        self._wheel = 0.0
        self.setMinimumSize(120, 100)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName(f"{plane.value} plane")

    @property
    def index(self) -> int:
        """Number of the plane shown, from 0."""
        return 0 if self._planes is None else self._planes.index(self.plane, self._cursor)

    @property
    def caption(self) -> str:
        """What is written in the corner, e.g. ``"Axial  45 / 300"``."""
        if self._planes is None:
            return self.plane.value
        return f"{self.plane.value}  {self.index + 1} / {self._planes.count(self.plane)}"

    def show_planes(self, planes: Planes | None, labels: NDArray[np.uint8] | None) -> None:
        """Show another volume, or other outlines on it."""
        self._planes, self._labels = planes, labels
        self._made_for = ()
        self.update()

    def set_cursor(self, cursor: Cursor) -> None:
        """Show the plane that passes the cursor."""
        self._cursor = cursor
        self.update()

    def set_window(self, window: Window) -> None:
        """Show with another window."""
        self._window = window
        self.update()

    def set_style(self, style: MaskStyle, opacity: float) -> None:
        """Draw pleural air as outline or fill, or hide outlines."""
        self._style = (style, opacity)
        self.update()

    def set_active(self, active: bool) -> None:
        """Frame the plane that the keys scroll."""
        self._active = active
        self.update()

    def step(self, by: int) -> None:
        """Go to the next or the previous plane."""
        if self._planes is not None:
            self.cursorMoved.emit(self._planes.moved(self.plane, self._cursor, self.index + by))

    def image_rect(self) -> QRectF:
        """Return where the plane is drawn, in the widget's own points."""
        if self._planes is None:
            return QRectF()
        height, width = self._planes.size_mm(self.plane)
        scale = min(self.width() / width, self.height() / height)
        return QRectF(
            (self.width() - width * scale) / 2,
            (self.height() - height * scale) / 2,
            width * scale,
            height * scale,
        )

    # ------------------------------------------------------------------ drawing

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw everything."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        if self._planes is not None:
            area = self.image_rect()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(area, self._rendered(self._planes))
            self._paint_cursor(painter, area, self._planes)
            self._paint_texts(painter, self._planes)
        if self._active:
            painter.setPen(QPen(QColor(theme.ACCENT), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _rendered(self, planes: Planes) -> QImage:
        wanted = (self.index, self._window, self._style, id(self._labels), id(planes))
        if self._picture is None or wanted != self._made_for:
            self._picture, self._made_for = self._render(planes), wanted
        return self._picture

    def _render(self, planes: Planes) -> QImage:
        values = planes.cut(planes.volume.hounsfield, self.plane, self.index)
        low, high = levels(self._window)
        # One multiply and add in float32: the display needs no more.
        grey = np.clip((values.astype(np.float32) - low) * (255.0 / max(high - low, 1e-6)), 0, 255).astype(
            np.uint8
        )
        colour = np.repeat(grey[..., None], 3, axis=2)
        gaps = planes.gaps(self.plane)
        if gaps is not None:
            colour[gaps] = 0
            colour[gaps, ::4] = (90, 60, 55)
        style, opacity = self._style
        if self._labels is not None and style is not MaskStyle.HIDDEN:
            labels = planes.cut(self._labels, self.plane, self.index)
            for group, tint, fills in ((_LUNGS, _LUNG_COLOUR, False), (_AIR, MODEL_COLOUR, True)):
                for value in group:
                    self._tint(
                        colour, labels == value, tint, opacity if fills and style is MaskStyle.FILL else 0.0
                    )
        rows, columns = grey.shape
        colour = np.ascontiguousarray(colour)
        return QImage(colour.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()

    @staticmethod
    def _tint(
        colour: NDArray[np.uint8], mask: NDArray[np.bool_], tint: tuple[int, int, int], opacity: float
    ) -> None:
        if not mask.any():
            return
        if opacity:
            blended = colour[mask] * (1 - opacity) + np.array(tint) * opacity
            colour[mask] = blended.astype(np.uint8)
        inner = cv2.erode(mask.view(np.uint8), np.ones((3, 3), np.uint8))
        colour[mask & (inner == 0)] = tint

    def _paint_cursor(self, painter: QPainter, area: QRectF, planes: Planes) -> None:
        down, across = planes.place(self.plane, self._cursor)
        x, y = area.left() + across * area.width(), area.top() + down * area.height()
        painter.setPen(QPen(QColor(255, 255, 255, 110), 1))
        gap = 9.0
        painter.drawLine(QPointF(area.left(), y), QPointF(x - gap, y))
        painter.drawLine(QPointF(x + gap, y), QPointF(area.right(), y))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, y - gap))
        painter.drawLine(QPointF(x, y + gap), QPointF(x, area.bottom()))

    def _paint_texts(self, painter: QPainter, planes: Planes) -> None:
        left, top, right, bottom = planes.letters(self.plane)
        inside = QRectF(self.rect()).adjusted(8, 6, -8, -6)
        flags = Qt.AlignmentFlag
        corner = self.caption
        if planes.gaps(self.plane) is not None:
            corner += f"  ({_GAP} hatched)"
        for words, place in (
            (left, flags.AlignLeft | flags.AlignVCenter),
            (top, flags.AlignHCenter | flags.AlignTop),
            (right, flags.AlignRight | flags.AlignVCenter),
            (bottom, flags.AlignHCenter | flags.AlignBottom),
            (corner, flags.AlignLeft | flags.AlignTop),
        ):
            painter.setPen(QColor(0, 0, 0, 220))
            painter.drawText(inside.translated(1, 1), int(place), words)
            painter.setPen(QColor(theme.TEXT))
            painter.drawText(inside, int(place), words)

    # ------------------------------------------------------------------ mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Move the cursor, or begin to drag the window."""
        self.activated.emit()
        self.setFocus()
        if event.button() is Qt.MouseButton.RightButton:
            self._drag = (event.position(), self._window)
        elif event.button() is Qt.MouseButton.LeftButton:
            self._point(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the mouse."""
        if self._drag is not None:
            start, window = self._drag
            way = event.position() - start
            self.windowChanged.emit(dragged(window, Window(-600, 1500), way.x(), way.y()))
        elif event.buttons() & Qt.MouseButton.LeftButton:
            self._point(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End dragging the window."""
        if event.button() is Qt.MouseButton.RightButton:
            self._drag = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll through the planes; fractions of a notch add up."""
        self._wheel -= event.angleDelta().y() / _NOTCH
        steps = int(self._wheel)
        self._wheel -= steps
        if steps:
            self.step(steps)
        event.accept()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Become the plane that keys scroll."""
        self.activated.emit()
        super().focusInEvent(event)

    def _point(self, position: QPointF) -> None:
        area = self.image_rect()
        if self._planes is None or area.isEmpty():
            return
        down = (position.y() - area.top()) / area.height()
        across = (position.x() - area.left()) / area.width()
        self.cursorMoved.emit(self._planes.cursor_at(self.plane, self._cursor, down, across))
