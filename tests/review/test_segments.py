from __future__ import annotations

from pathlib import Path

import pytest

from ptx_viewer.measure.construction import Construction, Segment
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.review.edits import Clock, ReviewLocked, sign
from ptx_viewer.review.history import EditHistory
from ptx_viewer.review.review import ImageReview, MovedSegment
from ptx_viewer.review.segments import place_segment, put_back, with_moved_segments
from ptx_viewer.review.store import ReviewStore
from ptx_viewer.study.spacing import Spacing, SpacingBasis

HALF = Spacing(0.5, 0.5, SpacingBasis.DETECTOR_PLANE)
APEX = Segment("A", (10.0, 20.0), (30.0, 20.0))
#: Ten rows further down.
LONGER = Segment("A", (10.0, 20.0), (40.0, 20.0))


def distance(side: str = "right", model: str = "attention-unet", segment: Segment = APEX) -> Measurement:
    return Measurement(
        "apical interpleural distance",
        segment.length(HALF),
        "mm",
        "straight line",
        side,
        model,
        construction=Construction((segment,)),
    )


def test_a_moved_line_is_measured_again_on_its_own_side_and_outline_only(clock: Clock) -> None:
    review = place_segment(ImageReview("1#0"), "right", "attention-unet", LONGER, clock=clock)
    before = (distance(), distance("left"), distance(model="mask-rcnn"))
    after = with_moved_segments(before, review, HALF)
    # Ten rows of half a millimetre more.
    assert [m.value for m in after] == [15.0, 10.0, 10.0]
    assert [m.edited for m in after] == [True, False, False]
    assert after[0].construction == Construction((LONGER,))
    assert [(e.action, e.detail) for e in review.audit] == [("line moved", "A, right, attention-unet")]


def test_each_line_has_one_place(clock: Clock) -> None:
    review = place_segment(ImageReview("1#0"), "right", "attention-unet", LONGER, clock=clock)
    assert place_segment(review, "right", "attention-unet", LONGER, clock=clock) is review
    again = place_segment(review, "right", "attention-unet", APEX, clock=clock)
    assert again.moved_segments == (MovedSegment("right", "attention-unet", APEX),)


def test_putting_back_restores_what_the_program_measured() -> None:
    review = place_segment(ImageReview("1#0"), "right", "attention-unet", LONGER)
    review = place_segment(review, "left", "attention-unet", LONGER)
    back = put_back(review, distance())
    assert back.moved_segments == (MovedSegment("left", "attention-unet", LONGER),)
    assert with_moved_segments((distance(),), back, HALF) == (distance(),)
    assert put_back(back, distance()) is back
    assert back.audit[-1].action == "line put back"


def test_a_line_that_moved_along_is_put_back_with_the_one_it_followed(clock: Clock) -> None:
    hilum = Segment("hilum", (50.0, 10.0), (50.0, 40.0))
    width = Segment("lung width", (50.0, 40.0), (50.0, 90.0))
    review = place_segment(ImageReview("1#0"), "right", "attention-unet", hilum, (width,), clock=clock)
    assert [one.segment for one in review.moved_segments] == [hilum, width]
    assert [event.detail for event in review.audit] == ["hilum, lung width, right, attention-unet"]
    assert put_back(review, distance(segment=hilum)).moved_segments == ()
    assert put_back(review, distance(segment=width)).moved_segments == ()
    # A width that the reader has parted from it stays where it is.
    parted = Segment("lung width", (50.0, 45.0), (50.0, 90.0))
    apart = place_segment(review, "right", "attention-unet", parted)
    assert [one.segment for one in put_back(apart, distance(segment=hilum)).moved_segments] == [parted]


def test_a_line_without_its_outline_changes_nothing() -> None:
    review = place_segment(ImageReview("1#0"), "right", "attention-unet", LONGER)
    assert with_moved_segments((), review, HALF) == ()


def test_moving_is_a_step_of_undo_and_a_signature_locks_it() -> None:
    history = EditHistory(ImageReview("1#0"))
    history.push(place_segment(history.current, "right", "attention-unet", LONGER))
    assert history.undo().moved_segments == ()
    assert history.redo().moved_segments == (MovedSegment("right", "attention-unet", LONGER),)
    signed = sign(history.current, "A. Reader")
    with pytest.raises(ReviewLocked):
        place_segment(signed, "right", "attention-unet", APEX)
    with pytest.raises(ReviewLocked):
        put_back(signed, distance())


def test_moved_lines_come_back_from_the_store(path: Path) -> None:
    review = place_segment(ImageReview("1#0"), "right", "attention-unet", LONGER)
    with ReviewStore(path) as store:
        store.save(review)
    with ReviewStore(path) as store:
        loaded = store.load("1#0")
    assert loaded is not None
    assert loaded.moved_segments == review.moved_segments
