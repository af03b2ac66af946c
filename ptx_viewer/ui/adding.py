"""Adding a finding: draw it, take its side from the lung fields, or ask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from models.prediction import Side

from .pane import Pane


class Adding(QObject):
    """The few steps of adding a finding; at any time they can be given up."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pane: Pane | None = None
        self._mask: NDArray[np.bool_] | None = None

    @property
    def drawing(self) -> bool:
        """Whether the next stroke makes a new finding."""
        return self._pane is not None and self._mask is None

    @property
    def asking(self) -> bool:
        """Whether the side of the drawn finding has to be given by the reader."""
        return self._mask is not None

    def start(self, pane: Pane) -> bool:
        """Begin in `pane`; False where nothing can be added."""
        self.stop()
        if pane.reading is None or pane.reading.locked:
            return False
        self._pane = pane
        pane.set_drawing(True)
        self.changed.emit()
        return True

    def take(self, mask: NDArray[np.bool_]) -> None:
        """Take the reader's stroke."""
        if self._pane is None or self._pane.reading is None or not mask.any():
            return
        side = self._pane.reading.side_of(mask)
        self._mask = mask
        if side is not None:
            self.answer(side)
        else:
            self.changed.emit()

    def answer(self, side: Side) -> None:
        """Add the drawn finding on `side`."""
        pane, mask = self._pane, self._mask
        self.stop()
        if pane is None or mask is None or pane.reading is None:
            return
        finding_id = pane.reading.add_finding(mask, side)
        if finding_id is not None:
            pane.reading.select(finding_id)

    def stop(self) -> None:
        """Give up, or end."""
        pane, self._pane, self._mask = self._pane, None, None
        if pane is not None:
            pane.set_drawing(False)
            self.changed.emit()
