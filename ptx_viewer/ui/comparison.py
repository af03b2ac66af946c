"""Two maps of one film side by side: the viewports move together, and one cursor reads both."""

from __future__ import annotations

import copy

from PySide6.QtCore import QObject, Signal

from .pane import Pane
from .panes import Panes
from .viewport import PixelProbe, Readout
from .viewport_grid import ViewportGrid

_SIDES = ("left", "right")


class Comparison(QObject):
    """Shows the film of the active viewport in two, and keeps the two together.

    Each viewport keeps its own question: any two methods, targets or models can be compared.
    """

    changed = Signal()

    def __init__(self, grid: ViewportGrid, panes: Panes, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._grid = grid
        self._panes = panes
        self._pair: tuple[Pane, Pane] | None = None
        self._count = 1
        self._linking = False
        panes.paneChanged.connect(self._on_pane)
        panes.looked.connect(self._on_look)
        panes.probed.connect(self._on_probe)

    @property
    def on(self) -> bool:
        """Whether two maps are compared."""
        return self._pair is not None

    @property
    def side(self) -> str:
        """Which of the two viewports is active; ``""`` while nothing is compared."""
        return _SIDES[self._grid.active_index] if self.on else ""

    def start(self) -> bool:
        """Begin with the film of the active viewport; False where there is none.

        The other viewport begins without a map and becomes the active one: the next method that the
        reader chooses is shown there.
        """
        source = self._panes.active
        if self.on or source.reading is None or source.image is None:
            return False
        self._count = self._grid.count
        self._grid.set_count(2)
        left, right = self._panes.all[:2]
        if source is not left and source is not right:
            left.show_same(source)
            source = left
        other = left if source is right else right
        other.show_same(source)
        other.why = copy.copy(source.why)
        other.why.show(None)
        other.draw_masks()
        self._pair = (left, right)
        other.viewport.set_look(source.viewport.look)
        self._grid.activate(self._panes.all.index(other))
        self.changed.emit()
        return True

    def stop(self, *, count: int | None = None) -> None:
        """End it with `count` viewports, or as many as before; the other one is empty then."""
        if self._pair is None:
            return
        active = self._panes.active
        first, second = self._pair
        self._pair = None
        for pane in (first, second):
            pane.viewport.set_readout(None)
        if active is second:
            # The map that the reader looked at last stays, in the viewport that stays.
            first.why = copy.copy(second.why)
            first.draw_masks()
        second.show_nothing()
        self._grid.activate(0)
        self._grid.set_count(count if count is not None else self._count)
        self.changed.emit()

    def _other(self, pane: object) -> Pane | None:
        if self._pair is None or pane not in self._pair:
            return None
        return self._pair[1] if pane is self._pair[0] else self._pair[0]

    def _on_look(self, pane: Pane) -> None:
        other = self._other(pane)
        if other is not None and not self._linking:
            self._linking = True
            other.viewport.set_look(pane.viewport.look)
            self._linking = False

    def _on_probe(self, pane: Pane, probe: PixelProbe | None) -> None:
        other = self._other(pane)
        if other is None:
            return
        if probe is None:
            for each in (pane, other):
                each.viewport.set_readout(None)
            return
        there = other.viewport.read(probe.row, probe.column)
        pane.viewport.set_readout(Readout(probe.row, probe.column, probe.heatmap_text, cross=False))
        other.viewport.set_readout(
            Readout(probe.row, probe.column, there.heatmap_text if there is not None else "")
        )

    def _on_pane(self, pane: Pane) -> None:
        """End it when one of the two shows another film."""
        if self._pair is None or pane not in self._pair:
            return
        first, second = (each.reading.key if each.reading is not None else None for each in self._pair)
        if first != second or first is None:
            self._pair = None
            for each in self._panes.all[:2]:
                each.viewport.set_readout(None)
            self.changed.emit()
