"""A line above the film for what the reader has to know; it stays until it is put away."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from . import theme
from .widgets import icon_button, label


class MessageBar(QFrame):
    """Shows one message at a time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message-bar")
        self._text = label()
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close = icon_button("reject", "Put this message away")
        close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 3, 6, 3)
        layout.addWidget(self._text, 1)
        layout.addWidget(close)
        self.hide()

    @property
    def text(self) -> str:
        """The message, or ``""`` while none is shown."""
        return self._text.text() if not self.isHidden() else ""

    def tell(self, message: str) -> None:
        """Show good or neutral news."""
        self._show(message, theme.TEXT)

    def warn(self, message: str) -> None:
        """Show what went wrong."""
        self._show(message, theme.PROBLEM)

    def _show(self, message: str, colour: str) -> None:
        self._text.setText(message)
        self._text.setStyleSheet(f"color: {colour};")
        self.setStyleSheet(
            f"#message-bar {{ background: {theme.RAISED}; border-bottom: 1px solid {theme.BORDER}; }}"
        )
        self.show()
