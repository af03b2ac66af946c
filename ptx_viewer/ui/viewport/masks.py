"""Masks over the film: outline or fill, and the label beside each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen, QPixmap, QTransform

from .geometry import Geometry
from .layers import MaskLayer, MaskStyle
from .outline import outline, outline_path
from .text import TextBlock

LINE = 2.0
SELECTED_LINE = 3.0
CONTEXT_LINE = 1.3


#: How far a line may stray from the pixels' edges on the screen, in device pixels.
_TOLERANCE = 0.35


class MaskOutline:
    """A layer and the polygons around its mask in source points."""

    def __init__(self, layer: MaskLayer, previous: MaskOutline | None = None) -> None:
        self.layer = layer
        self._polygons: tuple[NDArray[np.int32], NDArray[np.int32]] = (
            previous._polygons
            if previous is not None and previous.layer.mask is layer.mask
            else outline(layer.mask)
        )

    @property
    def box(self) -> QRectF:
        """The tightest rectangle around the mask in source points; empty for an empty mask."""
        points = self._polygons[0]
        if not points.size:
            return QRectF()
        (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        return QRectF(left, top, right - left, bottom - top)

    def path(self, zoom: float) -> QPainterPath:
        """Return the outline for a zoom in device pixels per source pixel."""
        # Steps that can be told apart on the screen are kept exactly.
        tolerance = _TOLERANCE / zoom
        return outline_path(*self._polygons, tolerance if zoom < 0.5 else 0.0)


class MaskOverlay:
    """All masks of the image shown, painted once for each view and kept as a picture."""

    def __init__(self) -> None:
        self._items: tuple[MaskOutline, ...] = ()
        self._style = MaskStyle.OUTLINE
        self._opacity = 0.35
        self._stroke: MaskOutline | None = None
        self._picture: tuple[Any, QPixmap] | None = None

    @property
    def items(self) -> tuple[MaskOutline, ...]:
        """The masks that are visible, in drawing order."""
        return () if self._style is MaskStyle.HIDDEN else self._items

    def find(self, finding_id: str | None) -> MaskLayer | None:
        """Return the layer of a finding, if there is one."""
        return next((item.layer for item in self._items if item.layer.finding_id == finding_id), None)

    def set_layers(self, layers: Sequence[MaskLayer]) -> None:
        """Replace all masks; outlines of masks that stay are kept."""
        known = {item.layer.finding_id: item for item in self._items}
        self._items = tuple(MaskOutline(layer, known.get(layer.finding_id)) for layer in layers)
        self._picture = None

    def replace_mask(self, finding_id: str, mask: NDArray[np.bool_]) -> None:
        """Replace the mask of one finding."""
        self.set_layers(
            [
                replace(item.layer, mask=mask) if item.layer.finding_id == finding_id else item.layer
                for item in self._items
            ]
        )

    def set_style(self, style: MaskStyle, opacity: float) -> None:
        """Choose outline, fill or nothing, and the opacity of the fill, 0..1."""
        self._style, self._opacity = style, opacity
        self._picture = None

    def show_stroke(self, finding_id: str, mask: NDArray[np.bool_] | None) -> None:
        """Show a mask while it is painted in place of the finding's own; None ends that."""
        if mask is None or self._stroke is None:
            self._picture = None
        layer = self.find(finding_id)
        self._stroke = MaskOutline(replace(layer, mask=mask)) if mask is not None and layer else None

    def paint(self, painter: QPainter, geometry: Geometry, ratio: float) -> None:
        """Draw all masks; the one being painted is visible even when masks are hidden."""
        key = (geometry, ratio)
        if self._picture is None or self._picture[0] != key:
            self._picture = (key, self._paint_picture(geometry, ratio))
        painter.drawPixmap(0, 0, self._picture[1])
        if self._stroke is not None:
            style = MaskStyle.OUTLINE if self._style is MaskStyle.HIDDEN else self._style
            paint_mask(painter, self._stroke, style, self._opacity, geometry, ratio)

    def _paint_picture(self, geometry: Geometry, ratio: float) -> QPixmap:
        picture = QPixmap(*geometry.canvas)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        for item in self.items:
            if self._stroke is None or item.layer.finding_id != self._stroke.layer.finding_id:
                paint_mask(painter, item, self._style, self._opacity, geometry, ratio)
        painter.end()
        return picture


def paint_mask(
    painter: QPainter,
    item: MaskOutline,
    style: MaskStyle,
    opacity: float,
    geometry: Geometry,
    ratio: float,
) -> None:
    """Draw one mask; lines keep their width at every zoom."""
    layer = item.layer
    style = MaskStyle.OUTLINE if layer.dashed or layer.context else style
    shape = screen_transform(geometry, ratio).map(item.path(geometry.zoom))
    colour = QColor(layer.colour)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if style is MaskStyle.FILL:
        filling = QColor(colour)
        filling.setAlphaF(min(max(opacity, 0.0), 1.0))
        painter.fillPath(shape, filling)
        if not layer.selected:
            return
    width = SELECTED_LINE if layer.selected else CONTEXT_LINE if layer.context else LINE
    # The dark rim keeps a light line visible over white film; a thin line must not hide a thick one.
    rim = 0 if layer.context else 2
    for line, tint in ((width + rim, QColor(0, 0, 0, 150)), (width, colour)):
        pen = QPen(tint, line)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        if layer.dashed:
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            pen.setDashPattern([7 / line, 4 / line])
        painter.strokePath(shape, pen)


def paint_labels(
    painter: QPainter,
    outlines: Sequence[MaskOutline],
    to_screen: QTransform,
    font: QFont,
    area: QRectF,
    taken: Sequence[QRectF],
) -> None:
    """Write each label beside its mask, where it covers neither a mask nor other text.

    A label without such a place is left out: it would hide what it names.
    """
    boxes = [to_screen.mapRect(item.box) for item in outlines]
    occupied = [*taken, *boxes]
    for item, box in zip(outlines, boxes, strict=True):
        if not item.layer.label or item.box.isEmpty() or not box.intersects(area):
            continue
        block = TextBlock([item.layer.label], font, colour=item.layer.colour)
        for place in _places(box, block.width, block.height):
            if area.contains(place) and not any(place.intersects(other) for other in occupied):
                block.paint(painter, place.left(), place.top())
                occupied.append(place)
                break


def _places(box: QRectF, width: float, height: float) -> Iterator[QRectF]:
    """Yield where a label may stand: above, below, right and left of its mask, up to two lines away."""
    for away in range(3):
        step = 2 + away * height
        yield QRectF(box.left(), box.top() - step - height, width, height)
        yield QRectF(box.left(), box.bottom() + step, width, height)
    for away in range(3):
        yield QRectF(box.right() + 4, box.top() + away * height, width, height)
        yield QRectF(box.left() - 4 - width, box.top() + away * height, width, height)


def screen_transform(geometry: Geometry, ratio: float) -> QTransform:
    """Return the map from source points to logical pixels of the canvas."""
    (a, b, dx), (c, d, dy) = geometry.matrix() / ratio
    return QTransform(a, c, b, d, dx, dy)
