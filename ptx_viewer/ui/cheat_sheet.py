"""All keys at a glance, over the film."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from . import theme
from .keys import KEYS
from .widgets import label

_COLUMNS = 3

#: What the mouse does in every tool, shown with the keys.
MOUSE = (
    ("Left drag", "what the chosen tool does"),
    ("Middle drag", "pan"),
    ("Right drag", "zoom"),
    ("Wheel", "slices of a stack, zoom of a film"),
    ("Ctrl+wheel", "zoom"),
)


class CheatSheet(QScrollArea):
    """An overlay that covers its parent; Esc or the same key closes it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Keyboard cheat sheet")
        page = QWidget()
        outer = QVBoxLayout(page)
        outer.setContentsMargins(20, 14, 20, 14)
        outer.addWidget(label("Keys", "heading"))
        columns = QHBoxLayout()
        columns.setSpacing(24)
        outer.addLayout(columns)
        outer.addStretch(1)
        for column in self._columns():
            stacked = QVBoxLayout()
            stacked.setSpacing(8)
            for title, rows in column:
                stacked.addWidget(self._group(title, rows))
            stacked.addStretch(1)
            columns.addLayout(stacked, 1)
        self.setWidget(page)
        parent.installEventFilter(self)
        self.hide()

    def setVisible(self, visible: bool) -> None:
        """Cover the parent while shown."""
        if visible:
            self.setGeometry(self.parentWidget().rect())
            self.raise_()
        super().setVisible(visible)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep covering the parent when it is resized."""
        if watched is self.parent() and event.type() == QEvent.Type.Resize:
            self.setGeometry(self.parentWidget().rect())
        return super().eventFilter(watched, event)

    @staticmethod
    def _columns() -> list[list[tuple[str, list[tuple[str, str]]]]]:
        groups: dict[str, list[tuple[str, str]]] = {}
        for key in KEYS:
            groups.setdefault(key.group, []).append((key.shown, key.title))
        groups["Mouse"] = list(MOUSE)
        total = sum(len(rows) + 2 for rows in groups.values())
        columns: list[list[tuple[str, list[tuple[str, str]]]]] = [[]]
        used = 0
        for title, rows in groups.items():
            # A group belongs to the column that holds the larger part of it.
            if used and used + (len(rows) + 2) / 2 > total / _COLUMNS and len(columns) < _COLUMNS:
                columns.append([])
                used = 0
            columns[-1].append((title, rows))
            used += len(rows) + 2
        return columns

    @staticmethod
    def _group(title: str, rows: list[tuple[str, str]]) -> QWidget:
        made = QWidget()
        grid = QGridLayout(made)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.setHorizontalSpacing(10)
        heading = label(title, wrap=False)
        heading.setStyleSheet(f"color: {theme.ACCENT}; font-weight: bold;")
        grid.addWidget(heading, 0, 0, 1, 2)
        for number, (shown, text) in enumerate(rows, start=1):
            cap = label(shown, wrap=False)
            cap.setStyleSheet("font-weight: bold;")
            cap.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            grid.addWidget(cap, number, 0)
            grid.addWidget(label(text), number, 1)
        grid.setColumnMinimumWidth(0, 76)
        grid.setColumnStretch(1, 1)
        return made
