"""The bottom line: what runs, how far it is, where the networks run, and what this program is not."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QProgressBar, QStatusBar, QWidget

from models.cards import CONSENSUS, OWN

from .analyst import Analyst, EngineState
from .explanations import Explanations
from .keys import Act
from .library import Library
from .start_screen import DISCLAIMER
from .widgets import ActionButton, ElidedLabel, label

_MESSAGE_MS = 8000


class StatusBar(QStatusBar):
    """Shows the one thing that is running, the last message, and what is always true."""

    def __init__(self, actions: dict[Act, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._actions = actions
        self._work = ElidedLabel("")
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setFixedWidth(110)
        self._bar.setTextVisible(False)
        self._cancel = ActionButton(actions[Act.CANCEL], role="link")
        self._probe = ElidedLabel()
        self._engine = ElidedLabel()
        self._disclaimer = label(DISCLAIMER, "quiet", wrap=False)
        self.addWidget(self._work)
        self.addWidget(self._bar)
        self.addWidget(self._cancel)
        self.addWidget(self._probe, 1)
        self.addPermanentWidget(self._engine)
        self.addPermanentWidget(self._disclaimer)

    @property
    def work_text(self) -> str:
        """What is said to be running."""
        return self._work.text()

    @property
    def engine_text(self) -> str:
        """Device and models."""
        return self._engine.text()

    def say(self, message: str) -> None:
        """Show a passing message; it gives way by itself."""
        self.showMessage(message, _MESSAGE_MS)

    def show_probe(self, text: str) -> None:
        """Show what lies under the cursor."""
        self._probe.setText(text)

    def refresh(self, library: Library, analyst: Analyst, explanations: Explanations, exporting: str) -> None:
        """Show what runs now."""
        text, fraction = "", -1.0
        if library.scanning:
            text, fraction = library.message or "Looking for images", library.progress
        elif exporting:
            text, fraction = exporting, -1.0
        elif analyst.state is EngineState.LOADING:
            text, fraction = analyst.message or "Loading models", analyst.progress
        elif analyst.busy:
            waiting = f"  ({analyst.waiting} waiting)" if analyst.waiting else ""
            text, fraction = f"Analysing: {analyst.message}{waiting}", analyst.progress
        elif explanations.working:
            text, fraction = explanations.working, explanations.progress
        self._work.setText(text)
        self._bar.setVisible(fraction >= 0.0)
        self._bar.setValue(round(1000 * max(fraction, 0.0)))
        can_cancel = library.scanning or analyst.busy or analyst.waiting > 0 or explanations.asked
        self._actions[Act.CANCEL].setEnabled(can_cancel)
        self._cancel.setVisible(can_cancel)
        if analyst.state is EngineState.FAILED:
            self._engine.setText("Models not loaded")
            self._engine.setToolTip(analyst.failure)
        else:
            versions = ", ".join(
                card.card_id if card.shipped else f"{card.name}{OWN}"
                for card in analyst.cards
                if card.name != CONSENSUS
            )
            self._engine.setText(f"{versions} on {analyst.device}" if versions else "Models loading")
            self._engine.setToolTip("Weights and the device that runs them")
