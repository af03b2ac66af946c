"""HOW LARGE: every number with its interval and its method, and why it may not apply."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.review.edits import READER

from .analyst import Analyst
from .keys import Act
from .measure_row import MeasureRow
from .measure_wording import RowText, annotation_text, capital, measurement_text
from .measuring import row_id
from .prior_box import PriorBox
from .reading import AnalysisState, Reading
from .rotation_box import RotationBox
from .widgets import Section, clear, label

OWN = "Measured by hand"


class MeasuresPanel(Section):
    """The measurements that hold now, the program's outline by outline and then the reader's own."""

    #: A row that was selected from elsewhere and should be in view.
    rowSelected = Signal(QWidget)

    def __init__(self, actions: dict[Act, QAction], analyst: Analyst, parent: QWidget | None = None) -> None:
        super().__init__("HOW LARGE", parent)
        self._actions = actions
        self._analyst = analyst
        self._reading: Reading | None = None
        self._headings: tuple[tuple[str, str], ...] = ()
        self._rows: dict[str, MeasureRow] = {}
        self._empty = label("", "quiet")
        self._list = QVBoxLayout()
        self._list.setSpacing(1)
        self.prior = PriorBox(actions, analyst.title_of)
        self.rotation = RotationBox(actions)
        self.rows.addWidget(self.prior)
        self.rows.addWidget(self.rotation)
        self.rows.addWidget(self._empty)
        self.rows.addLayout(self._list)
        self.refresh(None)

    def refresh(self, reading: Reading | None) -> None:
        """Follow `reading` from now on, and list what it measures."""
        if reading is not self._reading:
            if self._reading is not None:
                self._reading.measuring.changed.disconnect(self._update)
                self._reading.measuring.previewed.disconnect(self._preview)
            self._reading = reading
            if reading is not None:
                reading.measuring.changed.connect(self._update)
                reading.measuring.previewed.connect(self._preview)
        self._update()

    def texts(self) -> list[str]:
        """Everything that is listed, in order."""
        return [text for shown in self._rows.values() for text in shown.texts()]

    def measure_rows(self) -> dict[str, MeasureRow]:
        """Return the rows by their identity."""
        return dict(self._rows)

    def _update(self) -> None:
        reading = self._reading
        measurements = reading.measurements if reading is not None else ()
        self.rotation.refresh(reading)
        self._build(measurements)
        self._write(measurements)
        if reading is None or reading.state is not AnalysisState.DONE:
            self._empty.setText("Measurements come with the findings.")
        else:
            self._empty.setText("There is no finding to measure.")
        self._empty.setVisible(not measurements)

    def _preview(self, measurements: tuple[Measurement, ...]) -> None:
        self._write(measurements)

    def _build(self, measurements: tuple[Measurement, ...]) -> None:
        """Make the rows, unless they are the same: progress and typing must not disturb the mouse."""
        reading = self._reading
        own = reading.review.annotations if reading is not None else ()
        wanted = tuple((row_id(m), self._heading(m)) for m in measurements) + tuple(
            (annotation.annotation_id, OWN) for annotation in own
        )
        if wanted == self._headings:
            return
        self._headings = wanted
        clear(self._list)
        self._rows.clear()
        heading_before = ""
        for identity, heading in wanted:
            if heading != heading_before:
                self._list.addWidget(label(heading, "group"))
                heading_before = heading
            is_own = heading == OWN
            action = self._actions[Act.REMOVE_FINDING if is_own else Act.PUT_BACK]
            made = MeasureRow(identity, action, own=is_own)
            made.chosen.connect(self._on_chosen)
            made.pointed.connect(self._on_pointed)
            self._rows[identity] = made
            self._list.addWidget(made)

    def _write(self, measurements: tuple[Measurement, ...]) -> None:
        reading = self._reading
        if reading is None:
            return
        selected = reading.measuring.selected
        texts: dict[str, RowText] = {row_id(m): measurement_text(m) for m in measurements}
        for annotation in reading.review.annotations:
            quantities = reading.measuring.quantities(annotation)
            texts[annotation.annotation_id] = annotation_text(annotation, quantities)
        for identity, shown in self._rows.items():
            newly = identity == selected and not shown.selected
            shown.show_text(texts[identity], selected=identity == selected)
            if newly:
                self.rowSelected.emit(shown)

    def _heading(self, measurement: Measurement) -> str:
        reader = measurement.model == READER
        whose = "outline of the reader" if reader else self._analyst.title_of(measurement.model)
        return f"{capital(measurement.side)} · {whose}"

    def _on_chosen(self, identity: str) -> None:
        if self._reading is not None:
            self._reading.measuring.select(identity)

    def _on_pointed(self, identity: str) -> None:
        if self._reading is not None:
            self._reading.measuring.hover(identity)
