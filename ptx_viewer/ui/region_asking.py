"""Asking about a region: the next drag on a film draws it; at any time that can be given up."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from .keys import Act
from .panes import Panes
from .viewport import Tool

_TOOLS = {Act.EXPLAIN_BOX: Tool.REGION_BOX, Act.EXPLAIN_STROKE: Tool.REGION_STROKE}


class RegionAsking(QObject):
    """Lends the left mouse button to one drag, and gives it back to the reader's tool."""

    changed = Signal()

    def __init__(self, panes: Panes, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._panes = panes
        self._act: Act | None = None
        panes.regionDrawn.connect(lambda _pane, _mask: self.stop())

    @property
    def act(self) -> Act | None:
        """What the reader draws now; None while no region is asked for."""
        return self._act

    def start(self, act: Act) -> None:
        """Let the next drag draw a region; the same action again gives up."""
        if self._act is act:
            self.stop()
            return
        self._act = act
        self._panes.lend_tool(_TOOLS[act])
        self.changed.emit()

    def stop(self) -> None:
        """Give up, or end."""
        if self._act is not None:
            self._act = None
            self._panes.lend_tool(None)
            self.changed.emit()
