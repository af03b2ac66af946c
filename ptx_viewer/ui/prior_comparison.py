"""The current and the prior film side by side: one view for both, and what has changed."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from ptx_viewer.measure.change import Change, FilmMeasurements, changes
from ptx_viewer.report.content import PriorFilm
from ptx_viewer.review.measured import view_of
from ptx_viewer.study.catalogue import StudyEntry

from .displayable import Displayable
from .library import Library
from .pane import Pane
from .panes import Panes
from .priors import prior_of
from .reading import AnalysisState, Reading
from .viewport.linking import transferred
from .viewport_grid import ViewportGrid


class PriorComparison(QObject):
    """Offers the prior film of the one in the active viewport, and keeps the two together.

    The current film stands at the left, the prior one at the right, as in a reading room; zoom,
    position, turns, greys and window of one are those of the other.
    """

    changed = Signal()

    def __init__(
        self, grid: ViewportGrid, panes: Panes, library: Library, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._grid = grid
        self._panes = panes
        self._library = library
        self._pair: tuple[Displayable, Displayable] | None = None
        self._study: StudyEntry | None = None
        self._followed: list[Reading] = []
        self._count = 1
        self._replaced: Displayable | None = None
        self._linking = False
        panes.paneChanged.connect(self._on_pane)
        panes.looked.connect(self._on_look)

    @property
    def on(self) -> bool:
        """Whether the two films are side by side."""
        return self._pair is not None

    @property
    def offered(self) -> tuple[Displayable, StudyEntry] | None:
        """The prior film of the one in the active viewport, and its study."""
        if self._pair is not None and self._study is not None:
            return self._pair[1], self._study
        item = self._panes.active.item
        return prior_of(self._library.catalogue, item) if item is not None else None

    @property
    def states(self) -> tuple[AnalysisState, ...]:
        """How far the networks are with the current and the prior film; nothing while they are apart."""
        if not self.on:
            return ()
        readings = (pane.reading for pane in self._panes.all[:2])
        return tuple(one.state if one is not None else AnalysisState.RESTORING for one in readings)

    def start(self) -> bool:
        """Show the prior film beside the current one; False where there is none."""
        source, offered = self._panes.active, self.offered
        if self.on or offered is None or source.item is None:
            return False
        current = source.item
        self._count = self._grid.count
        self._replaced = self._panes.all[1].item if self._count > 1 else None
        self._study = offered[1]
        self._pair = (current, offered[0])
        self._grid.set_count(2)
        for pane, item in zip(self._panes.all, self._pair, strict=False):
            if pane.item is None or pane.item.key != item.key:
                pane.show(item)
        self._grid.activate(0)
        self._follow()
        self.changed.emit()
        return True

    def stop(self, *, count: int | None = None) -> None:
        """End it with the current film, with `count` viewports or as many as before."""
        if self._pair is None:
            return
        self._pair = self._study = None
        if self._replaced is not None:
            self._panes.all[1].show(self._replaced)
        else:
            self._panes.all[1].show_nothing()
        self._grid.activate(0)
        self._grid.set_count(count if count is not None else self._count)
        self._follow()
        self.changed.emit()

    def changes(self) -> tuple[Change, ...]:
        """Return what has changed; nothing while one of the films is not measured."""
        readings = self._readings()
        if len(readings) != 2 or any(reading.state is not AnalysisState.DONE for reading in readings):
            return ()
        current, prior = (
            FilmMeasurements(
                reading.measurements, reading.image.spacing, view_of(reading.image, reading.review)
            )
            for reading in readings
        )
        return changes(prior, current)

    @property
    def stated(self) -> PriorFilm | None:
        """What a report of the current film says of the prior one; None while they are not compared."""
        readings = self._readings()
        done = len(readings) == 2 and all(one.state is AnalysisState.DONE for one in readings)
        if not done or self._study is None or self._panes.active.reading is not readings[0]:
            return None
        return PriorFilm(self._study.date, readings[1].image.reference, self.changes())

    def _readings(self) -> list[Reading]:
        if self._pair is None:
            return []
        return [pane.reading for pane in self._panes.all[:2] if pane.reading is not None]

    def _follow(self) -> None:
        """Hear of what is measured on either film."""
        readings = self._readings()
        for reading in self._followed:
            if reading not in readings:
                reading.measurementsChanged.disconnect(self.changed)
                reading.stateChanged.disconnect(self.changed)
        for reading in readings:
            if reading not in self._followed:
                reading.measurementsChanged.connect(self.changed)
                reading.stateChanged.connect(self.changed)
        self._followed = readings

    def _on_pane(self, pane: Pane) -> None:
        """End it when one of the two shows another film; link them when both are there."""
        if self._pair is None or pane not in self._panes.all[:2]:
            return
        place = self._panes.all.index(pane)
        if pane.item is None or pane.item.key != self._pair[place].key:
            self._pair = self._study = None
        elif pane.image is not None and place == 1:
            self._on_look(self._panes.all[0])
        self._follow()
        self.changed.emit()

    def _on_look(self, pane: Pane) -> None:
        if self._pair is None or self._linking or pane not in self._panes.all[:2]:
            return
        source, target = pane.viewport, self._panes.all[1 - self._panes.all.index(pane)].viewport
        if source.frame is None or target.frame is None:
            return
        self._linking = True
        target.set_look(transferred(source.look, source.frame, target.frame))
        self._linking = False
