"""Who says what: a row for each network and their consensus, with its colour and whether it is drawn."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from models.cards import CONSENSUS, OWN, OWN_WEIGHTS
from models.prediction import Prediction
from ptx_viewer.opinions import agreement_line, basis
from ptx_viewer.results import ImageAnalysis

from . import theme
from .analyst import Analyst
from .keys import KEY_OF, Act
from .widgets import clear, label


class OpinionsBox(QWidget):
    """Shown where two networks or more have answered; what is hidden stays so from film to film."""

    #: Names of the networks, and of the consensus, whose outlines are not drawn: frozenset of str.
    hiddenChanged = Signal(object)

    def __init__(self, analyst: Analyst, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._analyst = analyst
        self._hidden: frozenset[str] = frozenset()
        self._shown: tuple[object, ...] = ()
        self._networks: tuple[str, ...] = ()
        self.switches: dict[str, QCheckBox] = {}
        self._scores: dict[str, QLabel] = {}
        self._rows = QVBoxLayout()
        self._rows.setSpacing(1)
        self._agreement = label("", "quiet")
        self._agreement.setToolTip(
            "How many networks outline something on each of the patient's sides, and the Dice between their "
            "outlines: 1 is the same, 0 is nothing shared."
        )
        self._basis = label("", "quiet")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(self._rows)
        layout.addWidget(self._agreement)
        layout.addWidget(self._basis)
        self.hide()

    @property
    def hidden_sources(self) -> frozenset[str]:
        """Whose outlines are not drawn."""
        return self._hidden

    def texts(self) -> list[str]:
        """Return what is written, row by row."""
        rows = [f"{switch.text()} {self._scores[model].text()}" for model, switch in self.switches.items()]
        return [*rows, self._agreement.text(), self._basis.text()] if rows else []

    def toggle_networks(self) -> None:
        """Take the networks' own outlines off the film, or bring them back."""
        names = frozenset(self._networks)
        self._set_hidden(self._hidden - names if self._hidden & names else self._hidden | names)

    def refresh(self, analysis: ImageAnalysis | None) -> None:
        """Show what the networks say about the film of the active viewport."""
        consensus = analysis.consensus if analysis is not None else None
        self.setVisible(consensus is not None)
        titles = tuple(card.title for card in self._analyst.cards)
        if (analysis, titles) == self._shown:
            return
        self._shown = (analysis, titles)
        clear(self._rows)
        self.switches, self._scores = {}, {}
        self._networks = ()
        if analysis is None or consensus is None:
            return
        self._networks = tuple(made.model for made in analysis.predictions)
        for made in sorted(analysis.answers, key=lambda made: made.model != CONSENSUS):
            self._rows.addLayout(self._row(made))
        title_of = self._analyst.title_of
        self._agreement.setText(agreement_line(consensus.agreement, title_of))
        self._basis.setText(basis(analysis, title_of))
        self._basis.setVisible(bool(self._basis.text()))

    def _row(self, made: Prediction) -> QHBoxLayout:
        swatch = QLabel()
        # As on the film: the consensus thick, a network's own outline thin.
        swatch.setFixedSize(12, 5 if made.model == CONSENSUS else 2)
        swatch.setStyleSheet(f"background: {theme.colour_of(made.model)}; padding: 0;")
        title = "Consensus" if made.model == CONSENSUS else self._analyst.title_of(made.model)
        switch = QCheckBox(title.replace(OWN_WEIGHTS, OWN))
        relation = "≥" if made.present else "<"
        score = label(f"{made.score:.2f} {relation} {made.threshold:.2f}", "quiet", wrap=False)
        score.setToolTip("Image score, and the threshold from which a pneumothorax is said to be present")
        # The column may be too narrow for both: the name comes first.
        score.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        score.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        switch.setChecked(made.model not in self._hidden)
        found = "no outline on this film" if not made.instances else "draw its outline"
        switch.setToolTip(
            f"{title}: {found}; card {made.card_id}; ran on {made.device} with {made.engine}"
            + ("" if made.model == CONSENSUS else f"  ({KEY_OF[Act.OPINIONS].shown}: all networks)")
        )
        switch.toggled.connect(lambda on, model=made.model: self._on_switch(model, on))
        self.switches[made.model] = switch
        self._scores[made.model] = score
        layout = QHBoxLayout()
        layout.setSpacing(4)
        layout.addWidget(swatch)
        layout.addWidget(switch)
        layout.addWidget(score, 1)
        return layout

    def _on_switch(self, model: str, on: bool) -> None:
        self._set_hidden(self._hidden - {model} if on else self._hidden | {model})

    def _set_hidden(self, hidden: frozenset[str]) -> None:
        self._hidden = hidden
        for model, switch in self.switches.items():
            with QSignalBlocker(switch):
                switch.setChecked(model not in hidden)
        self.hiddenChanged.emit(hidden)
