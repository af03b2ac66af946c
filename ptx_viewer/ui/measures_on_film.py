"""The bridge between the measurements of a reading and the film that it is of."""

from __future__ import annotations

from PySide6.QtCore import QObject

from ptx_viewer.measure.annotation import AnnotationKind
from ptx_viewer.measure.regions import Point

from .measuring import Measuring
from .pane import Pane
from .viewport import Drawing


class MeasuresOnFilm(QObject):
    """Draws what a pane's reading measures, and hands over what the reader draws and moves there."""

    def __init__(self, pane: Pane) -> None:
        super().__init__(pane)
        self._pane = pane
        self._followed: Measuring | None = None
        viewport = pane.viewport
        viewport.set_describer(self._describe)
        viewport.drawingMade.connect(self._on_made)
        viewport.drawingMoving.connect(self._on_moving)
        viewport.drawingMoved.connect(self._on_moved)
        viewport.drawingSelected.connect(self._on_selected)
        pane.readingChanged.connect(self._follow)

    @property
    def _measuring(self) -> Measuring | None:
        """Of the image in the viewport; None while that is another one than the reading's."""
        reading, image = self._pane.reading, self._pane.image
        if reading is None or image is None or image.reference.key != reading.key:
            return None
        return reading.measuring

    def _follow(self) -> None:
        measuring = self._measuring
        if measuring is not self._followed:
            if self._followed is not None:
                self._followed.changed.disconnect(self._draw)
            self._followed = measuring
            if measuring is not None:
                measuring.changed.connect(self._draw)
        self._draw()

    def _draw(self) -> None:
        measuring = self._measuring
        if measuring is not None:
            self._pane.viewport.set_drawings(measuring.drawings())

    def _describe(self, drawing: Drawing) -> tuple[str, ...]:
        measuring = self._measuring
        return measuring.describe(drawing) if measuring is not None else ()

    def _on_made(self, kind: AnnotationKind, points: tuple[Point, ...]) -> None:
        if self._measuring is not None:
            self._measuring.make(kind, points)

    def _on_moving(self, drawing_id: str, points: tuple[Point, ...]) -> None:
        if self._measuring is not None:
            self._measuring.preview(drawing_id, points)

    def _on_moved(self, drawing_id: str, points: tuple[Point, ...]) -> None:
        if self._measuring is not None:
            self._measuring.move(drawing_id, points)

    def _on_selected(self, drawing_id: str) -> None:
        if self._measuring is not None:
            self._measuring.choose(drawing_id)
