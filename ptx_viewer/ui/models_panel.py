"""MODELS: which weights are at work, on what, with their cards one click away."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from .analyst import Analyst, EngineState
from .widgets import Section, clear, label


class ModelsPanel(Section):
    """Lists the loaded models; choosing one opens its card."""

    cardAsked = Signal(str)

    def __init__(self, analyst: Analyst, parent: QWidget | None = None) -> None:
        super().__init__("MODELS", parent)
        self._analyst = analyst
        self._state = label("", "quiet")
        self._list = QVBoxLayout()
        self._list.setSpacing(2)
        self.rows.addWidget(self._state)
        self.rows.addLayout(self._list)
        analyst.engineChanged.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what the engine says."""
        analyst = self._analyst
        if analyst.state is EngineState.FAILED:
            self._state.setText(f"The models could not be loaded: {analyst.failure}")
        elif analyst.state is EngineState.LOADING:
            self._state.setText("Loading models")
        else:
            self._state.setText(f"Device: {analyst.device}")
        clear(self._list)
        for card in analyst.cards:
            button = QPushButton(f"{card.title} ({card.card_id})")
            button.setProperty("role", "link")
            button.setToolTip("Show the model card")
            button.clicked.connect(lambda _checked=False, name=card.name: self.cardAsked.emit(name))
            self._list.addWidget(button)
