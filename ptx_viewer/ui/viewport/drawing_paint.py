"""How lines, angles, ellipses and rectangles are drawn over the film, with their labels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from ptx_viewer.measure.annotation import AnnotationKind

from .drawings import Drawing, on_screen
from .text import TextBlock

_LINE, _SELECTED_LINE = 1.5, 2.5
_TICK = 5.0
_HANDLE = 4.0
_RIM = QColor(0, 0, 0, 170)
_AWAY = 10.0


def paint_drawings(
    painter: QPainter,
    drawings: Sequence[Drawing],
    to_screen: QTransform,
    font: QFont,
    area: QRectF,
    taken: Sequence[QRectF],
) -> list[QRectF]:
    """Draw everything, and then the labels where they cover neither corner text, nor lines, nor each other.

    Returns
    -------
    list of QRectF
        What the labels cover.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for drawing in drawings:
        _paint_shape(painter, drawing, to_screen)
    shapes = [_outline(drawing, to_screen) for drawing in drawings]
    written: list[QRectF] = []
    # What the reader works on keeps its label at its side; the others make room.
    for drawing in sorted(drawings, key=lambda drawing: not drawing.selected):
        written += _paint_label(painter, drawing, to_screen, font, area, [*taken, *written], shapes)
    return written


def _paint_shape(painter: QPainter, drawing: Drawing, to_screen: QTransform) -> None:
    path = _outline(drawing, to_screen)
    if drawing.kind is AnnotationKind.RULER:
        _add_ticks(path, *(on_screen(point, to_screen) for point in drawing.points))
    width = _SELECTED_LINE if drawing.selected else _LINE
    colour = QColor(drawing.colour)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    # The dark rim keeps a light line visible over white film.
    for line_width, tint in ((width + 2.5, _RIM), (width, colour)):
        pen = QPen(tint, line_width)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.strokePath(path, pen)
    if drawing.selected and drawing.movable:
        painter.setPen(QPen(_RIM, 1))
        painter.setBrush(colour)
        for point in drawing.handles():
            centre = on_screen(point, to_screen)
            painter.drawRect(QRectF(centre.x() - _HANDLE, centre.y() - _HANDLE, 2 * _HANDLE, 2 * _HANDLE))
        painter.setBrush(Qt.BrushStyle.NoBrush)


def _outline(drawing: Drawing, to_screen: QTransform) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([on_screen(point, to_screen) for point in drawing.line()]))
    return path


def _add_ticks(path: QPainterPath, start: QPointF, end: QPointF) -> None:
    """Close both ends of a line with a short bar across it, as a caliper has."""
    run, rise = end.x() - start.x(), end.y() - start.y()
    length = math.hypot(run, rise)
    if length < 1:
        return
    across = QPointF(-rise / length * _TICK, run / length * _TICK)
    for point in (start, end):
        path.moveTo(point - across)
        path.lineTo(point + across)


def _paint_label(
    painter: QPainter,
    drawing: Drawing,
    to_screen: QTransform,
    font: QFont,
    area: QRectF,
    occupied: Sequence[QRectF],
    shapes: Sequence[QPainterPath],
) -> list[QRectF]:
    if not drawing.label:
        return []
    places = [on_screen(point, to_screen) for point in drawing.line()]
    box = QPolygonF(places).boundingRect()
    if not box.adjusted(-1, -1, 1, 1).intersects(area):
        return []
    block = TextBlock(drawing.label, font, colour=drawing.colour)
    # A number without a free place is still written, inside the canvas: the reader asked for it.
    candidates = [_kept_inside(place, area) for place in _candidates(drawing, box, places, block)]
    free = [place for place in candidates if not any(place.intersects(other) for other in occupied)]
    # A line that its own number hides cannot be judged.
    clear = (place for place in free if not any(shape.intersects(place) for shape in shapes))
    place = next(clear, next(iter(free), candidates[0]))
    block.paint(painter, place.left(), place.top())
    return [place]


def _candidates(
    drawing: Drawing, box: QRectF, places: Sequence[QPointF], block: TextBlock
) -> Iterator[QRectF]:
    """Yield where a label may stand, the best place first."""
    width, height = block.width, block.height
    if drawing.kind in (AnnotationKind.RULER, AnnotationKind.ANGLE):
        anchors = (places[-1], places[0]) if drawing.kind is AnnotationKind.RULER else (places[1],)
        for anchor in anchors:
            yield QRectF(anchor.x() + _AWAY, anchor.y() - height / 2, width, height)
            yield QRectF(anchor.x() - _AWAY - width, anchor.y() - height / 2, width, height)
            yield QRectF(anchor.x() - width / 2, anchor.y() + _AWAY, width, height)
            yield QRectF(anchor.x() - width / 2, anchor.y() - _AWAY - height, width, height)
    for step in range(4):
        away = _AWAY + step * height
        yield QRectF(box.left(), box.bottom() + away, width, height)
        yield QRectF(box.left(), box.top() - away - height, width, height)
        yield QRectF(box.right() + _AWAY, box.top() + step * height, width, height)
        yield QRectF(box.left() - _AWAY - width, box.top() + step * height, width, height)


def _kept_inside(place: QRectF, area: QRectF) -> QRectF:
    left = min(max(place.left(), area.left()), max(area.right() - place.width(), area.left()))
    top = min(max(place.top(), area.top()), max(area.bottom() - place.height(), area.top()))
    return QRectF(left, top, place.width(), place.height())
