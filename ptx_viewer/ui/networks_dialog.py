"""The networks at work: their weights, the cards that say how good they are, and other weights instead."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QPushButton,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from models.cards import CONSENSUS, LUNG_FIELDS, ModelCard

from . import theme
from .analyst import Analyst, EngineState
from .widgets import label, row

_FILES = "Weights (*.safetensors *.pth *.pkl);;All files (*)"


def card_html(card: ModelCard, runs_on: str = "") -> str:
    """Return the card as HTML, and what runs the network; every value of the file is escaped."""
    parts = [f"<h2>{escape(card.title)}</h2><p>{escape(card.task)}</p>"]
    parts.append(_heading("Figures on held-out films") + _list(str(figure) for figure in card.figures))
    parts.append(_heading("Known limits") + _list(card.limitations))
    parts.append(
        _heading("Data")
        + _list(f"{source.name}: {source.use}. Terms: {source.terms}" for source in card.sources)
    )
    rows = [
        ("Card", card.card_id),
        ("Runs on", runs_on),
        ("Weights", _weights(card)),
        ("Architecture", card.architecture),
        ("Network grid", f"{card.size} × {card.size} pixels"),
        ("Preprocessing", card.preprocessing),
        ("Split", card.split),
        ("Threshold of the image score", _number(card.threshold)),
        ("Threshold of the mask", _number(card.mask_threshold)),
        ("How they were chosen", card.threshold_rule),
        ("Aims and attempts", card.tried),
        ("Licence", card.licence),
        ("Trained by", card.command),
        ("Commit", card.commit),
        ("SHA-256 of the weights", card.sha256),
    ]
    cells = "".join(
        f"<tr><td style='color:{theme.QUIET}; padding: 2px 12px 2px 0'>{escape(name)}</td>"
        f"<td style='padding: 2px 0'>{escape(value)}</td></tr>"
        for name, value in rows
        if value
    )
    parts.append(_heading("Details") + f"<table>{cells}</table>")
    return "".join(parts)


class NetworksDialog(QDialog):
    """A tab for each network: its weights, what runs them, its card; stays open beside the film."""

    def __init__(self, analyst: Analyst, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._analyst = analyst
        self._names: tuple[str, ...] = ()
        self.setWindowTitle("Networks")
        self.setWindowFlag(Qt.WindowType.WindowContextHelpButtonHint, False)
        self.resize(720, 560)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.state = label("", "quiet")
        self.file = self._button("Use other weights...", "Choose a weight file (.safetensors, .pth, .pkl)")
        self.folder = self._button("Use a trained folder...", "Choose a folder with a card and its weights")
        self.shipped = self._button("Use the shipped weights", "Put a user's own weights away")
        self.file.clicked.connect(self._choose_file)
        self.folder.clicked.connect(self._choose_folder)
        self.shipped.clicked.connect(self._take_shipped)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.state)
        layout.addLayout(row(self.file, self.folder, self.shipped))
        self.tabs.currentChanged.connect(lambda _index: self._refresh_state())
        analyst.engineChanged.connect(self._on_engine)
        analyst.weightsRefused.connect(self._say)

    def open_at(self, name: str = "") -> None:
        """Show the networks, that of `name` in front."""
        self.refresh()
        if name in self._names:
            self.tabs.setCurrentIndex(self._names.index(name))
        self.show()
        self.raise_()
        self.activateWindow()

    def refresh(self) -> None:
        """Show what is loaded now; the tab in front stays there."""
        front = self.name
        while self.tabs.count():
            page = self.tabs.widget(0)
            self.tabs.removeTab(0)
            page.deleteLater()
        cards = self._analyst.cards
        self._names = tuple(card.name for card in cards)
        for card in cards:
            page = QTextBrowser()
            page.setOpenLinks(False)
            page.setHtml(card_html(card, self._analyst.runs_on(card.name)))
            self.tabs.addTab(page, card.title)
        if front in self._names:
            self.tabs.setCurrentIndex(self._names.index(front))
        self._refresh_state()

    @property
    def name(self) -> str:
        """The network whose tab is in front; ``""`` where there is none."""
        place = self.tabs.currentIndex()
        return self._names[place] if 0 <= place < len(self._names) else ""

    def use(self, name: str, weights: Path | None) -> None:
        """Let a network work with a user's own weights, or with the shipped ones again."""
        others = {key: path for key, path in self._analyst.weights.items() if key != name}
        self._analyst.use_weights(others if weights is None else others | {name: weights})

    def _on_engine(self) -> None:
        if self.isVisible():
            self.refresh()

    def _refresh_state(self) -> None:
        analyst, name = self._analyst, self.name
        ready = analyst.state is EngineState.READY
        replaceable = ready and name not in ("", LUNG_FIELDS, CONSENSUS)
        self.file.setEnabled(replaceable)
        self.folder.setEnabled(replaceable)
        failed = analyst.state is EngineState.FAILED and bool(analyst.weights)
        self.shipped.setEnabled((replaceable and name in analyst.weights) or failed)
        if analyst.state is EngineState.FAILED:
            self._say(f"The models could not be loaded: {analyst.failure}")
        elif analyst.state is EngineState.LOADING:
            self._say("Loading models")
        elif analyst.weights:
            own = ", ".join(f"{analyst.title_of(key)}: {path}" for key, path in analyst.weights.items())
            self._say(f"{own}. No consensus is made with a user's own weights.")
        else:
            self._say("The shipped weights are at work.")

    def _say(self, text: str) -> None:
        self.state.setText(text)

    def _choose_file(self) -> None:
        chosen, _kind = QFileDialog.getOpenFileName(self, "Use other weights", "", _FILES)
        if chosen:
            self.use(self.name, Path(chosen))

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Use a folder with a card and its weights")
        if chosen:
            self.use(self.name, Path(chosen))

    def _take_shipped(self) -> None:
        if self._analyst.state is EngineState.FAILED:
            self._analyst.use_weights({})
        else:
            self.use(self.name, None)

    def _button(self, text: str, tooltip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tooltip)
        button.setAutoDefault(False)
        return button


def _heading(text: str) -> str:
    return f"<h3 style='margin-bottom:2px'>{escape(text)}</h3>"


def _list(items: Iterable[str]) -> str:
    entries = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<ul style='margin-top:2px'>{entries}</ul>" if entries else "<p>None stated.</p>"


def _weights(card: ModelCard) -> str:
    if card.name == CONSENSUS:
        return ""
    return card.weights.name + ("" if card.shipped else ", a user's own, not the shipped ones")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
