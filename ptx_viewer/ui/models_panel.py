"""MODELS: which weights are at work, on what, with their cards one click away."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from models.cards import CONSENSUS

from .analyst import Analyst, EngineState
from .widgets import ElidedButton, Section, clear, label


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
            engines = analyst.info.engines if analyst.info is not None else ()
            layers = ", ".join(f"{analyst.title_of(name)}: {engine}" for name, engine in engines)
            self._state.setText(f"Device: {analyst.device}" + (f". {layers}." if layers else ""))
        clear(self._list)
        for card in analyst.cards:
            # The card of a consensus is called after all its networks, that of own weights after their file:
            # too long for a button.
            ours = card.name == CONSENSUS or not card.shipped
            name = card.title if ours else f"{card.title} ({card.card_id})"
            button = ElidedButton(name)
            button.setProperty("role", "link")
            button.setToolTip(f"{button.text()}: card {card.card_id}, weights; click to show or replace them")
            button.clicked.connect(lambda _checked=False, name=card.name: self.cardAsked.emit(name))
            self._list.addWidget(button)
