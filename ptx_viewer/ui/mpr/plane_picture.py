"""Greys, fills and outlines of one plane, each made once for what is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QTransform

from ptx_viewer.study.image import Window
from ptx_viewer.study.luts import levels
from ptx_viewer.study.planes import Plane, Planes
from ptx_viewer.ui.viewport import MaskStyle
from ptx_viewer.ui.viewport.outline import outline, outline_path

from .outlines import Outlines, section

_LUNG = QColor(150, 190, 225, 190)
_LINE, _SELECTED = 1.6, 2.4
_RIM = QColor(0, 0, 0, 120)
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

    def same_greys(self, other: Asked | None) -> bool:
        """Whether greys are the same."""
        return other is not None and (self.planes, self.index, self.window) == (
            other.planes, other.index, other.window,
        )  # fmt: skip

    def same_masks(self, other: Asked | None) -> bool:
        """Whether the masks under fill and outline are the same."""
        return other is not None and (self.planes, self.index, self.outlines) == (
            other.planes, other.index, other.outlines,
        )  # fmt: skip


class PlanePicture:
    """Draws one plane of a volume, pixel for pixel, and its outlines as lines."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._greys_of: Asked | None = None
        self._masks_of: Asked | None = None
        self._greys: QImage | None = None
        self._lungs: tuple[QPainterPath, ...] = ()
        self._air: tuple[tuple[NDArray[np.bool_], QColor, bool, QPainterPath], ...] = ()

    def paint(self, painter: QPainter, asked: Asked, to_view: QTransform) -> None:
        """Draw what is asked for, its pixels mapped by `to_view`."""
        if self._greys is None or not asked.same_greys(self._greys_of):
            self._greys, self._greys_of = self.greys(asked), asked
        # Hidden outlines are not made: they are still owed when they are shown again.
        if asked.style is not MaskStyle.HIDDEN and not asked.same_masks(self._masks_of):
            self._take_masks(asked)
            self._masks_of = asked
        painter.save()
        painter.setTransform(to_view, True)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(0, 0, self._greys)
        if asked.style is not MaskStyle.HIDDEN:
            self._paint_masks(painter, asked)
        painter.restore()

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
            painter.strokePath(line, _pen(_RIM, width + 1.6))
            painter.strokePath(line, _pen(colour, width))


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
