"""The window's three columns: series, film, findings."""

from __future__ import annotations

from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

#: Chosen so that the film has at least 60 % of a window of 1366 x 768 pixels.
_LEFT, _RIGHT = 158, 298


def three_columns(left: QWidget, middle: QWidget, right: QWidget, width: int) -> QWidget:
    """Return the columns beside each other; the middle one takes what the window gains.

    They lie in a plain widget, because a splitter would take an overlay for one more column.
    """
    splitter = QSplitter()
    splitter.setHandleWidth(1)
    splitter.setChildrenCollapsible(False)
    for widget in (left, middle, right):
        splitter.addWidget(widget)
    splitter.setStretchFactor(1, 1)
    splitter.setSizes([_LEFT, width - _LEFT - _RIGHT, _RIGHT])
    whole = QWidget()
    layout = QVBoxLayout(whole)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(splitter)
    return whole
