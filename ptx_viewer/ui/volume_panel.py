"""CT VOLUME: what was found in a CT series, how large it is, and what may have been mistaken."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from models.prediction import Side
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.volume import SHARE, VOLUME
from ptx_viewer.volumes import BASIS, TITLE

from . import theme
from .keys import Act
from .volume_desk import VolumeDesk, VolumeState
from .widgets import ActionButton, Section, clear, label, row

_SIDES = {Side.RIGHT: "Right", Side.LEFT: "Left"}


def number(measurement: Measurement | None) -> str:
    """Return value and unit with its interval, or why there is none."""
    if measurement is None or not measurement.valid or measurement.value is None:
        return "not valid"
    digits = 0 if abs(measurement.value) >= 100 else 1
    text = f"{measurement.value:.{digits}f} {measurement.unit}"
    if measurement.interval is not None:
        low, high = measurement.interval
        text += f" ({low:.{digits}f} to {high:.{digits}f})"
    return text


class VolumePanel(Section):
    """The list of findings of a series with its state in words above it."""

    sideChosen = Signal(object)

    def __init__(self, actions: dict[Act, QAction], desk: VolumeDesk, parent: QWidget | None = None) -> None:
        super().__init__("FINDINGS IN THE CT SERIES", parent)
        self._desk = desk
        self._shown: tuple[object, ...] | None = None
        self._state = label("")
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._list = QVBoxLayout()
        self._list.setSpacing(5)
        self._segment = ActionButton(actions[Act.ANALYSE], role="primary")
        self._cancel = ActionButton(actions[Act.CANCEL])
        self._planes = ActionButton(actions[Act.PLANES])
        self.rows.addWidget(self._state)
        self.rows.addWidget(self._bar)
        self.rows.addLayout(row(self._segment, self._cancel, self._planes))
        self.rows.addLayout(self._list)
        desk.changed.connect(self.refresh)
        self.refresh()

    def texts(self) -> list[str]:
        """Everything that is listed, in order."""
        found = []
        for index in range(self._list.count()):
            widget = self._list.itemAt(index).widget()
            if widget is not None:
                found.append(widget.text())
        return found

    def refresh(self) -> None:
        """Show how things stand."""
        desk = self._desk
        self._state.setText(self._words())
        self._bar.setVisible(desk.busy)
        self._bar.setValue(round(1000 * desk.progress))
        self._cancel.setVisible(desk.busy)
        self._segment.setVisible(not desk.busy and desk.state is not VolumeState.DONE)
        # Progress comes many times a second: the list is made anew only for another answer.
        wanted = (desk.analysis, desk.volume)
        if wanted != self._shown:
            self._shown = wanted
            clear(self._list)
            self._fill()

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
            VolumeState.CANCELLED: "Cancelled. Nothing was kept.",
        }.get(desk.state, "This series has not been segmented.")

    def _fill(self) -> None:
        analysis, volume = self._desk.analysis, self._desk.volume
        if analysis is not None:
            for side in analysis.sides:
                self._add_finding(analysis.measurement(VOLUME, side), analysis.measurement(SHARE, side), side)
            for measurement in analysis.measurements:
                self._add_measurement(measurement)
        notices = analysis.notices if analysis is not None else volume.notices if volume is not None else ()
        for notice in notices:
            self._list.addWidget(label(notice, "quiet"))
        if analysis is not None and analysis.refused is None:
            self._list.addWidget(label(BASIS, "quiet"))

    def _add_finding(self, volume: Measurement | None, share: Measurement | None, side: Side) -> None:
        value = "" if volume is None or volume.value is None else f" · {volume.value:.0f} mL"
        value += "" if share is None or share.value is None else f" · {share.value:.0f} %"
        button = QPushButton(f"{_SIDES[side]}{value}")
        button.setObjectName(f"volume-finding-{side.value}")
        button.setToolTip("Go to this finding")
        button.setStyleSheet(
            f"text-align: left; font-weight: bold; border-left: 6px solid {theme.colour_of('')};"
        )
        button.clicked.connect(lambda: self.sideChosen.emit(side))
        self._list.addWidget(button)

    def _add_measurement(self, measurement: Measurement) -> None:
        name = f"{measurement.name.capitalize()}, {measurement.side}: {number(measurement)}"
        made = label(name)
        made.setToolTip(measurement.method)
        self._list.addWidget(made)
        detail = measurement.method
        if measurement.interval_basis:
            detail += f". Interval: {measurement.interval_basis}"
        self._list.addWidget(label(detail, "quiet"))
        if measurement.why_not:
            self._list.addWidget(label(f"Does not apply: {measurement.why_not}", "problem"))
