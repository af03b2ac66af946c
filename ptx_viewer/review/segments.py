"""Lines of the program's measurements that the reader has moved.

Pure functions like those of :mod:`ptx_viewer.review.edits`.  What is kept is where the reader put a
line, not the numbers that follow from it: those are always measured anew.
"""

from __future__ import annotations

from dataclasses import replace

from ptx_viewer.measure.construction import Segment
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.remeasure import move_segment, shared_ends
from ptx_viewer.study.spacing import Spacing

from .edits import Action, Clock, check_unsigned, utc_now, with_event
from .review import ImageReview, MovedSegment


def place_segment(
    review: ImageReview,
    side: str,
    model: str,
    segment: Segment,
    followers: tuple[Segment, ...] = (),
    *,
    clock: Clock = utc_now,
) -> ImageReview:
    """Keep where the reader put a line of the measurements of one side and outline.

    Parameters
    ----------
    side, model : str
        As in the :class:`~ptx_viewer.measure.measurement.Measurement` whose line it is.
    segment : Segment
        With its name, where it now lies.
    followers : tuple of Segment
        Lines that moved along with it, see :func:`~ptx_viewer.measure.remeasure.followers`.

    Raises
    ------
    ReviewLocked
        If the review is signed.
    """
    check_unsigned(review)
    moved = MovedSegment(side, model, segment)
    if moved in review.moved_segments:
        return review
    along = tuple(MovedSegment(side, model, follower) for follower in followers)
    names = [segment.name, *(follower.name for follower in followers)]
    others = _others(review, side, model, set(names))
    detail = f"{', '.join(names)}, {side}, {model}"
    changed = replace(review, moved_segments=(*others, moved, *along))
    return with_event(changed, Action.SEGMENT_MOVED, detail, clock)


def put_back(review: ImageReview, measurement: Measurement, *, clock: Clock = utc_now) -> ImageReview:
    """Let the lines of one measurement lie where the program put them, and those that moved along.

    Parameters
    ----------
    measurement : Measurement
        As it is shown.

    Raises
    ------
    ReviewLocked
        If the review is signed.
    """
    check_unsigned(review)
    own = measurement.construction.segments if measurement.construction else ()
    whose = (measurement.side, measurement.model)
    known = {one.segment.name: one.segment for one in review.moved_segments if (one.side, one.model) == whose}
    names = {segment.name for segment in own} | {
        other
        for segment in own
        if segment.name in known
        for end, other, its_end in shared_ends(segment.name)
        if other in known and getattr(known[other], its_end) == getattr(segment, end)
    }
    others = _others(review, measurement.side, measurement.model, names)
    if len(others) == len(review.moved_segments):
        return review
    detail = f"{', '.join(sorted(names))}, {measurement.side}, {measurement.model}"
    return with_event(replace(review, moved_segments=others), Action.SEGMENT_PUT_BACK, detail, clock)


def with_moved_segments(
    measurements: tuple[Measurement, ...], review: ImageReview, spacing: Spacing | None
) -> tuple[Measurement, ...]:
    """Return what the program measured, measured again where the reader has moved a line.

    A line that no measurement has any more, because its outline was changed or rejected, changes
    nothing; it is kept in case the outline comes back.
    """
    for moved in review.moved_segments:
        measurements = move_segment(measurements, moved.side, moved.model, moved.segment, spacing)
    return measurements


def _others(review: ImageReview, side: str, model: str, names: set[str]) -> tuple[MovedSegment, ...]:
    return tuple(
        moved
        for moved in review.moved_segments
        if (moved.side, moved.model) != (side, model) or moved.segment.name not in names
    )
