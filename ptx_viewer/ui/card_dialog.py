"""The model card: what the weights learned from, how good they are, and where they fail."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QTabWidget, QTextBrowser, QVBoxLayout, QWidget

from models.cards import ModelCard

from . import theme


def card_html(card: ModelCard) -> str:
    """Return the card as HTML; every value of the file is escaped."""
    parts = [f"<h2>{escape(card.title)}</h2><p>{escape(card.task)}</p>"]
    parts.append(_heading("Figures on held-out films") + _list(str(figure) for figure in card.figures))
    parts.append(_heading("Known limits") + _list(card.limitations))
    parts.append(
        _heading("Data")
        + _list(f"{source.name}: {source.use}. Terms: {source.terms}" for source in card.sources)
    )
    rows = [
        ("Card", card.card_id),
        ("Architecture", card.architecture),
        ("Network grid", f"{card.size} × {card.size} pixels"),
        ("Preprocessing", card.preprocessing),
        ("Split", card.split),
        ("Threshold of the image score", _number(card.threshold)),
        ("Threshold of the mask", _number(card.mask_threshold)),
        ("How they were chosen", card.threshold_rule),
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


class CardDialog(QDialog):
    """Shows the cards of all loaded models; stays open beside the film."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Model cards")
        self.setWindowFlag(Qt.WindowType.WindowContextHelpButtonHint, False)
        self.resize(680, 560)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self.tabs)

    def show_cards(self, cards: tuple[ModelCard, ...], name: str = "") -> None:
        """Show the cards, the one of model `name` in front."""
        while self.tabs.count():
            page = self.tabs.widget(0)
            self.tabs.removeTab(0)
            page.deleteLater()
        for card in cards:
            page = QTextBrowser()
            page.setOpenLinks(False)
            page.setHtml(card_html(card))
            self.tabs.addTab(page, card.title)
            if card.name == name:
                self.tabs.setCurrentWidget(page)
        self.show()
        self.raise_()
        self.activateWindow()


def _heading(text: str) -> str:
    return f"<h3 style='margin-bottom:2px'>{escape(text)}</h3>"


def _list(items: Iterable[str]) -> str:
    entries = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<ul style='margin-top:2px'>{entries}</ul>" if entries else "<p>None stated.</p>"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
