"""HOW LARGE: every number with its method, and why it may not apply."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.review.edits import READER

from . import theme
from .analyst import Analyst
from .reading import AnalysisState, Reading
from .widgets import Section, clear, label, row


def value_text(measurement: Measurement) -> str:
    """Return value and unit, or a dash when the value does not apply."""
    if not measurement.valid or measurement.value is None:
        return "not valid"
    digits = f"{measurement.value:,.0f}" if abs(measurement.value) >= 100 else f"{measurement.value:.1f}"
    return f"{digits} {measurement.unit}".replace(",", "\u2009")


class MeasuresPanel(Section):
    """A table of the measurements that hold now."""

    def __init__(self, analyst: Analyst, parent: QWidget | None = None) -> None:
        super().__init__("HOW LARGE", parent)
        self._analyst = analyst
        self._empty = label("", "quiet")
        self._list = QVBoxLayout()
        self._list.setSpacing(6)
        self.rows.addWidget(self._empty)
        self.rows.addLayout(self._list)
        self.refresh(None)

    def refresh(self, reading: Reading | None) -> None:
        """List the measurements of `reading`."""
        clear(self._list)
        measurements = reading.measurements if reading is not None else ()
        if reading is None or reading.state is not AnalysisState.DONE:
            self._empty.setText("Measurements come with the findings.")
        else:
            self._empty.setText("There is no finding to measure.")
        self._empty.setVisible(not measurements)
        for measurement in measurements:
            self._list.addWidget(self._row(measurement))

    def texts(self) -> list[str]:
        """Everything that is listed, in order."""
        return [child.text() for child in self.findChildren(type(self._empty)) if child is not self._empty]

    def _row(self, measurement: Measurement) -> QWidget:
        made = QWidget()
        made.setToolTip(measurement.method)
        layout = QVBoxLayout(made)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        name = label(f"{measurement.name.capitalize()}, {measurement.side}")
        value = label(value_text(measurement), wrap=False)
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        value.setStyleSheet(f"font-weight: bold; color: {theme.TEXT};")
        layout.addLayout(row(name, value, stretch=0))
        whose = "Reader" if measurement.model == READER else self._analyst.title_of(measurement.model)
        layout.addWidget(label(f"{whose}: {measurement.method}", "quiet"))
        if measurement.why_not:
            layout.addWidget(label(f"Does not apply: {measurement.why_not}", "problem"))
        return made
