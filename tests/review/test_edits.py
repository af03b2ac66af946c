from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.prediction import Box, Instance, Prediction, Side
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review.edits import (
    Clock,
    ReviewLocked,
    UnknownFinding,
    accept,
    add_finding,
    reject,
    remove_finding,
    reopen,
    repaint,
    set_impression,
    set_verdict,
    sign,
    unsign,
)
from ptx_viewer.review.from_analysis import review_from_analysis, update_from_analysis
from ptx_viewer.review.review import Decision, Finding, ImageReview, Verdict

Rectangle = Callable[[int, int, int, int], np.ndarray]
MakeAnalysis = Callable[..., ImageAnalysis]


def finding(review: ImageReview, finding_id: str) -> Finding:
    (found,) = [f for f in review.findings if f.finding_id == finding_id]
    return found


def actions(review: ImageReview) -> list[tuple[str, str]]:
    return [(event.action, event.detail) for event in review.audit]


def test_an_analysis_becomes_numbered_suggestions(make_analysis: MakeAnalysis, clock: Clock) -> None:
    analysis = make_analysis("attention-unet", "mask-rcnn")
    review = review_from_analysis(analysis, clock=clock)
    assert review.image_key == "1.2.3#0"
    assert [f.finding_id for f in review.findings] == [
        "attention-unet-1",
        "attention-unet-2",
    ]
    first = review.findings[0]
    instance = analysis.predictions[0].instances[0]
    assert (first.source, first.side, first.score) == ("attention-unet", Side.RIGHT, 0.9)
    assert first.suggested is first.mask is instance.mask
    assert first.decision is Decision.SUGGESTED
    assert not first.edited
    assert review.verdict is Verdict.OPEN
    assert actions(review) == [
        ("analysed", "attention-unet (attention-unet-1): 2 found, mask-rcnn (mask-rcnn-1): 2 found")
    ]
    assert review.audit[0].when == datetime(2026, 1, 1, 8, 0, tzinfo=UTC)


def test_a_refused_image_has_no_findings(clock: Clock) -> None:
    review = review_from_analysis(ImageAnalysis("1.2#0", refused="This is a lateral view."), clock=clock)
    assert review.findings == ()
    assert actions(review) == [("analysed", "refused")]


def test_decisions_change_one_finding_and_leave_the_old_review_alone(
    analysis: ImageAnalysis, clock: Clock
) -> None:
    start = review_from_analysis(analysis, clock=clock)
    accepted = accept(start, "attention-unet-1", clock=clock)
    rejected = reject(accepted, "attention-unet-2", clock=clock)
    reopened = reopen(rejected, "attention-unet-1", clock=clock)
    assert [f.decision for f in start.findings] == [Decision.SUGGESTED, Decision.SUGGESTED]
    assert [f.decision for f in rejected.findings] == [Decision.ACCEPTED, Decision.REJECTED]
    assert [f.decision for f in reopened.findings] == [Decision.SUGGESTED, Decision.REJECTED]
    assert accepted.findings[1] is start.findings[1]
    assert actions(reopened)[1:] == [
        ("accepted", "attention-unet-1"),
        ("rejected", "attention-unet-2"),
        ("reopened", "attention-unet-1"),
    ]
    minutes = [event.when.minute for event in reopened.audit]
    assert minutes == [0, 1, 2, 3]


def test_the_clock_is_utc_by_default(analysis: ImageAnalysis) -> None:
    (event,) = review_from_analysis(analysis).audit
    assert event.when.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - event.when) < timedelta(minutes=1)


def test_what_changes_nothing_writes_nothing(analysis: ImageAnalysis) -> None:
    review = accept(review_from_analysis(analysis), "attention-unet-1")
    assert accept(review, "attention-unet-1") is review
    assert reopen(review, "attention-unet-2") is review
    assert set_impression(review, "") is review
    assert set_verdict(review, Verdict.OPEN) is review
    assert unsign(review) is review
    assert repaint(review, "attention-unet-1", review.findings[0].mask.copy()) is review


def test_repainting_keeps_the_suggestion_beside_the_new_mask(
    analysis: ImageAnalysis, rectangle: Rectangle
) -> None:
    review = review_from_analysis(analysis)
    painted = repaint(review, "attention-unet-1", rectangle(5, 5, 6, 20))
    changed = finding(painted, "attention-unet-1")
    assert changed.edited
    assert changed.mask.sum() == 120
    assert changed.suggested is not None
    assert changed.suggested.sum() == 80
    assert not finding(review, "attention-unet-1").edited
    assert actions(painted)[-1] == ("repainted", "attention-unet-1: 80 to 120 pixels")


def test_painting_on_in_the_same_array_does_not_change_the_review(
    analysis: ImageAnalysis, rectangle: Rectangle
) -> None:
    brush = rectangle(0, 0, 10, 10)
    review = repaint(review_from_analysis(analysis), "attention-unet-1", brush)
    brush[:] = True
    stored = finding(review, "attention-unet-1").mask
    assert stored.sum() == 100
    with pytest.raises(ValueError, match="read-only"):
        stored[0, 0] = False


def test_a_read_only_mask_is_shared_and_a_view_is_not(analysis: ImageAnalysis, rectangle: Rectangle) -> None:
    review = review_from_analysis(analysis)
    mask = rectangle(0, 0, 10, 10)
    view = mask[:]
    view.flags.writeable = False
    assert finding(repaint(review, "attention-unet-1", view), "attention-unet-1").mask is not view
    mask.flags.writeable = False
    assert finding(repaint(review, "attention-unet-1", mask), "attention-unet-1").mask is mask


def test_a_finding_may_be_painted_to_nothing(analysis: ImageAnalysis) -> None:
    review = repaint(review_from_analysis(analysis), "attention-unet-2", np.zeros((40, 60), dtype=bool))
    assert finding(review, "attention-unet-2").mask.sum() == 0
    assert actions(review)[-1] == ("repainted", "attention-unet-2: 30 to 0 pixels")


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.zeros((60, 40), dtype=bool), r"shape of the image, \(40, 60\), got \(60, 40\)"),
        (np.zeros((40, 60), dtype=np.uint8), "must be boolean, got uint8"),
        (np.zeros((40, 60, 1), dtype=bool), "rows and columns"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(analysis: ImageAnalysis, mask: np.ndarray, words: str) -> None:
    review = review_from_analysis(analysis)
    with pytest.raises(ValueError, match=words):
        repaint(review, "attention-unet-1", mask)
    with pytest.raises(ValueError, match=words):
        add_finding(review, mask, Side.RIGHT)


def test_drawn_findings_are_numbered_and_never_share_a_number(
    analysis: ImageAnalysis, rectangle: Rectangle
) -> None:
    review = add_finding(review_from_analysis(analysis), rectangle(0, 0, 2, 3), Side.LEFT)
    drawn = finding(review, "reader-1")
    assert (drawn.source, drawn.side, drawn.score, drawn.suggested) == ("reader", Side.LEFT, None, None)
    assert drawn.decision is Decision.ACCEPTED
    assert drawn.edited
    assert actions(review)[-1] == ("drawn", "reader-1: left, 6 pixels")
    again = add_finding(remove_finding(review, "reader-1"), rectangle(0, 0, 1, 1), Side.RIGHT)
    assert [f.finding_id for f in again.findings] == ["attention-unet-1", "attention-unet-2", "reader-2"]
    assert [action for action, _ in actions(again)[-3:]] == ["drawn", "removed", "drawn"]


def test_a_film_without_analysis_can_be_drawn_on(rectangle: Rectangle) -> None:
    review = add_finding(ImageReview("1.2#0"), rectangle(0, 0, 2, 3), Side.LEFT)
    assert [f.finding_id for f in review.findings] == ["reader-1"]


def test_what_a_model_said_cannot_be_removed(analysis: ImageAnalysis) -> None:
    with pytest.raises(ValueError, match="reject it instead"):
        remove_finding(review_from_analysis(analysis), "attention-unet-1")


def test_an_unknown_finding_is_named_in_a_sentence(analysis: ImageAnalysis, rectangle: Rectangle) -> None:
    review = review_from_analysis(analysis)
    attempts: list[Callable[[], ImageReview]] = [
        lambda: accept(review, "unet-7"),
        lambda: reject(review, "unet-7"),
        lambda: reopen(review, "unet-7"),
        lambda: repaint(review, "unet-7", rectangle(0, 0, 1, 1)),
        lambda: remove_finding(review, "unet-7"),
    ]
    for attempt in attempts:
        with pytest.raises(UnknownFinding) as caught:
            attempt()
        assert isinstance(caught.value, KeyError)
        assert str(caught.value) == "There is no finding 'unet-7' in this review."


def test_impression_and_verdict(analysis: ImageAnalysis) -> None:
    review = set_verdict(
        set_impression(review_from_analysis(analysis), "Mr Doe: apical, right."), Verdict.PNEUMOTHORAX
    )
    assert review.impression == "Mr Doe: apical, right."
    assert review.verdict is Verdict.PNEUMOTHORAX
    assert actions(review)[1:] == [
        ("impression changed", "22 characters"),
        ("verdict changed", "pneumothorax"),
    ]
    assert not any("Doe" in event.detail for event in review.audit)


def test_a_signed_review_refuses_every_edit(
    analysis: ImageAnalysis, rectangle: Rectangle, clock: Clock
) -> None:
    drawn = add_finding(review_from_analysis(analysis, clock=clock), rectangle(0, 0, 2, 2), Side.RIGHT)
    signed = sign(drawn, "  A. Reader ", clock=clock)
    assert signed.signed_by == "A. Reader"
    assert signed.signed_at == signed.audit[-1].when == datetime(2026, 1, 1, 8, 1, tzinfo=UTC)
    assert actions(signed)[-1] == ("signed", "by A. Reader")
    attempts: list[Callable[[], ImageReview]] = [
        lambda: accept(signed, "attention-unet-1"),
        lambda: reject(signed, "attention-unet-1"),
        lambda: reopen(signed, "attention-unet-1"),
        lambda: repaint(signed, "attention-unet-1", rectangle(0, 0, 1, 1)),
        lambda: add_finding(signed, rectangle(0, 0, 1, 1), Side.LEFT),
        lambda: remove_finding(signed, "reader-1"),
        lambda: set_impression(signed, "changed"),
        lambda: set_verdict(signed, Verdict.NONE_FOUND),
        lambda: sign(signed, "Another"),
        lambda: update_from_analysis(signed, analysis),
    ]
    for attempt in attempts:
        with pytest.raises(ReviewLocked, match=r"was signed by A\. Reader\. Withdraw the signature"):
            attempt()


def test_withdrawing_the_signature_opens_the_review_and_stays_in_the_trail(analysis: ImageAnalysis) -> None:
    review = unsign(sign(review_from_analysis(analysis), "A. Reader"))
    assert (review.signed_by, review.signed_at) == ("", None)
    assert actions(review)[1:] == [("signed", "by A. Reader"), ("signature withdrawn", "of A. Reader")]
    assert set_impression(review, "changed").impression == "changed"


def test_a_blank_name_cannot_sign(analysis: ImageAnalysis) -> None:
    with pytest.raises(ValueError, match="name of the reader"):
        sign(review_from_analysis(analysis), "  ")


def test_running_a_model_again_replaces_untouched_suggestions(make_analysis: MakeAnalysis) -> None:
    review = review_from_analysis(make_analysis("attention-unet"))
    again = update_from_analysis(review, make_analysis("attention-unet", found=False))
    assert again.findings == ()
    assert [event.action for event in again.audit] == ["analysed", "analysed"]


def test_running_a_model_again_keeps_what_the_reader_touched(
    make_analysis: MakeAnalysis, rectangle: Rectangle
) -> None:
    start = review_from_analysis(make_analysis("attention-unet"))
    start = add_finding(start, rectangle(0, 0, 2, 2), Side.RIGHT)
    for touch in (
        lambda r: accept(r, "attention-unet-2"),
        lambda r: reject(r, "attention-unet-2"),
        lambda r: repaint(r, "attention-unet-2", rectangle(0, 0, 1, 1)),
    ):
        touched = touch(start)
        again = update_from_analysis(touched, make_analysis("attention-unet", "mask-rcnn"))
        # The left one was decided about; the right one is a suggestion as before.
        assert again.findings[:2] == touched.findings[1:]
        assert [f.finding_id for f in again.findings[2:]] == ["attention-unet-1"]


def answer_of(model: str, *places: np.ndarray) -> ImageAnalysis:
    """The analysis by one model, which outlines `places` on the patient's right."""
    found = tuple(Instance(mask, Box.around(mask), 0.9, Side.RIGHT) for mask in places)
    probability = np.zeros((40, 60), dtype=np.float32)
    made = Prediction(model, f"{model}-1", probability, 0.9, 0.5, 0.5, found, 0.1, "cpu")
    return ImageAnalysis("1.2.3#0", predictions=(made,))


def test_a_place_that_was_accepted_is_not_offered_again_by_another_model(rectangle: Rectangle) -> None:
    accepted = accept(review_from_analysis(answer_of("mask-rcnn", rectangle(5, 5, 4, 20))), "mask-rcnn-1")
    # 40 of 80 pixels are shared with the first, 39 of 80 with the second.
    for there, offered in ((rectangle(7, 5, 8, 20), []), (rectangle(8, 5, 8, 19), ["unet-1"])):
        again = update_from_analysis(accepted, answer_of("unet", there))
        assert [f.finding_id for f in again.findings] == ["mask-rcnn-1", *offered]
        assert again.findings[0] is accepted.findings[0]
    # What lies elsewhere is a question of its own, and what was not decided gives way.
    again = update_from_analysis(accepted, answer_of("unet", rectangle(30, 5, 4, 20)))
    assert [f.finding_id for f in again.findings] == ["mask-rcnn-1", "unet-1"]
    later = update_from_analysis(again, answer_of("attention-unet", rectangle(29, 5, 4, 20)))
    assert [f.finding_id for f in later.findings] == ["mask-rcnn-1", "attention-unet-1"]


def test_a_place_that_was_accepted_in_two_pieces_is_not_offered_again_whole(rectangle: Rectangle) -> None:
    pieces = answer_of("mask-rcnn", rectangle(0, 0, 10, 10), rectangle(0, 20, 10, 10))
    accepted = accept(accept(review_from_analysis(pieces), "mask-rcnn-1"), "mask-rcnn-2")
    # The new outline shares 40 of its 148 pixels with each piece of 100: half with neither, more with both.
    both = answer_of("consensus", rectangle(6, 0, 4, 10) | rectangle(6, 20, 4, 10) | rectangle(10, 0, 4, 17))
    assert np.count_nonzero(both.predictions[0].instances[0].mask) == 148
    again = update_from_analysis(accepted, both)
    assert [f.finding_id for f in again.findings] == ["mask-rcnn-1", "mask-rcnn-2"]


def test_a_rejected_piece_does_not_silence_a_larger_outline(rectangle: Rectangle) -> None:
    rejected = reject(review_from_analysis(answer_of("mask-rcnn", rectangle(5, 5, 4, 4))), "mask-rcnn-1")
    same = update_from_analysis(rejected, answer_of("unet", rectangle(5, 5, 4, 5)))
    assert [f.finding_id for f in same.findings] == ["mask-rcnn-1"]
    larger = update_from_analysis(rejected, answer_of("unet", rectangle(5, 5, 4, 20)))
    assert [f.finding_id for f in larger.findings] == ["mask-rcnn-1", "unet-1"]


def test_a_new_outline_of_a_decided_model_gets_a_number_of_its_own(rectangle: Rectangle) -> None:
    accepted = accept(review_from_analysis(answer_of("unet", rectangle(5, 5, 4, 20))), "unet-1")
    again = update_from_analysis(accepted, answer_of("unet", rectangle(30, 5, 4, 20)))
    assert [f.finding_id for f in again.findings] == ["unet-1", "unet-2"]
    assert again.findings[1].mask[30, 5]
    assert not again.findings[1].mask[5, 5]


def test_an_analysis_of_another_image_is_refused(make_analysis: MakeAnalysis) -> None:
    review = review_from_analysis(make_analysis("attention-unet"))
    with pytest.raises(ValueError, match="9#0"):
        update_from_analysis(review, make_analysis("attention-unet", image_key="9#0"))
