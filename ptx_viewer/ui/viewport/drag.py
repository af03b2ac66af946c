"""A mouse button held down: the face of everything that a drag can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QPointF

from ptx_viewer.measure.regions import Point

if TYPE_CHECKING:
    from .drawings import Drawing


class DrawingCanvas(Protocol):
    """What lines and shapes are drawn on: a film, or a plane of a volume.

    Attributes
    ----------
    drawingMade : Signal of AnnotationKind and points
    drawingMoved : Signal of a drawing's identity and its points
    drawingSelected : Signal of a drawing's identity; ``""`` for none
    """

    drawingMade: Any
    drawingMoved: Any
    drawingSelected: Any

    def film_point(self, position: QPointF) -> Point:
        """Return row and column at a logical point; whole numbers are pixels' centres."""

    def point_on_film(self, point: Point) -> Point:
        """Return the nearest point that lies on the picture."""

    def kept_on_film(self, drawing: Drawing) -> Drawing:
        """Return a drawing moved back as far as it has left the picture."""

    def show_drawing_change(self, drawing: Drawing | None) -> None:
        """Show a drawing while it is made or moved; None ends that."""


class Drag:
    """A mouse button held down over a canvas."""

    def __init__(self, viewport: Any, start: QPointF) -> None:
        self.viewport = viewport
        self.start = start

    def move(self, position: QPointF) -> None:
        """Follow the mouse to a logical point."""
        raise NotImplementedError

    def finish(self) -> None:
        """Do nothing more: the view followed the mouse."""

    def cancel(self) -> None:
        """Leave the view where it is."""
