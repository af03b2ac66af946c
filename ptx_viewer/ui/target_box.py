"""The question: the image score, one of the findings, or a region that the reader draws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QWidget

from explain.target import Target
from ptx_viewer.review.edits import READER
from ptx_viewer.review.review import Decision, Finding

from .finding_row import headline
from .keys import KEY_OF, Act
from .reading import Reading
from .why_state import WhyState
from .widgets import CalmComboBox

IMAGE_SCORE = "The image score"
REGION = "The drawn region"
_ASKS = {Act.EXPLAIN_BOX: "Draw a box", Act.EXPLAIN_STROKE: "Draw with the brush"}


class TargetBox(CalmComboBox):
    """Offers what can be explained of the film in the active viewport."""

    targetChosen = Signal(object)
    #: The reader wants to draw a region: which action begins that.
    drawingAsked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setToolTip(
            f"What is explained  (draw a region: {KEY_OF[Act.EXPLAIN_BOX].shown}, "
            f"{KEY_OF[Act.EXPLAIN_STROKE].shown})"
        )
        self.setAccessibleName("What is explained")
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(CalmComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._choices: list[Target | Act] = []
        self._current = 0
        self._targets: dict[str, tuple[NDArray[np.bool_], Target]] = {}
        self.activated.connect(self._on_activated)

    def refresh(self, reading: Reading | None, state: WhyState, title_of: Callable[[str], str]) -> None:
        """Offer what `reading` holds, with the target of `state` chosen; a region that was drawn stays."""
        rows: list[tuple[str, str, Target | Act]] = [(IMAGE_SCORE, "image", Target.image_score())]
        for finding in reading.review.findings if reading is not None else ():
            if finding.decision is not Decision.REJECTED and finding.mask.any():
                target = self._target(finding)
                rows.append((finding_name(finding, title_of), target.key, target))
        if state.target.key not in [key for _text, key, _choice in rows]:
            rows.append((REGION, state.target.key, state.target))
        chosen = [key for _text, key, _choice in rows].index(state.target.key)
        rows += [(f"{text}  ({KEY_OF[act].shown})", "", act) for act, text in _ASKS.items()]
        texts = [text for text, _key, _choice in rows]
        with QSignalBlocker(self):
            if texts != [self.itemText(i) for i in range(self.count())]:
                self.clear()
                self.addItems(texts)
                self.insertSeparator(len(texts) - len(_ASKS))
            self.setCurrentIndex(chosen)
        self._choices = [choice for _text, _key, choice in rows]
        self._current = chosen

    def _target(self, finding: Finding) -> Target:
        """Return the question why a finding is outlined where it is; made once for each outline."""
        known = self._targets.get(finding.finding_id)
        if known is None or known[0] is not finding.mask:
            known = (finding.mask, Target.finding(finding.mask, finding.side.value))
            self._targets[finding.finding_id] = known
        return known[1]

    def _on_activated(self, index: int) -> None:
        # The separator takes a place of its own.
        place = index if index < len(self._choices) - len(_ASKS) else index - 1
        choice = self._choices[place]
        if isinstance(choice, Target):
            self.targetChosen.emit(choice)
        else:
            with QSignalBlocker(self):
                self.setCurrentIndex(self._current)
            self.drawingAsked.emit(choice)


def finding_name(finding: Finding, title_of: Callable[[str], str]) -> str:
    """Return what a finding is called among the targets, e.g. ``"Right · 0.93, Attention U-Net"``."""
    whose = "drawn by the reader" if finding.source == READER else title_of(finding.source)
    return f"{headline(finding)}, {whose}"
