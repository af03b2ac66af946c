"""Greys, fills and outlines of one plane, each made once for what is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPixmap, QTransform

from ptx_viewer.study.image import Window
from ptx_viewer.study.luts import levels
from ptx_viewer.study.planes import Plane, Planes
from ptx_viewer.ui.viewport import MaskStyle
from ptx_viewer.ui.viewport.outline import outline, outline_path

from .outlines import Outlines, section

_LUNG = QColor(150, 190, 225, 190)
_LINE, _SELECTED = 1.6, 2.4
_RIM = QColor(0, 0, 0, 190)
_HATCH = (90, 60, 55)


@dataclass(frozen=True, eq=False)
class Asked:
    """What a plane is to show; two are the same picture if all of it is the same.

    Attributes
    ----------
    planes : Planes
    index : int
    window : Window
    outlines : Outlines
    style : MaskStyle
    opacity : float
    stroke : ndarray of bool, shape [H, W], or None
        The selected finding while it is painted.
    """

    planes: Planes
    index: int
    window: Window
    outlines: Outlines
    style: MaskStyle
    opacity: float
    stroke: NDArray[np.bool_] | None = None

    def same_masks(self, other: Asked | None) -> bool:
        """Whether the masks under fill and outline are the same."""
        return other is not None and (self.planes, self.index, self.outlines) == (
            other.planes, other.index, other.outlines,
        )  # fmt: skip


class PlanePicture:
    """Draws one plane of a volume, pixel for pixel, and its outlines as lines.

    Greys and outlines are kept as they are on the screen: dragging the window leaves the outlines, and
    the cursor of another plane passes over both many times a second.
    """

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._greys = _Layer()
        self._masks = _Layer()
        self._masks_of: Asked | None = None
        self._lungs: tuple[QPainterPath, ...] = ()
        self._air: tuple[tuple[NDArray[np.bool_], QColor, bool, QPainterPath], ...] = ()

    def paint(self, painter: QPainter, asked: Asked, to_view: QTransform, view: QSize) -> None:
        """Draw what is asked for in a view of that size, pixels mapped by `to_view`."""
        ratio = painter.device().devicePixelRatioF()
        own = self._greys.begin((asked.planes, asked.index, asked.window, to_view, view), view, ratio)
        if own is not None:
            own.setTransform(to_view)
            own.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            own.drawImage(0, 0, self.greys(asked))
            own.end()
        self._greys.paint(painter)
        if asked.style is MaskStyle.HIDDEN and asked.stroke is None:
            return
        if not asked.same_masks(self._masks_of):
            self._take_masks(asked)
            self._masks_of = asked
        wanted = (asked.planes, asked.index, asked.outlines, asked.style, asked.opacity, to_view, view)
        own = self._masks.begin(None if asked.stroke is not None else wanted, view, ratio)
        if own is not None:
            own.setTransform(to_view)
            self._paint_masks(own, asked)
            own.end()
        self._masks.paint(painter)

    def greys(self, asked: Asked) -> QImage:
        """Return the plane in its window, gaps between slices hatched."""
        planes = asked.planes
        values = planes.cut(planes.volume.hounsfield, self._plane, asked.index)
        low, high = levels(asked.window)
        # One multiply and add in float32: the display needs no more.
        scaled = (values.astype(np.float32) - low) * (255.0 / max(high - low, 1e-6))
        grey = np.ascontiguousarray(np.clip(scaled, 0, 255).astype(np.uint8))
        rows, columns = grey.shape
        gaps = planes.gaps(self._plane)
        if gaps is None:
            return QImage(grey.data, columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
        colour = np.repeat(grey[..., None], 3, axis=2)
        colour[gaps] = 0
        colour[gaps, ::4] = _HATCH
        return QImage(colour.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()

    def _take_masks(self, asked: Asked) -> None:
        planes, index, outlines = asked.planes, asked.index, asked.outlines
        self._lungs = tuple(_path(mask) for mask in outlines.lungs(planes, self._plane, index) if mask.any())
        self._air = tuple(
            (mask, QColor(one.colour), one.selected, _path(mask))
            for one in outlines.findings
            for mask in (section(one.mask, planes, self._plane, index),)
            if mask.any() or one.selected
        )

    def _paint_masks(self, painter: QPainter, asked: Asked) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for path in self._lungs:
            painter.strokePath(path, _pen(_LUNG, 1.0))
        for mask, colour, selected, path in self._air:
            shown, line = mask, path
            if selected and asked.stroke is not None:
                shown, line = asked.stroke, _path(asked.stroke)
            if asked.style is MaskStyle.FILL or (selected and asked.stroke is not None):
                painter.drawImage(0, 0, _filled(shown, colour, asked.opacity))
            width = _SELECTED if selected else _LINE
            painter.strokePath(line, _pen(_RIM, width + 2.0))
            painter.strokePath(line, _pen(colour, width))


class _Layer:
    """A transparent picture of the whole view, drawn anew only when something else is wanted."""

    def __init__(self) -> None:
        self._pixmap = QPixmap()
        self._of: tuple[object, ...] | None = None

    def begin(self, wanted: tuple[object, ...] | None, view: QSize, ratio: float) -> QPainter | None:
        """Return what to draw with; None when the picture is there. `wanted` None is never kept."""
        if wanted is not None and (*wanted, ratio) == self._of:
            return None
        self._of = None if wanted is None else (*wanted, ratio)
        self._pixmap = QPixmap(view * ratio)
        self._pixmap.setDevicePixelRatio(ratio)
        self._pixmap.fill(Qt.GlobalColor.transparent)
        return QPainter(self._pixmap)

    def paint(self, painter: QPainter) -> None:
        painter.drawPixmap(0, 0, self._pixmap)


def _path(mask: NDArray[np.bool_]) -> QPainterPath:
    return outline_path(*outline(mask), 0.0)


def _pen(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    # In points of the screen however far the plane is magnified.
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def _filled(mask: NDArray[np.bool_], colour: QColor, opacity: float) -> QImage:
    rows, columns = mask.shape
    alpha = np.ascontiguousarray(mask.view(np.uint8) * np.uint8(round(255 * opacity)))
    fill = QImage(columns, rows, QImage.Format.Format_ARGB32)
    fill.fill(colour)
    fill.setAlphaChannel(QImage(alpha.data, columns, rows, columns, QImage.Format.Format_Grayscale8))
    return fill
