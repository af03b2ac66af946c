"""What of a CT series' measurements is selected, and what the reader measures in its planes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ptx_viewer.measure.annotation import Annotation, AnnotationKind, Quantity, measure_annotation
from ptx_viewer.measure.regions import Point
from ptx_viewer.review.annotating import add_plane_annotation, move_annotation, remove_annotation
from ptx_viewer.review.volume import PlaneAnnotation
from ptx_viewer.study.planes import Plane, Planes

from . import theme
from .measuring import quantity_lines, row_id
from .viewport import Drawing

if TYPE_CHECKING:
    from .volume_reading import VolumeReading


class VolumeMeasuring(QObject):
    """The selection and the drawings of one series.

    A row is a measurement of the program (:func:`~ptx_viewer.ui.measuring.row_id`) or of the reader
    (its annotation's id).
    """

    #: Selection or drawings are other ones.
    changed = Signal()
    #: A measurement of the reader that was selected in the list, and should be seen.
    shown = Signal(object)
    #: No line of a volume can be moved, so none can be put back.
    can_put_back = False

    def __init__(self, reading: VolumeReading) -> None:
        super().__init__(reading)
        self._reading = reading
        self._selected = ""
        self._planes: Planes | None = None
        self._known: dict[PlaneAnnotation, tuple[Quantity, ...]] = {}
        reading.reviewChanged.connect(self.changed)
        reading.measurementsChanged.connect(self.changed)

    def set_planes(self, planes: Planes | None) -> None:
        """Take the volume that values and millimetres come from."""
        self._planes = planes
        self._known.clear()
        self.changed.emit()

    @property
    def selected(self) -> str:
        """Identity of the selected row; ``""`` for none."""
        return self._selected if self._selected in self.rows() else ""

    @property
    def own_selected(self) -> bool:
        """Whether a measurement of the reader is selected."""
        return self.annotation(self.selected) is not None

    def rows(self) -> tuple[str, ...]:
        """Return the identities of all rows, those of the reader last."""
        measured = (row_id(measurement) for measurement in self._reading.measurements)
        return (*measured, *(one.annotation_id for one in self._reading.review.annotations))

    def annotation(self, row: str) -> PlaneAnnotation | None:
        """Return a measurement of the reader by its row."""
        return next((a for a in self._reading.review.annotations if a.annotation_id == row), None)

    def select(self, row: str) -> None:
        """Select a row and show where it was measured; ``""`` for none."""
        if row != self._selected:
            self._selected = row
            self.changed.emit()
        chosen = self.annotation(row)
        if chosen is not None:
            self.shown.emit(chosen)

    def step(self, by: int) -> None:
        """Select the next or the previous row."""
        rows = self.rows()
        if rows:
            place = rows.index(self.selected) + by if self.selected else (0 if by > 0 else -1)
            self.select(rows[place % len(rows)])

    def quantities(self, annotation: PlaneAnnotation) -> tuple[Quantity, ...]:
        """Measure what the reader drew; nothing while the series is not read."""
        if self._planes is None:
            return ()
        if annotation not in self._known:
            values = self._planes.values(annotation.plane, annotation.index)
            spacing = self._planes.spacing(annotation.plane)
            measured = measure_annotation(annotation, values, "HU", spacing)
            # Only what is in the review is asked for again and again; a drag passes by.
            if annotation not in self._reading.review.annotations:
                return measured
            self._known[annotation] = measured
        return self._known[annotation]

    def make(self, plane: Plane, index: int, kind: AnnotationKind, points: tuple[Point, ...]) -> None:
        """Keep what the reader has drawn on a plane, and select it."""
        known = {one.annotation_id for one in self._reading.review.annotations}
        self._reading.edit(lambda review: add_plane_annotation(review, plane, index, kind, points))
        for one in self._reading.review.annotations:
            if one.annotation_id not in known:
                self.select(one.annotation_id)

    def move(self, annotation_id: str, points: tuple[Point, ...]) -> None:
        """Keep where the reader has put a drawing."""
        self._reading.edit(lambda review: move_annotation(review, annotation_id, points))

    def remove(self) -> bool:
        """Remove the selected measurement of the reader; False when none is selected."""
        chosen = self.annotation(self.selected)
        if chosen is None:
            return False
        self._reading.edit(lambda review: remove_annotation(review, chosen.annotation_id))
        return True

    def drawings(self, plane: Plane, index: int) -> tuple[Drawing, ...]:
        """Return what the reader measured on one plane."""
        return tuple(
            Drawing(
                one.annotation_id,
                one.kind,
                one.points,
                theme.OWN_MEASURE,
                label=quantity_lines(self.quantities(one)) if self._planes is not None else (),
                selected=one.annotation_id == self.selected,
                movable=not self._reading.locked,
            )
            for one in self._reading.review.annotations
            if (one.plane, one.index) == (plane, index)
        )

    def describe(self, plane: Plane, index: int, drawing: Drawing) -> tuple[str, ...]:
        """Return what is written beside a drawing with the points that it has now."""
        shown = PlaneAnnotation(drawing.drawing_id, drawing.kind, drawing.points, plane, index)
        return quantity_lines(self.quantities(shown)) if self._planes is not None else ()


def place_text(annotation: Annotation) -> str:
    """Return where a measurement was made, e.g. ``"axial 45"``; ``""`` for one on an image."""
    if not isinstance(annotation, PlaneAnnotation):
        return ""
    return f"{annotation.plane.value.lower()} {annotation.index + 1}"
