"""A mouse button held down: the face of everything that a drag can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

if TYPE_CHECKING:
    from .viewport import FilmViewport


class Drag:
    """A mouse button held down."""

    def __init__(self, viewport: FilmViewport, start: QPointF) -> None:
        self.viewport = viewport
        self.start = start

    def move(self, position: QPointF) -> None:
        """Follow the mouse to a logical point."""
        raise NotImplementedError

    def finish(self) -> None:
        """Do nothing more: the view followed the mouse."""

    def cancel(self) -> None:
        """Leave the view where it is."""
