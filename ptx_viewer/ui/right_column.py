"""The right-hand column: findings, why, how large, impression, and what they rest on."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QFrame, QScrollArea, QVBoxLayout, QWidget

from .analyst import Analyst
from .columns import NARROW_RIGHT
from .explanations import Explanations
from .findings_panel import FindingsPanel
from .image_panel import ImagePanel
from .impression_panel import ImpressionPanel
from .keys import Act
from .measures_panel import MeasuresPanel
from .models_panel import ModelsPanel
from .pane import Pane
from .reading import Reading
from .volume_desk import VolumeDesk, is_volume
from .volume_measures import VolumeMeasures
from .volume_panel import VolumePanel
from .why_panel import WhyPanel

#: Widgets from a row's label up to the column.
_DEPTH = 5


class RightColumn(QScrollArea):
    """Shows the reading of the active viewport."""

    def __init__(
        self,
        actions: dict[Act, QAction],
        analyst: Analyst,
        explanations: Explanations,
        volumes: VolumeDesk,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._reading: Reading | None = None
        self._pane: Pane | None = None
        self.volume = VolumePanel(actions, volumes)
        self.findings = FindingsPanel(actions, analyst)
        self.why = WhyPanel(actions, analyst, explanations)
        self.measures = MeasuresPanel(actions, analyst)
        self.impression = ImpressionPanel(actions)
        self.volume_measures = VolumeMeasures(actions, volumes)
        self._volumes = volumes
        self.image = ImagePanel()
        self.models = ModelsPanel(analyst)
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        # A CT series is read as a whole: what belongs to one film gives way to it.
        self._of_films = (self.findings, self.why, self.measures)
        self._of_series = (self.volume, self.volume_measures)
        for section in (*self._of_series, *self._of_films, self.impression, self.image, self.models):
            layout.addWidget(section)
        for section in self._of_series:
            section.hide()
        layout.addStretch(1)
        self.setWidget(column)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumWidth(NARROW_RIGHT)
        analyst.engineChanged.connect(self._on_engine)
        self.measures.rowSelected.connect(self._bring_into_view)
        self.volume_measures.rowSelected.connect(self._bring_into_view)
        volumes.readingChanged.connect(self._on_series)

    def show_pane(self, pane: Pane) -> None:
        """Follow the reading of `pane` from now on."""
        if self._reading is not None:
            self._reading.stateChanged.disconnect(self._on_state)
            self._reading.analysisChanged.disconnect(self._on_analysis)
            self._reading.reviewChanged.disconnect(self._on_review)
            self._reading.selectionChanged.disconnect(self._on_selection)
            self._reading.measurementsChanged.disconnect(self._on_measurements)
        self._pane = pane
        self._reading = pane.reading
        if self._reading is not None:
            self._reading.stateChanged.connect(self._on_state)
            self._reading.analysisChanged.connect(self._on_analysis)
            self._reading.reviewChanged.connect(self._on_review)
            self._reading.selectionChanged.connect(self._on_selection)
            self._reading.measurementsChanged.connect(self._on_measurements)
        series = is_volume(pane.item)
        for section in self._of_series:
            section.setVisible(series)
        for section in self._of_films:
            section.setVisible(not series)
        self.findings.refresh(self._reading)
        self.why.show_pane(pane)
        self.measures.refresh(self._reading)
        self._refresh_impression()
        self.image.refresh(pane.image, pane.notices)

    def _on_series(self) -> None:
        reading = self._volumes.reading
        if reading is not None:
            for signal in (reading.reviewChanged, reading.stateChanged):
                signal.connect(self._refresh_impression)
        self._refresh_impression()

    def _refresh_impression(self) -> None:
        series = self._pane is not None and is_volume(self._pane.item)
        self.impression.refresh(self._volumes.reading if series else self._reading)

    def _bring_into_view(self, widget: QWidget) -> None:
        QTimer.singleShot(0, widget, lambda: self._scroll_to(widget))

    def _scroll_to(self, widget: QWidget) -> None:
        # Qt passes a new height on one layout at a time, an event each; where to scroll is known at the end.
        for _ in range(_DEPTH):
            QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        self.ensureWidgetVisible(widget, 0, 8)

    def _on_state(self) -> None:
        self.findings.refresh(self._reading)
        self.measures.refresh(self._reading)
        self._refresh_impression()

    def _on_analysis(self) -> None:
        self.why.refresh()

    def _on_review(self) -> None:
        self.findings.refresh(self._reading)
        self.why.refresh()
        self._refresh_impression()

    def _on_selection(self) -> None:
        self.findings.refresh(self._reading)

    def _on_measurements(self) -> None:
        self.measures.refresh(self._reading)

    def _on_engine(self) -> None:
        # The models' proper names are known once they are loaded.
        self.findings.refresh(self._reading)
        self.why.refresh()
        self.measures.refresh(self._reading)
