"""FINDINGS IN THE CT SERIES: what was found on each side, and what the reader makes of it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QProgressBar, QPushButton, QVBoxLayout, QWidget

from models.prediction import Side
from ptx_viewer.measure.volume import SHARE, VOLUME
from ptx_viewer.review.review import Decision
from ptx_viewer.review.volume import VolumeFinding
from ptx_viewer.review.volume_measured import standing
from ptx_viewer.volumes import BASIS, TITLE

from .finding_row import FindingRow
from .keys import KEY_OF, Act
from .measure_wording import number_text
from .volume_desk import VolumeDesk, VolumeState
from .volume_reading import VolumeReading
from .widgets import ActionButton, Section, clear, label, row

_SIDES = {Side.RIGHT: "Right", Side.LEFT: "Left"}


def heading(finding: VolumeFinding, reading: VolumeReading) -> str:
    """Return side, volume and share of a finding, e.g. ``"Right · 273 mL · 8.1 %"``."""
    parts = [_SIDES[finding.side]]
    if not finding.mask.any():
        return f"{parts[0]} · nothing outlined yet"
    if finding.decision is Decision.REJECTED:
        return f"{parts[0]} · not measured"
    if reading.measures_wait:
        return f"{parts[0]} · measuring"
    for name in (VOLUME, SHARE):
        for measurement in reading.measurements:
            same = (measurement.name, measurement.side) == (name, finding.side.value)
            if same and measurement.valid and measurement.value is not None:
                value = number_text(measurement.value, measurement.unit)
                parts.append(f"{value}\u00a0{measurement.unit}")
    if sum(one.side is finding.side for one in standing(reading.review)) > 1:
        # A side is measured as a whole, overlapping outlines once.
        parts.append("together")
    return " · ".join(parts)


class VolumePanel(Section):
    """The list of findings of a series with its state in words above it."""

    findingChosen = Signal(str)
    findingAsked = Signal(str, object)
    #: The side on which the reader wants to draw a finding.
    sideAnswered = Signal(object)

    def __init__(self, actions: dict[Act, QAction], desk: VolumeDesk, parent: QWidget | None = None) -> None:
        super().__init__("FINDINGS IN THE CT SERIES", parent)
        self._desk = desk
        self._shown: tuple[object, ...] | None = None
        self._state = label("")
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._list = QVBoxLayout()
        self._list.setSpacing(4)
        self._segment = ActionButton(actions[Act.ANALYSE], role="primary")
        self._cancel = ActionButton(actions[Act.CANCEL])
        self._planes = ActionButton(actions[Act.PLANES])
        self._add = ActionButton(actions[Act.ADD_FINDING])
        self._masks = QPushButton("Masks")
        self._masks.setToolTip(KEY_OF[Act.MASK_STYLE].tooltip)
        self._masks.clicked.connect(actions[Act.MASK_STYLE].trigger)
        self._question = _SideQuestion()
        self._question.answered.connect(self.sideAnswered)
        self._notices = QVBoxLayout()
        self._notices.setSpacing(3)
        self.rows.addWidget(self._state)
        self.rows.addWidget(self._bar)
        self.rows.addLayout(row(self._segment, self._cancel, self._planes, self._add, self._masks))
        self.rows.addWidget(self._question)
        self.rows.addLayout(self._list)
        self.rows.addLayout(self._notices)
        self.ask_side(False)
        desk.changed.connect(self.refresh)
        desk.readingChanged.connect(self._follow)
        self._follow()

    def ask_side(self, asking: bool) -> None:
        """Ask on which side a finding is to be added, or stop asking."""
        self._question.setVisible(asking)

    @property
    def asking(self) -> bool:
        """Whether the side is asked for."""
        return not self._question.isHidden()

    def finding_rows(self) -> list[FindingRow]:
        """Return the rows of the list."""
        return [self._list.itemAt(index).widget() for index in range(self._list.count())]

    def texts(self) -> list[str]:
        """Return state and notices, as shown."""
        below = [self._notices.itemAt(index).widget().text() for index in range(self._notices.count())]
        return [self._state.text(), *below]

    def refresh(self) -> None:
        """Show how things stand."""
        desk = self._desk
        self._state.setText(self._words())
        self._bar.setVisible(desk.busy)
        self._bar.setValue(round(1000 * desk.progress))
        self._cancel.setVisible(desk.busy)
        reading = desk.reading
        self._segment.setVisible(not desk.busy and desk.state is not VolumeState.DONE)
        drawable = reading is not None and reading.can_draw and not desk.busy
        self._add.setVisible(drawable)
        self._masks.setVisible(drawable)
        self._show_rows(reading)

    def _follow(self) -> None:
        reading = self._desk.reading
        if reading is not None:
            for signal in (reading.reviewChanged, reading.selectionChanged, reading.measurementsChanged):
                signal.connect(self.refresh)
        self.ask_side(False)
        self.refresh()

    def _words(self) -> str:
        desk = self._desk
        analysis = desk.analysis
        if desk.state is VolumeState.DONE and analysis is not None:
            if analysis.refused is not None:
                return f"Not segmented: {analysis.refused}."
            if not analysis.sides:
                return f"No pneumothorax found by {TITLE}."
            return f"Pneumothorax suggested by {TITLE}."
        return {
            VolumeState.READING: f"Reading the series. {desk.message}",
            VolumeState.SEGMENTING: f"Segmenting. {desk.message}",
            VolumeState.FAILED: f"This did not succeed: {desk.message}",
            VolumeState.CANCELLED: desk.message,
        }.get(desk.state, "This series has not been segmented.")

    def _show_rows(self, reading: VolumeReading | None) -> None:
        # Progress comes many times a second: the list is made anew only for another answer.
        findings: tuple[VolumeFinding, ...] = reading.review.findings if reading is not None else ()
        selected = reading.selected if reading is not None else None
        headings = [heading(finding, reading) for finding in findings] if reading is not None else []
        locked = reading is not None and reading.locked
        volume = self._desk.volume
        wanted = (findings, selected, tuple(headings), locked, self._desk.analysis, volume)
        if wanted == self._shown:
            return
        self._shown = wanted
        had_focus = self._holds_focus()
        clear(self._list)
        for finding, text in zip(findings, headings, strict=True):
            made = FindingRow(
                finding,
                text,
                TITLE,
                selected=selected is not None and finding.finding_id == selected.finding_id,
                locked=locked,
            )
            made.chosen.connect(self.findingChosen)
            made.asked.connect(self.findingAsked)
            self._list.addWidget(made)
            if had_focus and selected is finding:
                made.take_focus()
        self._show_notices()

    def _show_notices(self) -> None:
        analysis, volume = self._desk.analysis, self._desk.volume
        clear(self._notices)
        notices = analysis.notices if analysis is not None else volume.notices if volume is not None else ()
        for notice in notices:
            self._notices.addWidget(label(notice, "quiet"))
        if analysis is not None and analysis.refused is None:
            self._notices.addWidget(label(BASIS, "quiet"))

    def _holds_focus(self) -> bool:
        focused = QApplication.focusWidget()
        return focused is not None and any(made.isAncestorOf(focused) for made in self.finding_rows())


class _SideQuestion(QWidget):
    """Asks on which side the reader is going to draw: mL and percent belong to a side."""

    answered = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label("On which side of the patient is the finding you want to draw?"))
        buttons = []
        for side, text in _SIDES.items():
            button = QPushButton(text)
            button.setObjectName(f"volume-side-{side.value}")
            button.clicked.connect(lambda _checked=False, side=side: self.answered.emit(side))
            buttons.append(button)
        layout.addLayout(row(*buttons))
