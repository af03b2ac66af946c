"""Where a plane lies in its view: fitted, or magnified about a point."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF

_MOST = 16.0


@dataclass(frozen=True)
class PlaneFrame:
    """How a plane is looked at.

    Attributes
    ----------
    zoom : float
        1 fits the plane to its view.
    down, across : float
        Shares of the plane's height and width that lie in the middle of the view.
    """

    zoom: float = 1.0
    down: float = 0.5
    across: float = 0.5

    def rect(self, view: QSizeF, size_mm: tuple[float, float]) -> QRectF:
        """Return where the plane is drawn, in the view's own points.

        Parameters
        ----------
        view : QSizeF
        size_mm : tuple of float
            Height and width of the plane.
        """
        height, width = size_mm
        scale = min(view.width() / width, view.height() / height) * self.zoom
        drawn = QSizeF(width * scale, height * scale)
        left = view.width() / 2 - self.across * drawn.width()
        top = view.height() / 2 - self.down * drawn.height()
        return QRectF(QPointF(left, top), drawn)

    def zoomed(self, factor: float, at: QPointF, view: QSizeF, size_mm: tuple[float, float]) -> PlaneFrame:
        """Return the frame magnified so that what lies under a point stays there."""
        zoom = min(max(self.zoom * factor, 1.0), _MOST)
        if zoom == 1.0:
            return PlaneFrame()
        before = self.rect(view, size_mm)
        down, across = (at.y() - before.top()) / before.height(), (at.x() - before.left()) / before.width()
        shrink = self.zoom / zoom
        return PlaneFrame(
            zoom, down + (self.down - down) * shrink, across + (self.across - across) * shrink
        ).kept()

    def moved(self, way: QPointF, view: QSizeF, size_mm: tuple[float, float]) -> PlaneFrame:
        """Return the frame with the plane moved by points of the view."""
        drawn = self.rect(view, size_mm)
        down, across = self.down - way.y() / drawn.height(), self.across - way.x() / drawn.width()
        return PlaneFrame(self.zoom, down, across).kept()

    def kept(self) -> PlaneFrame:
        """Return the frame with its middle on the plane."""
        return PlaneFrame(self.zoom, min(max(self.down, 0.0), 1.0), min(max(self.across, 0.0), 1.0))
