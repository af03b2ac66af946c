"""One finding in the list."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from models.prediction import Side
from ptx_viewer.review.edits import READER
from ptx_viewer.review.review import Decision, Finding
from ptx_viewer.review.volume import VolumeFinding

from . import theme
from .keys import KEY_OF, Act
from .widgets import icon_button, label

_SIDES = {Side.RIGHT: "Right", Side.LEFT: "Left", Side.UNKNOWN: "Side unknown"}


def headline(finding: Finding) -> str:
    """Return side and score of a finding, e.g. ``"Right · 0.93"``."""
    side = _SIDES[finding.side]
    return side if finding.score is None else f"{side} · {finding.score:.2f}"


def state_text(finding: Finding | VolumeFinding) -> str:
    """Return what the reader did with a finding."""
    if finding.source == READER:
        made = "drawn by the reader"
        return made if finding.decision is Decision.ACCEPTED else f"{made}, {finding.decision.value}"
    return f"{finding.decision.value}, outline edited" if finding.edited else finding.decision.value


class FindingRow(QFrame):
    """Side, score, who found it, and what the reader can do about it."""

    chosen = Signal(str)
    asked = Signal(str, object)

    def __init__(
        self,
        finding: Finding | VolumeFinding,
        heading: str,
        source_title: str,
        *,
        selected: bool,
        locked: bool,
    ) -> None:
        super().__init__()
        self.finding_id = finding.finding_id
        self.setObjectName("finding-row")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        border = theme.ACCENT if selected else theme.BORDER
        self.setStyleSheet(
            f"#finding-row {{ border: 1px solid {border}; border-radius: 4px; background: {theme.RAISED}; }}"
        )
        swatch = QLabel()
        swatch.setFixedSize(6, 34)
        colour = theme.colour_of(finding.source)
        swatch.setStyleSheet(f"background: {colour}; border-radius: 3px;")
        self._jump = QPushButton(heading)
        self._jump.setProperty("role", "link")
        self._jump.setStyleSheet(f"color: {theme.TEXT}; font-weight: bold;")
        self._jump.setToolTip("Go to this finding")
        self._jump.clicked.connect(lambda: self.chosen.emit(self.finding_id))
        text = state_text(finding)
        detail = label(text if finding.source == READER else f"{source_title}, {text}", "quiet")
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(self._jump, 0, Qt.AlignmentFlag.AlignLeft)
        texts.addWidget(detail)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 4, 4, 4)
        layout.setSpacing(6)
        layout.addWidget(swatch)
        layout.addLayout(texts, 1)
        for act in self._acts(finding):
            button = icon_button(KEY_OF[act].icon, KEY_OF[act].tooltip)
            button.setObjectName(act.value)
            button.setEnabled(not locked)
            button.clicked.connect(lambda _checked=False, act=act: self.asked.emit(self.finding_id, act))
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)

    def take_focus(self) -> None:
        """Let the keyboard go on in this row."""
        self._jump.setFocus()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the finding wherever its row is clicked."""
        self.chosen.emit(self.finding_id)
        event.accept()

    @staticmethod
    def _acts(finding: Finding | VolumeFinding) -> tuple[Act, ...]:
        if finding.source == READER:
            return (Act.REMOVE_FINDING,)
        if finding.decision is Decision.SUGGESTED:
            return (Act.ACCEPT, Act.REJECT)
        return (Act.REOPEN,)


class SideQuestion(QWidget):
    """Asks, in the list itself, on which side the reader's new finding lies."""

    answered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label("On which side of the patient is the finding you drew?"))
        buttons = QHBoxLayout()
        for text, side in (("Right", Side.RIGHT), ("Left", Side.LEFT), ("Not known", Side.UNKNOWN)):
            button = QPushButton(text)
            button.setObjectName(f"side-{side.value}")
            button.clicked.connect(lambda _checked=False, side=side: self.answered.emit(side))
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout.addLayout(buttons)
