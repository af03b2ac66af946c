"""Which part of the window listens to which, and what happens then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt

from explain.target import Target

from .keys import Act
from .measures_on_film import MeasuresOnFilm
from .pane import Pane
from .priors import latest_film
from .viewport import PixelProbe

if TYPE_CHECKING:
    from .main_window import MainWindow


class Wiring(QObject):
    """Connects the parts of a window, once."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._w = window
        self._connect_films()
        self._connect_work()
        self._connect_column()

    def _connect_films(self) -> None:
        window = self._w
        window.grid.activeChanged.connect(lambda _index: self._on_active())
        window.grid.viewportMade.connect(lambda index: MeasuresOnFilm(window.panes.all[index]))
        window.panes.paneChanged.connect(self._on_pane)
        window.panes.newFindingDrawn.connect(window.adding.take)
        window.panes.windowChanged.connect(window.bar.window_box.set_window)
        window.panes.cursorMoved.connect(self._on_probe)
        window.panes.regionDrawn.connect(self._on_region)
        window.browser.chosen.connect(window.show_item)
        window.bar.window_box.windowTyped.connect(self._on_window_typed)
        window.bar.window_box.presetChosen.connect(window.apply_preset)
        window.bar.window_box.finished.connect(window.focus_film)
        window.bar.brush_radius.valueChanged.connect(window.panes.set_brush_radius)
        window.volume_review.changed.connect(window.refresh)
        window.volume_review.acted.connect(window.refresh_actions)

    def _connect_work(self) -> None:
        window = self._w
        window.library.scanChanged.connect(window.refresh)
        window.library.catalogueChanged.connect(self._on_catalogue)
        window.analyst.engineChanged.connect(window.refresh)
        window.analyst.busyChanged.connect(window.refresh)
        window.analyst.weightsRefused.connect(window.messages.warn)
        window.analyst.weightsChanged.connect(window.messages.tell)
        window.analyst.weightsChanged.connect(lambda _said: window.explanations.release(set()))
        window.exporter.changed.connect(window.refresh)
        window.exporter.finished.connect(window.messages.tell)
        window.exporter.failed.connect(window.messages.warn)
        window.desk.problem.connect(window.messages.warn)
        window.desk.saved.connect(lambda key: window.library.refresh_statuses([key]))
        window.explanations.changed.connect(lambda _key: window.refresh_status())

    def _connect_column(self) -> None:
        window = self._w
        findings, why = window.column.findings, window.column.why
        findings.findingChosen.connect(self._on_finding_chosen)
        findings.findingAsked.connect(self._on_finding_asked)
        findings.sideAnswered.connect(window.adding.answer)
        findings.maskStyleChanged.connect(window.panes.set_mask_style)
        findings.maskStyleChanged.connect(window.volume_review.view.set_style)
        findings.opinions.hiddenChanged.connect(window.panes.set_hidden_sources)
        window.adding.changed.connect(
            lambda: findings.set_adding(drawing=window.adding.drawing, asking=window.adding.asking)
        )
        why.mapsChanged.connect(window.show_maps)
        why.drawingAsked.connect(window.ask_region)
        window.asking.changed.connect(lambda: why.set_drawing(window.asking.act))
        window.column.models.cardAsked.connect(window.show_networks)

    def _on_region(self, pane: Pane, mask: NDArray[np.bool_]) -> None:
        self._w.column.why.explain(pane, Target.region(mask))

    def _on_active(self) -> None:
        self._w.adding.stop()
        self._w.column.why.set_side(self._w.comparison.side)
        self._on_pane(self._w.pane)

    def _on_pane(self, pane: Pane) -> None:
        window = self._w
        if pane is window.pane:
            window.volume_review.follow(pane)
            image = pane.image
            window.bar.window_box.set_image(image)
            if image is not None:
                shown = window.grid.active.window
                window.bar.window_box.set_window(shown.center, shown.width)
            window.column.show_pane(pane)
            self._watch(pane)
            window.side_by_side.show_priors()
        current = window.pane.item
        window.browser.set_shown(window.panes.shown_items, current.key if current is not None else None)
        window.desk.release(window.panes.image_keys)
        window.explanations.release(window.panes.image_keys)
        window.refresh_actions()

    def _watch(self, pane: Pane) -> None:
        if pane.reading is not None:
            reading = pane.reading
            signals = (reading.stateChanged, reading.reviewChanged, reading.selectionChanged)
            for signal in (*signals, reading.measuring.changed):
                signal.connect(self._w.refresh_actions, Qt.ConnectionType.UniqueConnection)

    def _on_window_typed(self, center: float, width: float) -> None:
        if not self._w.volume_review.set_window(center, width):
            self._w.grid.active.set_window(center, width)

    def _on_probe(self, probe: PixelProbe | None) -> None:
        self._w.status.show_probe(probe.text if probe is not None else "")

    def _on_finding_chosen(self, finding_id: str) -> None:
        if self._w.pane.reading is not None:
            self._w.pane.reading.select(finding_id)
            self._w.jump_to_selected()

    def _on_finding_asked(self, finding_id: str, act: Act) -> None:
        if self._w.pane.reading is not None:
            self._w.pane.reading.select(finding_id)
            self._w.actions_[act].trigger()

    def _on_catalogue(self) -> None:
        window = self._w
        if window.pane.item is None:
            items = window.library.items
            first = latest_film(window.library.catalogue) or next(iter(items), None)
            if first is not None:
                window.show_item(first.key)
        window.side_by_side.show_priors()
        window.refresh()
