"""The window: puts the parts together and keeps them in step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from PySide6.QtCore import QEvent
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from models.prediction import Box
from ptx_viewer.review.store import ReviewStore

from .adding import Adding
from .analyst import Analyst, EngineLike
from .browser import Browser
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
from .message_bar import MessageBar
from .networks_dialog import NetworksDialog
from .pane import Pane
from .panes import Panes
from .prior_comparison import PriorComparison
from .region_asking import RegionAsking
from .right_column import RightColumn
from .screen_modes import ScreenModes
from .side_by_side import SideBySide
from .start_screen import StartScreen
from .status_bar import StatusBar
from .toolbar import ToolBar
from .viewport_grid import ViewportGrid
from .volume_desk import VolumeDesk
from .volume_review import VolumeReview
from .window_actions import keeps_key, make_actions
from .wiring import Wiring
from .workers import Workers

TITLE = "ptx-viewer"


class MainWindow(QMainWindow):
    """One window on one store and one engine; it closes both when it is closed.

    Parameters
    ----------
    store : ReviewStore
    engine : EngineLike
        Loaded in the background as soon as the window is made.
    weights : mapping of str to Path
        A user's own weights that `engine` was told to use, by the networks' names.
    """

    def __init__(
        self, store: ReviewStore, engine: EngineLike, weights: Mapping[str, Path] = MappingProxyType({})
    ) -> None:
        super().__init__()
        self.setWindowTitle(TITLE)
        self.setAcceptDrops(True)
        self.resize(1366, 768)
        self._store = store
        self._engine = engine
        self.actions_ = make_actions(self)
        self.workers = Workers(self)
        self.library = Library(self.workers, store, self)
        self.analyst = Analyst(self.workers, engine, self, weights)
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
        self.networks = NetworksDialog(self.analyst, self)
        self._lay_out()
        self.cheat_sheet = CheatSheet(self.centralWidget())
        self.side_by_side = SideBySide(self)
        self._wiring = Wiring(self)
        self.grid.set_count(1)
        self.commands = Commands(self)
        for act in (Act.LAYOUT_ONE, Act.TOOL_WINDOW, Act.TOGGLE_BROWSER, Act.TOGGLE_FINDINGS):
            self.actions_[act].setChecked(True)
        self.refresh()
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
        """Analyse every film that has no analysis yet, or one by other weights and no signature."""
        analysed = []
        for item in self.library.items:
            status = self.library.statuses.get(item.image_keys[0])
            if item.is_film and (status is None or not status.analysed):
                self.desk.analyse_later(item)
            elif item.is_film and status is not None and not status.signed:
                analysed.append((item, status.refused))
        self.desk.renew_later(analysed)

    def show_networks(self, model: str = "") -> None:
        """Open the networks, their cards and their weights."""
        self.networks.open_at(model)

    def jump_to_selected(self) -> None:
        """Bring the selected finding to the middle of the film."""
        reading = self.pane.reading
        finding = reading.selected if reading is not None else None
        if finding is not None and finding.mask.any():
            self.grid.active.centre_on(Box.around(finding.mask))

    def show_maps(self) -> None:
        """Give every viewport the map that it asks for."""
        for pane in self.panes.all:
            pane.set_heatmap(self.column.why.layer_of(pane))

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
        self.networks.close()
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

    def refresh(self) -> None:
        """Show how things stand: films or start screen, panels, status, actions."""
        if self.library.items:
            self._centre.setCurrentWidget(self.volume_review.view if self.volume_review.on else self.grid)
        else:
            self.start.refresh(self.library)
        self.modes.apply_panels()
        self.refresh_status()
        self.refresh_actions()

    def refresh_status(self) -> None:
        """Say in the status bar what is running."""
        self.status.refresh(self.library, self.analyst, self.explanations, self.exporter.running)

    def refresh_actions(self) -> None:
        """Offer the actions that make sense now."""
        series = self.volume_review.reading
        enabled = enabled_actions(
            series if series is not None else self.pane.reading,
            has_image=self.pane.image is not None,
            has_items=bool(self.library.items),
            exporting=bool(self.exporter.running),
        )
        for act, usable in enabled.items():
            self.actions_[act].setEnabled(usable)
        if series is not None:
            self.volume_review.enable_actions()
        self.actions_[Act.PLANES].setEnabled(self.volume_review.offered)
        self.actions_[Act.PLANES].setChecked(self.volume_review.on)
        film = self.pane.reading
        self.actions_[Act.ROTATED].setChecked(film is not None and film.review.patient_rotated)
