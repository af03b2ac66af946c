"""The question: the image score, one of the findings, or a region that the reader draws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QWidget

from explain.target import Target
from models.prediction import Side
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
        self._own: dict[str, str] = {}
        self.activated.connect(self._on_activated)

    def refresh(
        self, reading: Reading | None, state: WhyState, model: str, title_of: Callable[[str], str]
    ) -> None:
        """Offer what `reading` holds, with the target of `state` chosen; a region that was drawn stays.

        Beside the findings of the review there are the own outlines of `model`, where it is one of several.
        """
        rows: list[tuple[str, str, Target | Act]] = [(IMAGE_SCORE, "image", Target.image_score())]
        for finding in reading.review.findings if reading is not None else ():
            if finding.decision is not Decision.REJECTED and finding.mask.any():
                target = self._target(finding.finding_id, finding.mask, finding.side)
                rows.append((finding_name(finding, title_of), target.key, target))
        rows += self._own_outlines(reading, model, title_of)
        if state.target.key not in [key for _text, key, _choice in rows]:
            owner = self._own.get(state.target.key)
            name = REGION if owner is None else f"The outline of {title_of(owner)}"
            rows.append((name, state.target.key, state.target))
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

    def of_another_network(self, state: WhyState) -> bool:
        """Whether the target of `state` is the own outline of another network than `state` asks."""
        return self._own.get(state.target.key, state.model) != state.model

    def _own_outlines(
        self, reading: Reading | None, model: str, title_of: Callable[[str], str]
    ) -> list[tuple[str, str, Target | Act]]:
        analysis = reading.analysis if reading is not None else None
        answer = analysis.answer(model) if analysis is not None and analysis.consensus is not None else None
        if reading is None or answer is None:
            return []
        # By what was outlined: a finding kept from an earlier answer may have the number of another outline.
        listed = [finding.suggested for finding in reading.review.findings if finding.source == model]
        rows: list[tuple[str, str, Target | Act]] = []
        for number, instance in enumerate(answer.instances, start=1):
            if not any(each is not None and np.array_equal(each, instance.mask) for each in listed):
                target = self._target(f"{model}-own-{number}", instance.mask, instance.side)
                self._own[target.key] = model
                text = f"{instance.side.value.capitalize()} · {instance.score:.2f}, {title_of(model)}'s own"
                rows.append((text, target.key, target))
        return rows

    def _target(self, identity: str, mask: NDArray[np.bool_], side: Side) -> Target:
        """Return the question why an outline lies where it does; made once for each outline."""
        known = self._targets.get(identity)
        if known is None or known[0] is not mask:
            known = (mask, Target.finding(mask, side.value))
            self._targets[identity] = known
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
