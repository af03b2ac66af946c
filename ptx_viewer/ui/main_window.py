"""The window: puts the parts together and keeps them in step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from explain.target import Target
from models.prediction import Box
from ptx_viewer.review.store import ReviewStore

from .adding import Adding
from .analyst import Analyst, EngineLike
from .browser import Browser
from .card_dialog import CardDialog
from .cheat_sheet import CheatSheet
from .columns import three_columns
from .commands import Commands
from .comparison import Comparison
from .desk import Desk
from .enabling import enabled_actions
from .explanations import Explanations
from .exporter import Exporter
from .keys import Act
from .library import Library
from .measures_on_film import MeasuresOnFilm
from .message_bar import MessageBar
from .pane import Pane
from .panes import Panes
from .prior_comparison import PriorComparison
from .priors import latest_film
from .region_asking import RegionAsking
from .right_column import RightColumn
from .screen_modes import ScreenModes
from .start_screen import StartScreen
from .status_bar import StatusBar
from .toolbar import ToolBar
from .viewport import PixelProbe
from .viewport_grid import ViewportGrid
from .volume_desk import VolumeDesk
from .volume_review import VolumeReview
from .window_actions import keeps_key, make_actions
from .workers import Workers

TITLE = "ptx-viewer"


class MainWindow(QMainWindow):
    """One window on one store and one engine; it closes both when it is closed.

    Parameters
    ----------
    store : ReviewStore
    engine : EngineLike
        Loaded in the background as soon as the window is made.
    """

    def __init__(self, store: ReviewStore, engine: EngineLike) -> None:
        super().__init__()
        self.setWindowTitle(TITLE)
        self.setAcceptDrops(True)
        self.resize(1366, 768)
        self._store = store
        self._engine = engine
        self.actions_ = make_actions(self)
        self.workers = Workers(self)
        self.library = Library(self.workers, store, self)
        self.analyst = Analyst(self.workers, engine, self)
        self.desk = Desk(self.workers, store, self.analyst, self)
        self.explanations = Explanations(self.workers, engine, self.analyst, self)
        self.volumes = VolumeDesk(self.workers, store, engine, self)
        self.exporter = Exporter(self.workers, self)
        self.adding = Adding(self)

        self.bar = ToolBar(self.actions_, self)
        self.browser = Browser(self.library, self.actions_)
        self.start = StartScreen(self.actions_)
        self.grid = ViewportGrid()
        self.panes = Panes(self.grid, self.desk, self)
        self.asking = RegionAsking(self.panes, self)
        self.comparison = Comparison(self.grid, self.panes, self)
        self.priors = PriorComparison(self.grid, self.panes, self.library, self)
        self.column = RightColumn(self.actions_, self.analyst, self.explanations, self.volumes)
        self.messages = MessageBar()
        self.status = StatusBar(self.actions_, self)
        self.modes = ScreenModes(self)
        self.volume_review = VolumeReview(self)
        self._cards: CardDialog | None = None
        self._lay_out()
        self.cheat_sheet = CheatSheet(self.centralWidget())
        self._connect()
        self.grid.set_count(1)
        self.commands = Commands(self)
        for act in (Act.LAYOUT_ONE, Act.TOOL_WINDOW, Act.TOGGLE_BROWSER, Act.TOGGLE_FINDINGS):
            self.actions_[act].setChecked(True)
        self._refresh()
        self.analyst.start()

    # ------------------------------------------------------------------ what actions do

    @property
    def pane(self) -> Pane:
        """The active pane."""
        return self.panes.active

    def open(self, paths: Sequence[Path]) -> None:
        """Open files and folders in the background."""
        self.library.open(paths)

    def set_layout(self, count: int) -> None:
        """Show one, two or four viewports; those that are still empty get the series that follow."""
        if self.comparison.on:
            self.comparison.stop(count=count)
        self.priors.stop(count=count)
        self.grid.set_count(count)
        self.panes.fill(self.library.items)

    def compare_prior(self) -> None:
        """Show the prior film of the same patient beside the current one, or end that."""
        if self.priors.on:
            self.priors.stop()
        else:
            self.comparison.stop()
            self.priors.start()
        self._on_priors()

    def compare_maps(self) -> None:
        """Show the film twice, each with a map of its own, or end that."""
        self.priors.stop()
        if self.comparison.on:
            self.comparison.stop()
        elif not self.comparison.start():
            self.messages.tell("Maps can be compared when a film is shown.")
        self._on_comparison()

    def ask_region(self, act: Act) -> None:
        """Let the reader draw the region to be explained."""
        if self.pane.reading is not None and self.pane.reading.analysis is not None:
            self.adding.stop()
            self.asking.start(act)
            self.focus_film()

    def step_series(self, by: int) -> None:
        """Show the next or the previous row of the browser."""
        keys = [item.key for item in self.library.items]
        current = self.pane.item.key if self.pane.item is not None else None
        place = keys.index(current) + by if current in keys else 0
        if 0 <= place < len(keys):
            self.show_item(keys[place])

    def show_item(self, key: str) -> None:
        """Show a row of the browser in the active viewport."""
        item = self.library.item(key)
        if item is not None:
            self.adding.stop()
            self.pane.show(item)
            self.focus_film()

    def focus_film(self) -> None:
        """Let the single-letter keys reach the film again."""
        self.grid.active.setFocus()

    def apply_preset(self, number: int) -> None:
        """Use a window preset of the image shown."""
        presets = self.bar.window_box.presets
        if number < len(presets) and self.pane.image is not None:
            window = presets[number].window
            if self.volume_review.on:
                shown = window if window is not None else self.pane.image.window
                self.volume_review.set_window(shown.center, shown.width)
            elif window is None:
                self.grid.active.reset_window()
            else:
                self.grid.active.set_window(window.center, window.width)

    def cancel(self) -> None:
        """Stop the scan if there is one, else the analyses."""
        if self.library.scanning:
            self.library.cancel()
        else:
            self.analyst.cancel()
            self.explanations.cancel_all()
            self.volumes.cancel()

    def analyse_all(self) -> None:
        """Analyse every film that has no analysis yet."""
        for item in self.library.items:
            status = self.library.statuses.get(item.image_keys[0])
            if item.is_film and (status is None or not status.analysed):
                self.desk.analyse_later(item)

    def show_card(self, model: str = "") -> None:
        """Open the model cards."""
        if not self.analyst.cards:
            self.messages.tell("The model cards can be shown when the models are loaded.")
            return
        if self._cards is None:
            self._cards = CardDialog(self)
        self._cards.show_cards(self.analyst.cards, model)

    def jump_to_selected(self) -> None:
        """Bring the selected finding to the middle of the film."""
        reading = self.pane.reading
        finding = reading.selected if reading is not None else None
        if finding is not None and finding.mask.any():
            self.grid.active.centre_on(Box.around(finding.mask))

    # ------------------------------------------------------------------ Qt's own calls

    def event(self, event: QEvent) -> bool:
        """Leave a focused control the keys that it uses itself."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and keeps_key(QApplication.focusWidget(), event)
        ):
            event.accept()
            return True
        return super().event(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files and folders."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.open(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save what was typed last, and end every thread and the networks' process."""
        self.column.impression.flush()
        # Ending the networks may take a moment, which nobody needs to watch.
        self.hide()
        if self._cards is not None:
            self._cards.close()
        self.analyst.cancel()
        self._engine.close()
        self.workers.close()
        self._store.close()
        super().closeEvent(event)

    # ------------------------------------------------------------------ putting together

    def _lay_out(self) -> None:
        self.addToolBar(self.bar)
        self.setStatusBar(self.status)
        films = QWidget()
        stacked = QVBoxLayout(films)
        stacked.setContentsMargins(0, 0, 0, 0)
        stacked.setSpacing(0)
        stacked.addWidget(self.messages)
        self._centre = QStackedWidget()
        self._centre.addWidget(self.start)
        self._centre.addWidget(self.grid)
        self._centre.addWidget(self.volume_review.view)
        stacked.addWidget(self._centre, 1)
        self.setCentralWidget(three_columns(self.browser, films, self.column, self.width()))

    def _connect(self) -> None:
        self.grid.activeChanged.connect(lambda _index: self._on_active())
        self.grid.viewportMade.connect(lambda index: MeasuresOnFilm(self.panes.all[index]))
        self.panes.paneChanged.connect(self._on_pane)
        self.panes.newFindingDrawn.connect(self.adding.take)
        self.panes.windowChanged.connect(self.bar.window_box.set_window)
        self.panes.cursorMoved.connect(self._on_probe)
        self.library.scanChanged.connect(self._refresh)
        self.library.catalogueChanged.connect(self._on_catalogue)
        self.analyst.engineChanged.connect(self._refresh)
        self.analyst.busyChanged.connect(self._refresh)
        self.exporter.changed.connect(self._refresh)
        self.exporter.finished.connect(self.messages.tell)
        self.exporter.failed.connect(self.messages.warn)
        self.desk.problem.connect(self.messages.warn)
        self.desk.saved.connect(lambda key: self.library.refresh_statuses([key]))
        self.browser.chosen.connect(self.show_item)
        self.bar.window_box.windowTyped.connect(self._on_window_typed)
        self.bar.window_box.presetChosen.connect(self.apply_preset)
        self.bar.window_box.finished.connect(self.focus_film)
        self.bar.brush_radius.valueChanged.connect(self.panes.set_brush_radius)
        findings = self.column.findings
        findings.findingChosen.connect(self._on_finding_chosen)
        findings.findingAsked.connect(self._on_finding_asked)
        findings.sideAnswered.connect(self.adding.answer)
        findings.maskStyleChanged.connect(self.panes.set_mask_style)
        self.adding.changed.connect(
            lambda: findings.set_adding(drawing=self.adding.drawing, asking=self.adding.asking)
        )
        self.explanations.changed.connect(lambda _key: self._refresh_status())
        self.column.why.mapsChanged.connect(self._show_maps)
        self.column.why.drawingAsked.connect(self.ask_region)
        self.asking.changed.connect(lambda: self.column.why.set_drawing(self.asking.act))
        self.panes.regionDrawn.connect(self._on_region)
        self.comparison.changed.connect(self._on_comparison)
        self.volume_review.changed.connect(self._refresh)
        self.volume_review.acted.connect(self._refresh_actions)
        findings.maskStyleChanged.connect(self.volume_review.view.set_style)
        self.priors.changed.connect(self._on_priors)
        self.column.models.cardAsked.connect(self.show_card)

    def _show_maps(self) -> None:
        for pane in self.panes.all:
            pane.set_heatmap(self.column.why.layer_of(pane))

    def _on_region(self, pane: Pane, mask: NDArray[np.bool_]) -> None:
        self.column.why.explain(pane, Target.region(mask))

    def _on_comparison(self) -> None:
        self.actions_[Act.COMPARE_MAPS].setChecked(self.comparison.on)
        layout = {1: Act.LAYOUT_ONE, 2: Act.LAYOUT_TWO, 4: Act.LAYOUT_FOUR}[self.grid.count]
        self.actions_[layout].setChecked(True)
        self.column.why.set_side(self.comparison.side)
        self._show_maps()

    def _on_priors(self) -> None:
        offered = self.priors.offered
        self.actions_[Act.COMPARE_PRIOR].setEnabled(offered is not None)
        self.actions_[Act.COMPARE_PRIOR].setChecked(self.priors.on)
        layout = {1: Act.LAYOUT_ONE, 2: Act.LAYOUT_TWO, 4: Act.LAYOUT_FOUR}[self.grid.count]
        self.actions_[layout].setChecked(True)
        study = offered[1] if offered is not None else None
        self.column.measures.prior.show_state(study, self.priors.states, self.priors.changes())

    def _on_active(self) -> None:
        self.adding.stop()
        self.column.why.set_side(self.comparison.side)
        self._on_pane(self.pane)

    def _on_pane(self, pane: Pane) -> None:
        if pane is self.pane:
            self.volume_review.follow(pane)
            image = pane.image
            self.bar.window_box.set_image(image)
            if image is not None:
                window = self.grid.active.window
                self.bar.window_box.set_window(window.center, window.width)
            self.column.show_pane(pane)
            self._watch(pane)
            self._on_priors()
        current = self.pane.item
        self.browser.set_shown(self.panes.shown_items, current.key if current is not None else None)
        self.desk.release(self.panes.image_keys)
        self.explanations.release(self.panes.image_keys)
        self._refresh_actions()

    def _watch(self, pane: Pane) -> None:
        if pane.reading is not None:
            reading = pane.reading
            signals = (reading.stateChanged, reading.reviewChanged, reading.selectionChanged)
            for signal in (*signals, reading.measuring.changed):
                signal.connect(self._refresh_actions, Qt.ConnectionType.UniqueConnection)

    def _on_window_typed(self, center: float, width: float) -> None:
        if not self.volume_review.set_window(center, width):
            self.grid.active.set_window(center, width)

    def _on_probe(self, probe: PixelProbe | None) -> None:
        self.status.show_probe(probe.text if probe is not None else "")

    def _on_finding_chosen(self, finding_id: str) -> None:
        if self.pane.reading is not None:
            self.pane.reading.select(finding_id)
            self.jump_to_selected()

    def _on_finding_asked(self, finding_id: str, act: Act) -> None:
        if self.pane.reading is not None:
            self.pane.reading.select(finding_id)
            self.actions_[act].trigger()

    def _on_catalogue(self) -> None:
        if self.pane.item is None:
            items = self.library.items
            first = latest_film(self.library.catalogue) or next(iter(items), None)
            if first is not None:
                self.show_item(first.key)
        self._on_priors()
        self._refresh()

    def _refresh(self) -> None:
        if self.library.items:
            self._centre.setCurrentWidget(self.volume_review.view if self.volume_review.on else self.grid)
        else:
            self.start.refresh(self.library)
        self.modes.apply_panels()
        self._refresh_status()
        self._refresh_actions()

    def _refresh_status(self) -> None:
        self.status.refresh(self.library, self.analyst, self.explanations, self.exporter.running)

    def _refresh_actions(self) -> None:
        series = self.volume_review.reading
        enabled = enabled_actions(
            series if series is not None else self.pane.reading,
            has_image=self.pane.image is not None,
            has_items=bool(self.library.items),
            has_cards=bool(self.analyst.cards),
            exporting=bool(self.exporter.running),
        )
        for act, usable in enabled.items():
            self.actions_[act].setEnabled(usable)
        if series is not None:
            self.volume_review.enable_actions()
        self.actions_[Act.PLANES].setEnabled(self.volume_review.offered)
        self.actions_[Act.PLANES].setChecked(self.volume_review.on)
