"""HOW LARGE, of a CT series: volumes and shares side by side, and what the reader measured in the planes."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ptx_viewer.review.edits import READER

from .keys import Act
from .measure_row import MeasureRow
from .measure_wording import RowText, annotation_text, capital, measurement_text
from .measures_panel import OWN
from .measuring import row_id
from .volume_desk import VolumeDesk
from .volume_measuring import place_text
from .volume_reading import VolumeReading
from .widgets import Section, clear, label


class VolumeMeasures(Section):
    """The measurements that hold now, side by side, and then the reader's own."""

    #: A row that was selected from elsewhere and should be in view.
    rowSelected = Signal(QWidget)

    def __init__(self, actions: dict[Act, QAction], desk: VolumeDesk, parent: QWidget | None = None) -> None:
        super().__init__("HOW LARGE", parent)
        self._actions = actions
        self._desk = desk
        self._headings: tuple[tuple[str, str], ...] = ()
        self._rows: dict[str, MeasureRow] = {}
        self._empty = label("Measurements come with the segmentation.", "quiet")
        self._list = QVBoxLayout()
        self._list.setSpacing(1)
        self.rows.addWidget(self._empty)
        self.rows.addLayout(self._list)
        desk.readingChanged.connect(self._follow)
        self._follow()

    def texts(self) -> list[str]:
        """Everything that is listed, in order."""
        return [text for shown in self._rows.values() for text in shown.texts()]

    def measure_rows(self) -> dict[str, MeasureRow]:
        """Return the rows by their identity."""
        return dict(self._rows)

    def refresh(self) -> None:
        """Show how things stand."""
        reading = self._desk.reading
        texts = _texts(reading) if reading is not None else {}
        self._empty.setVisible(not texts)
        headings = tuple((identity, heading) for identity, (heading, _text) in texts.items())
        if headings != self._headings:
            self._build(headings)
        selected = reading.measuring.selected if reading is not None else ""
        for identity, shown in self._rows.items():
            newly = identity == selected and not shown.selected
            shown.show_text(texts[identity][1], selected=identity == selected)
            if newly:
                self.rowSelected.emit(shown)

    def _follow(self) -> None:
        if self._desk.reading is not None:
            self._desk.reading.measuring.changed.connect(self.refresh)
        self.refresh()

    def _build(self, headings: tuple[tuple[str, str], ...]) -> None:
        """Make the rows anew; when only numbers change they stay under the mouse."""
        self._headings = headings
        clear(self._list)
        self._rows.clear()
        before = ""
        for identity, heading in headings:
            if heading != before:
                self._list.addWidget(label(heading, "group"))
                before = heading
            own = heading == OWN
            made = MeasureRow(identity, self._actions[Act.REMOVE_FINDING if own else Act.PUT_BACK], own=own)
            made.chosen.connect(self._on_chosen)
            self._rows[identity] = made
            self._list.addWidget(made)

    def _on_chosen(self, identity: str) -> None:
        if self._desk.reading is not None:
            self._desk.reading.measuring.select(identity)


def _texts(reading: VolumeReading) -> dict[str, tuple[str, RowText]]:
    """Return heading and words of every row by its identity."""
    edited = {m.side for m in reading.measurements if m.model == READER}
    texts = {}
    for measurement in reading.measurements:
        side = capital(measurement.side)
        heading = f"{side} · edited by the reader" if measurement.side in edited else side
        texts[row_id(measurement)] = (heading, measurement_text(measurement))
    if reading.volume is not None:
        for one in reading.review.annotations:
            text = annotation_text(one, reading.measuring.quantities(one))
            name = f"{text.name}, {place_text(one)}"
            texts[one.annotation_id] = (OWN, RowText(**{**vars(text), "name": name}))
    return texts
