"""Drawing and moving with the mouse: by dragging, or by one click for each point."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF

from ptx_viewer.measure.annotation import AnnotationKind
from ptx_viewer.measure.regions import Point
from ptx_viewer.ui import theme

from .drag import Drag, DrawingCanvas
from .drawings import Drawing, Grip

#: Identity of what is being drawn and is not yet in the review.
NEW_DRAWING = "new-drawing"

#: Logical pixels below which a press and its release are one click.
_CLICK = 4.0


class GripDrag(Drag):
    """One handle, or the whole drawing, follows the mouse."""

    def __init__(self, viewport: DrawingCanvas, start: QPointF, grip: Grip) -> None:
        super().__init__(viewport, start)
        self._grip = grip
        self._origin = viewport.film_point(start)
        self._now = grip.drawing
        viewport.drawingSelected.emit(grip.drawing.drawing_id)

    def move(self, position: QPointF) -> None:
        """Follow the mouse by its whole way, so that the place where it took hold stays under it."""
        target = self.viewport.film_point(position)
        down, across = target[0] - self._origin[0], target[1] - self._origin[1]
        drawing, handle = self._grip.drawing, self._grip.handle
        if handle is None:
            self._now = self.viewport.kept_on_film(drawing.moved(down, across))
        else:
            row, column = drawing.handles()[handle]
            end = self.viewport.point_on_film((row + down, column + across))
            self._now = drawing.with_handle(handle, end)
        self.viewport.show_drawing_change(self._now)

    def finish(self) -> None:
        """Hand the new points over, if they differ."""
        self.viewport.show_drawing_change(None)
        if self._now.points != self._grip.drawing.points:
            self.viewport.drawingMoved.emit(self._now.drawing_id, self._now.points)

    def cancel(self) -> None:
        """Put it back."""
        self.viewport.show_drawing_change(None)


class Making:
    """A drawing that is being made, point by point.

    Each point is placed by letting the button go after a drag, or by a click; so a line can be
    drawn by dragging or by two clicks, and an angle by a drag and a click or by three clicks.
    """

    def __init__(self, viewport: DrawingCanvas, kind: AnnotationKind, start: QPointF) -> None:
        self._viewport = viewport
        self._kind = kind
        self._placed: list[Point] = [self._point(start)]
        self._last = start

    def follow(self, position: QPointF) -> None:
        """Let the next point follow the mouse."""
        self._show(self._point(position))

    def press(self, position: QPointF) -> bool:
        """Place the next point where the button goes down; return whether that was the last one."""
        return self._place(position)

    def release(self, position: QPointF) -> bool:
        """Place the next point where a drag ends; return whether that was the last one."""
        way = position - self._last
        if math.hypot(way.x(), way.y()) < _CLICK:
            return False
        return self._place(position)

    def cancel(self) -> None:
        """Give it up."""
        self._viewport.show_drawing_change(None)

    def _place(self, position: QPointF) -> bool:
        way = position - self._last
        if math.hypot(way.x(), way.y()) < _CLICK:
            # A second click on the same place is no line.
            return False
        self._placed.append(self._point(position))
        self._last = position
        if len(self._placed) < self._kind.point_count:
            self._show(self._placed[-1])
            return False
        self._viewport.show_drawing_change(None)
        self._viewport.drawingMade.emit(self._kind, tuple(self._placed))
        return True

    def _point(self, position: QPointF) -> Point:
        return self._viewport.point_on_film(self._viewport.film_point(position))

    def _show(self, following: Point) -> None:
        points = [*self._placed, following]
        # An angle with one arm is still a line.
        kind = AnnotationKind.RULER if len(points) < self._kind.point_count else self._kind
        drawing = Drawing(NEW_DRAWING, kind, tuple(points), theme.OWN_MEASURE, selected=True)
        self._viewport.show_drawing_change(drawing)
