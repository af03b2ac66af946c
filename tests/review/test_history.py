from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review.edits import ReviewLocked, accept, reject, repaint, set_impression, sign, unsign
from ptx_viewer.review.from_analysis import review_from_analysis
from ptx_viewer.review.history import EditHistory
from ptx_viewer.review.review import Decision, ImageReview

Rectangle = Callable[[int, int, int, int], np.ndarray]


def test_undo_and_redo_walk_through_the_versions(analysis: ImageAnalysis, rectangle: Rectangle) -> None:
    start = review_from_analysis(analysis)
    history = EditHistory(start)
    assert (history.can_undo, history.can_redo) == (False, False)
    history.push(accept(history.current, "attention-unet-1"))
    history.push(repaint(history.current, "attention-unet-1", rectangle(0, 0, 3, 3)))
    painted = history.current.findings[0].mask

    assert history.undo().findings[0].mask is start.findings[0].mask
    assert history.current.findings[0].decision is Decision.ACCEPTED
    assert (history.can_undo, history.can_redo) == (True, True)
    assert history.undo().findings == start.findings
    assert (history.can_undo, history.can_redo) == (False, True)
    history.redo()
    assert history.redo().findings[0].mask is painted
    assert (history.can_undo, history.can_redo) == (True, False)


def test_a_new_edit_after_undo_ends_what_could_be_redone(analysis: ImageAnalysis) -> None:
    history = EditHistory(review_from_analysis(analysis))
    history.push(accept(history.current, "attention-unet-1"))
    history.undo()
    history.push(reject(history.current, "attention-unet-2"))
    assert not history.can_redo
    assert [f.decision for f in history.current.findings] == [Decision.SUGGESTED, Decision.REJECTED]
    assert [f.decision for f in history.undo().findings] == [Decision.SUGGESTED, Decision.SUGGESTED]


def test_at_either_end_nothing_changes(analysis: ImageAnalysis) -> None:
    start = review_from_analysis(analysis)
    history = EditHistory(start)
    assert history.undo() is start
    assert history.redo() is start


def test_the_audit_trail_only_grows(analysis: ImageAnalysis) -> None:
    history = EditHistory(review_from_analysis(analysis))
    history.push(accept(history.current, "attention-unet-1"))
    history.undo()
    history.redo()
    history.undo()
    history.push(set_impression(history.current, "apical"))
    assert [(event.action, event.detail) for event in history.current.audit] == [
        ("analysed", "attention-unet (attention-unet-1): 2 found"),
        ("accepted", "attention-unet-1"),
        ("undone", "accepted"),
        ("redone", ""),
        ("undone", ""),
        ("impression changed", "6 characters"),
    ]
    moments = [event.when for event in history.current.audit]
    assert moments == sorted(moments)


def test_signing_is_no_step_and_locks_the_history(analysis: ImageAnalysis) -> None:
    history = EditHistory(review_from_analysis(analysis))
    history.push(accept(history.current, "attention-unet-1"))
    history.push(sign(history.current, "A. Reader"))
    assert history.current.signed_by == "A. Reader"
    assert (history.can_undo, history.can_redo) == (False, False)
    with pytest.raises(ReviewLocked):
        history.undo()
    with pytest.raises(ReviewLocked):
        history.redo()
    history.push(unsign(history.current))
    undone = history.undo()
    assert undone.signed_by == ""
    assert undone.findings[0].decision is Decision.SUGGESTED
    assert [event.action for event in undone.audit] == [
        "analysed",
        "accepted",
        "signed",
        "signature withdrawn",
        "undone",
    ]


def test_undo_never_brings_a_withdrawn_signature_back(analysis: ImageAnalysis) -> None:
    history = EditHistory(review_from_analysis(analysis))
    history.push(sign(history.current, "A. Reader"))
    # Withdrawn and edited in one step: the signed version itself lies below.
    history.push(set_impression(unsign(history.current), "changed"))
    undone = history.undo()
    assert (undone.impression, undone.signed_by, undone.signed_at) == ("", "", None)


def test_another_image_is_refused(analysis: ImageAnalysis) -> None:
    with pytest.raises(ValueError, match="7#0"):
        EditHistory(review_from_analysis(analysis)).push(ImageReview("7#0"))


def test_depth_is_bounded_and_the_oldest_goes_first(analysis: ImageAnalysis) -> None:
    history = EditHistory(review_from_analysis(analysis), max_steps=3)
    for number in range(1, 8):
        history.push(set_impression(history.current, str(number)))
    seen = [history.current.impression]
    while history.can_undo:
        seen.append(history.undo().impression)
    assert seen == ["7", "6", "5", "4"]


def test_memory_is_bounded_but_the_last_step_can_always_be_undone(
    analysis: ImageAnalysis, rectangle: Rectangle
) -> None:
    mask_bytes = 40 * 60
    # The two suggestions and room for three painted masks.
    history = EditHistory(review_from_analysis(analysis), max_bytes=5 * mask_bytes)
    for width in range(1, 11):
        history.push(repaint(history.current, "attention-unet-1", rectangle(0, 0, 1, width)))
    seen = [int(history.current.findings[0].mask.sum())]
    while history.can_undo:
        seen.append(int(history.undo().findings[0].mask.sum()))
    assert seen == [10, 9, 8]

    tight = EditHistory(review_from_analysis(analysis), max_bytes=1)
    tight.push(repaint(tight.current, "attention-unet-1", rectangle(0, 0, 1, 1)))
    tight.push(repaint(tight.current, "attention-unet-1", rectangle(0, 0, 1, 2)))
    assert int(tight.undo().findings[0].mask.sum()) == 1
    assert not tight.can_undo


def test_versions_share_masks(analysis: ImageAnalysis) -> None:
    # A thousand steps that touch no mask cost no mask: nothing is forgotten.
    history = EditHistory(review_from_analysis(analysis), max_steps=1000, max_bytes=2 * 40 * 60)
    for number in range(1000):
        history.push(set_impression(history.current, str(number)))
    for _ in range(1000):
        history.undo()
    assert history.current.impression == ""


class HistoryMachine(RuleBasedStateMachine):
    """Against the plainest model of undo: a list and a position."""

    def __init__(self) -> None:
        super().__init__()
        self.history = EditHistory(ImageReview("1#0"))
        self.texts, self.position = [""], 0

    @rule(text=st.text(max_size=3))
    def edit(self, text: str) -> None:
        self.history.push(set_impression(self.history.current, text))
        if text != self.texts[self.position]:
            self.texts = [*self.texts[: self.position + 1], text]
            self.position += 1

    @precondition(lambda self: self.position > 0)
    @rule()
    def undo(self) -> None:
        self.history.undo()
        self.position -= 1

    @precondition(lambda self: self.position < len(self.texts) - 1)
    @rule()
    def redo(self) -> None:
        self.history.redo()
        self.position += 1

    @rule()
    def sign_and_withdraw(self) -> None:
        self.history.push(sign(self.history.current, "A. Reader"))
        self.history.push(unsign(self.history.current))

    @invariant()
    def agrees(self) -> None:
        assert self.history.current.impression == self.texts[self.position]
        assert self.history.can_undo == (self.position > 0)
        assert self.history.can_redo == (self.position < len(self.texts) - 1)


TestHistoryMachine = HistoryMachine.TestCase
TestHistoryMachine.settings = settings(max_examples=40, stateful_step_count=30)
