"""The window's three columns: series, film, findings."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

#: Chosen so that the film has at least 60 % of a window of 1366 x 768 pixels...
_LEFT, _RIGHT = 158, 298
#: ... and of one of 1024 x 700, which is below this width.
_NARROW = 1200
NARROW_LEFT, NARROW_RIGHT = 80, 260


class _Columns(QSplitter):
    """Narrower columns in a narrow window, until the reader has chosen widths."""

    def __init__(self) -> None:
        super().__init__()
        self._chosen = False
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        self.splitterMoved.connect(self._on_moved)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Change between the two sets of widths."""
        super().resizeEvent(event)
        before, now = event.oldSize().width(), event.size().width()
        if not self._chosen and (before < _NARROW) != (now < _NARROW):
            self.set_widths(now)

    def set_widths(self, width: int) -> None:
        """Give the outer columns their usual widths, and the film the rest of `width`."""
        left, right = (NARROW_LEFT, NARROW_RIGHT) if width < _NARROW else (_LEFT, _RIGHT)
        self.setSizes([left, width - left - right, right])

    def _on_moved(self) -> None:
        self._chosen = True


def three_columns(left: QWidget, middle: QWidget, right: QWidget, width: int) -> QWidget:
    """Return the columns beside each other; the middle one takes what the window gains.

    They lie in a plain widget, because a splitter would take an overlay for one more column.
    """
    splitter = _Columns()
    for widget in (left, middle, right):
        splitter.addWidget(widget)
    splitter.setStretchFactor(1, 1)
    splitter.set_widths(width)
    whole = QWidget()
    layout = QVBoxLayout(whole)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(splitter)
    return whole
