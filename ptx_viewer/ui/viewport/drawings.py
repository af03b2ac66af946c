"""Lines, angles, ellipses and rectangles over the film: where they can be gripped and what a grip does.

Points are ``(row, column)`` in the source grid, whole numbers are the centres of pixels, as in
:mod:`ptx_viewer.measure.annotation`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from PySide6.QtCore import QPointF
from PySide6.QtGui import QTransform

from ptx_viewer.measure.annotation import AnnotationKind, drawn_line
from ptx_viewer.measure.regions import Point

#: How near in logical pixels the mouse has to come to an end, and to a line.
HANDLE_REACH = 8.0
LINE_REACH = 5.0

_BOXES = (AnnotationKind.ELLIPSE, AnnotationKind.RECTANGLE)
#: Handles of a box as shares of its height and width: corners, then the middles of its edges.
_BOX_HANDLES = ((0, 0), (0, 1), (1, 1), (1, 0), (0, 0.5), (0.5, 1), (1, 0.5), (0.5, 0))


@dataclass(frozen=True)
class Drawing:
    """One thing drawn over the film.

    Attributes
    ----------
    drawing_id : str
        Unique on the canvas.
    kind : AnnotationKind
    points : tuple of tuple of float
        As in :class:`~ptx_viewer.measure.annotation.Annotation`.
    colour : str
        Anything that ``QColor`` understands.
    label : tuple of str
        Lines of text beside it.
    selected : bool
        Drawn with a thicker line and with its handles.
    movable : bool
        Whether the reader can take hold of it.
    """

    drawing_id: str
    kind: AnnotationKind
    points: tuple[Point, ...]
    colour: str
    label: tuple[str, ...] = ()
    selected: bool = False
    movable: bool = True

    def handles(self) -> tuple[Point, ...]:
        """Return the points that can be dragged."""
        if self.kind not in _BOXES:
            return self.points
        (row, column), (opposite_row, opposite_column) = self.points
        return tuple(
            (row + down * (opposite_row - row), column + across * (opposite_column - column))
            for down, across in _BOX_HANDLES
        )

    def line(self) -> tuple[Point, ...]:
        """Return the points of the line that is drawn; a closed one ends where it begins."""
        return drawn_line(self.kind, self.points)

    def with_handle(self, handle: int, target: Point) -> Drawing:
        """Return the drawing with one handle dragged to `target`."""
        if self.kind not in _BOXES:
            points = list(self.points)
            points[handle] = target
            return replace(self, points=tuple(points))
        corners = [list(point) for point in self.points]
        # A share of one half means that an edge's handle leaves that axis alone.
        for axis, share in enumerate(_BOX_HANDLES[handle]):
            if share != 0.5:
                corners[int(share)][axis] = target[axis]
        (row, column), (opposite_row, opposite_column) = corners
        return replace(self, points=((row, column), (opposite_row, opposite_column)))

    def moved(self, down: float, across: float) -> Drawing:
        """Return the drawing moved by rows and columns."""
        return replace(self, points=tuple((row + down, column + across) for row, column in self.points))


@dataclass(frozen=True)
class Grip:
    """What the mouse would take hold of: one handle of a drawing, or all of it (`handle` is None)."""

    drawing: Drawing
    handle: int | None


def nearest_inside(point: Point, rows: int, columns: int) -> Point:
    """Return the nearest point that lies on a picture of that many pixels."""
    row, column = point
    return min(max(row, -0.5), rows - 0.5), min(max(column, -0.5), columns - 0.5)


def kept_inside(drawing: Drawing, rows: int, columns: int) -> Drawing:
    """Return a drawing moved back as far as it has left a picture of that many pixels."""
    beyond = [
        (inside[0] - point[0], inside[1] - point[1])
        for point in drawing.points
        for inside in (nearest_inside(point, rows, columns),)
    ]
    down, across = (max((way[axis] for way in beyond), key=abs) for axis in (0, 1))
    return drawing.moved(down, across)


#: What is written beside a drawing while it is being drawn or moved.
Describe = Callable[[Drawing], tuple[str, ...]]


class DrawingOverlay:
    """Everything drawn over the image shown, and the one that is being changed."""

    def __init__(self) -> None:
        self._drawings: tuple[Drawing, ...] = ()
        self._changing: Drawing | None = None
        self.describe: Describe = lambda _drawing: ()

    @property
    def items(self) -> tuple[Drawing, ...]:
        """What is to be drawn, the one being changed as it now stands and last, on top."""
        changing = self._changing
        if changing is None:
            return self._drawings
        return (*(d for d in self._drawings if d.drawing_id != changing.drawing_id), changing)

    def set_drawings(self, drawings: Sequence[Drawing]) -> None:
        """Replace everything but what the reader is changing."""
        self._drawings = tuple(drawings)

    def show_change(self, drawing: Drawing | None) -> None:
        """Show a drawing while it is made or moved, with what it measures; None ends that."""
        self._changing = None if drawing is None else replace(drawing, label=self.describe(drawing))

    def grip(self, position: QPointF, to_screen: QTransform) -> Grip | None:
        """Return what lies under a logical point of the canvas; the selected drawing comes first."""
        movable = [drawing for drawing in reversed(self._drawings) if drawing.movable]
        movable.sort(key=lambda drawing: not drawing.selected)
        for drawing in movable:
            if drawing.selected or drawing.kind not in _BOXES:
                for handle, point in enumerate(drawing.handles()):
                    if _distance(position, on_screen(point, to_screen)) <= HANDLE_REACH:
                        return Grip(drawing, handle)
        for drawing in movable:
            places = [on_screen(point, to_screen) for point in drawing.line()]
            if any(_distance_to_line(position, start, end) <= LINE_REACH for start, end in pairwise(places)):
                return Grip(drawing, None)
        return None


def on_screen(point: Point, to_screen: QTransform) -> QPointF:
    """Return where a point ``(row, column)`` lies on the canvas, in logical pixels."""
    # The canvas counts from the edges of pixels, measurements from their centres.
    return to_screen.map(QPointF(point[1] + 0.5, point[0] + 0.5))


def _distance(one: QPointF, other: QPointF) -> float:
    return math.hypot(one.x() - other.x(), one.y() - other.y())


def _distance_to_line(point: QPointF, start: QPointF, end: QPointF) -> float:
    run, rise = end.x() - start.x(), end.y() - start.y()
    length = run * run + rise * rise
    if length == 0:
        return _distance(point, start)
    share = ((point.x() - start.x()) * run + (point.y() - start.y()) * rise) / length
    share = min(max(share, 0.0), 1.0)
    return _distance(point, QPointF(start.x() + share * run, start.y() + share * rise))
