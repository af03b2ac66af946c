"""What of an image's measurements is selected and drawn on the film, and what the mouse does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ptx_viewer.measure.annotation import (
    Annotation,
    AnnotationKind,
    Quantity,
    measure_annotation,
)
from ptx_viewer.measure.construction import Segment
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.regions import Point
from ptx_viewer.measure.remeasure import followers, move_segment
from ptx_viewer.review.annotating import add_annotation, move_annotation, remove_annotation
from ptx_viewer.review.segments import place_segment, put_back

from . import theme
from .viewport import Drawing

if TYPE_CHECKING:
    from .reading import Reading

#: Between the parts of the identity of a line of the program's measurements.
_BETWEEN = "|"


def row_id(measurement: Measurement) -> str:
    """Return the identity of a measurement of the program among those of its image."""
    return _BETWEEN.join((measurement.model, measurement.side, measurement.name))


class Measuring(QObject):
    """The selection and the drawings of one reading.

    A row is a measurement of the program (:func:`row_id`) or of the reader (its annotation's id).
    """

    #: Selection or drawings are other ones.
    changed = Signal()
    #: Measurements as they would be with a line where the mouse now holds it.
    previewed = Signal(object)

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading)
        self._reading = reading
        self._selected = ""
        self._hovered = ""
        self._known: dict[Annotation, tuple[Quantity, ...]] = {}
        reading.reviewChanged.connect(self.changed)
        reading.measurementsChanged.connect(self.changed)

    # ------------------------------------------------------------------ rows

    @property
    def selected(self) -> str:
        """Identity of the selected row; ``""`` for none."""
        return self._selected if self._selected in self.rows() else ""

    def rows(self) -> tuple[str, ...]:
        """Return the identities of all rows, those of the reader last."""
        measured = (row_id(measurement) for measurement in self._reading.measurements)
        return (*measured, *(one.annotation_id for one in self._reading.review.annotations))

    def select(self, row: str) -> None:
        """Select a row; ``""`` for none."""
        if row != self._selected:
            self._selected = row
            self.changed.emit()

    def step(self, by: int) -> None:
        """Select the next or the previous row."""
        rows = self.rows()
        if rows:
            place = rows.index(self.selected) + by if self.selected else (0 if by > 0 else -1)
            self.select(rows[place % len(rows)])

    def hover(self, row: str) -> None:
        """Draw the construction of a row as long as the mouse is over it; ``""`` when it leaves."""
        if row != self._hovered:
            self._hovered = row
            self.changed.emit()

    def measurement(self, row: str) -> Measurement | None:
        """Return a measurement of the program by its row."""
        return next((m for m in self._reading.measurements if row_id(m) == row), None)

    def annotation(self, row: str) -> Annotation | None:
        """Return a measurement of the reader by its row."""
        return next((a for a in self._reading.review.annotations if a.annotation_id == row), None)

    def quantities(self, annotation: Annotation) -> tuple[Quantity, ...]:
        """Measure what the reader drew."""
        image = self._reading.image
        if annotation not in self._known:
            values = image.raw if image.colour is None else None
            measured = measure_annotation(annotation, values, image.raw_unit, image.spacing)
            # Only what is in the review is asked for again and again; a drag passes by.
            if annotation not in self._reading.review.annotations:
                return measured
            self._known[annotation] = measured
        return self._known[annotation]

    # ------------------------------------------------------------------ what the reader does

    def make(self, kind: AnnotationKind, points: tuple[Point, ...]) -> None:
        """Keep what the reader has drawn, and select it."""
        known = {one.annotation_id for one in self._reading.review.annotations}
        self._reading.edit(lambda review: add_annotation(review, kind, points))
        for one in self._reading.review.annotations:
            if one.annotation_id not in known:
                self.select(one.annotation_id)

    def choose(self, drawing_id: str) -> None:
        """Select what was clicked on the film; a line of the selected measurement keeps it selected."""
        if _BETWEEN not in drawing_id:
            self.select(drawing_id)

    def move(self, drawing_id: str, points: tuple[Point, ...]) -> None:
        """Keep where the reader has put a drawing."""
        line = self._line(drawing_id, points)
        if line is None:
            self._reading.edit(lambda review: move_annotation(review, drawing_id, points))
        else:
            along = followers(self._reading.measurements, *line)
            self._reading.edit(lambda review: place_segment(review, *line, along))

    def preview(self, drawing_id: str, points: tuple[Point, ...]) -> None:
        """Tell what a line would measure where the mouse now holds it."""
        line = self._line(drawing_id, points)
        if line is not None:
            side, model, moved = line
            measurements = self._reading.measurements
            for segment in (moved, *followers(measurements, *line)):
                measurements = move_segment(measurements, side, model, segment, self._reading.image.spacing)
            self.previewed.emit(measurements)

    def remove(self) -> bool:
        """Remove the selected measurement of the reader; False when none is selected."""
        chosen = self.annotation(self.selected)
        if chosen is None:
            return False
        self._reading.edit(lambda review: remove_annotation(review, chosen.annotation_id))
        return True

    @property
    def own_selected(self) -> bool:
        """Whether a measurement of the reader is selected."""
        return self.annotation(self.selected) is not None

    @property
    def can_put_back(self) -> bool:
        """Whether the reader has moved a line of the selected measurement."""
        chosen = self.measurement(self.selected)
        return chosen is not None and chosen.edited

    def put_back(self) -> None:
        """Let the lines of the selected measurement lie where the program put them."""
        chosen = self.measurement(self.selected)
        if chosen is not None:
            self._reading.edit(lambda review: put_back(review, chosen))

    # ------------------------------------------------------------------ on the film

    def drawings(self) -> tuple[Drawing, ...]:
        """Return what is drawn: the lines of the row pointed at or selected, and all of the reader's."""
        locked = self._reading.locked
        own = tuple(
            self._labelled(
                Drawing(
                    one.annotation_id,
                    one.kind,
                    one.points,
                    theme.OWN_MEASURE,
                    selected=one.annotation_id in (self._hovered, self.selected),
                    movable=not locked,
                )
            )
            for one in self._reading.review.annotations
        )
        shown = self.measurement(self._hovered) or self.measurement(self.selected)
        if shown is None or shown.construction is None:
            return own
        chosen = row_id(shown) == self.selected
        lines = tuple(
            self._labelled(
                Drawing(
                    _BETWEEN.join((shown.model, shown.side, segment.name)),
                    AnnotationKind.RULER,
                    (segment.start, segment.end),
                    theme.colour_of(shown.model),
                    selected=chosen,
                    movable=chosen and shown.valid and not locked,
                )
            )
            for segment in shown.construction.segments
        )
        return own + lines

    def describe(self, drawing: Drawing) -> tuple[str, ...]:
        """Return what is written beside a drawing with the points that it has now."""
        line = self._line(drawing.drawing_id, drawing.points)
        if line is not None:
            return (f"{line[2].name}  {length_text(line[2], self._reading)}",)
        return quantity_lines(self.quantities(Annotation(drawing.drawing_id, drawing.kind, drawing.points)))

    def _labelled(self, drawing: Drawing) -> Drawing:
        return Drawing(**{**vars(drawing), "label": self.describe(drawing)})

    def _line(self, drawing_id: str, points: tuple[Point, ...]) -> tuple[str, str, Segment] | None:
        """Return side, model and segment of a line of the program; None for what the reader drew."""
        if _BETWEEN not in drawing_id:
            return None
        model, side, name = drawing_id.split(_BETWEEN, maxsplit=2)
        return side, model, Segment(name, points[0], points[1])


def length_text(segment: Segment, reading: Reading) -> str:
    """Return the length of a line as people write it."""
    spacing = reading.image.spacing
    unit = "px" if spacing is None else "mm"
    return f"{segment.length(spacing):.1f}\u00a0{unit}"


def quantity_lines(quantities: tuple[Quantity, ...]) -> tuple[str, ...]:
    """Return the numbers of a reader's measurement in few short lines."""
    if len(quantities) == 1:
        return (quantities[0].text,)
    area, mean, sd, low, high = quantities
    if mean.value is None:
        return (area.text,)
    unit = f"\u00a0{mean.unit}" if mean.text.endswith(mean.unit) else ""

    def bare(quantity: Quantity) -> str:
        return quantity.text.split("\u00a0")[0]

    return (
        f"mean {bare(mean)}{unit}, SD {bare(sd)}",
        f"min {bare(low)}, max {bare(high)}",
        area.text,
    )
