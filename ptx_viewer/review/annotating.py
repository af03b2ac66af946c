"""The reader's own measurements in a review: drawn, changed, removed.

Pure functions like those of :mod:`ptx_viewer.review.edits`: each returns a new review with an audit
event appended, or the review itself when nothing changes.
"""

from __future__ import annotations

from dataclasses import replace

from ptx_viewer.measure.annotation import Annotation, AnnotationKind
from ptx_viewer.measure.regions import Point
from ptx_viewer.study.planes import Plane

from .edits import Action, Clock, R, check_unsigned, utc_now, with_event
from .review import ImageReview
from .volume import PlaneAnnotation, VolumeReview


class UnknownAnnotation(KeyError):  # noqa: N818  (KeyError names its own kind)
    """No measurement of the reader has this id; the message is a sentence for the reader."""

    def __str__(self) -> str:
        """Return the sentence itself: KeyError would put it in quotation marks."""
        return str(self.args[0])


def add_annotation(
    review: ImageReview, kind: AnnotationKind, points: tuple[Point, ...], *, clock: Clock = utc_now
) -> ImageReview:
    """Add a measurement that the reader drew; its id is ``"<kind>-<n>"``.

    Parameters
    ----------
    kind : AnnotationKind
    points : tuple of tuple of float
        As :class:`~ptx_viewer.measure.annotation.Annotation` wants them.

    Raises
    ------
    ReviewLocked
        If the review is signed.
    ValueError
        If the points do not suit the kind.
    """
    check_unsigned(review)
    drawn = Annotation(_next_id(review, kind), kind, points)
    changed = replace(review, annotations=(*review.annotations, drawn))
    return with_event(changed, Action.MEASURED, drawn.annotation_id, clock)


def add_plane_annotation(
    review: VolumeReview,
    plane: Plane,
    index: int,
    kind: AnnotationKind,
    points: tuple[Point, ...],
    *,
    clock: Clock = utc_now,
) -> VolumeReview:
    """Add a measurement that the reader drew on a plane of a CT series.

    Parameters
    ----------
    plane : Plane
    index : int
        Number of the plane, from 0.
    kind, points
        As for :func:`add_annotation`, in the rows and columns of the plane as it is displayed.

    Raises
    ------
    ReviewLocked
        If the review is signed.
    ValueError
        If the points do not suit the kind.
    """
    check_unsigned(review)
    drawn = PlaneAnnotation(_next_id(review, kind), kind, points, plane, index)
    changed = replace(review, annotations=(*review.annotations, drawn))
    return with_event(changed, Action.MEASURED, drawn.annotation_id, clock)


def move_annotation(review: R, annotation_id: str, points: tuple[Point, ...], *, clock: Clock = utc_now) -> R:
    """Move or resize one of the reader's measurements.

    Raises
    ------
    ReviewLocked
        If the review is signed.
    UnknownAnnotation
        If there is no such measurement.
    ValueError
        If the points do not suit its kind.
    """
    check_unsigned(review)
    if find_annotation(review, annotation_id).points == points:
        return review
    annotations = tuple(
        replace(one, points=points) if one.annotation_id == annotation_id else one
        for one in review.annotations
    )
    return with_event(
        replace(review, annotations=annotations), Action.MEASUREMENT_MOVED, annotation_id, clock
    )


def remove_annotation(review: R, annotation_id: str, *, clock: Clock = utc_now) -> R:
    """Remove one of the reader's measurements.

    Raises
    ------
    ReviewLocked
        If the review is signed.
    UnknownAnnotation
        If there is no such measurement.
    """
    check_unsigned(review)
    find_annotation(review, annotation_id)
    annotations = tuple(one for one in review.annotations if one.annotation_id != annotation_id)
    return with_event(
        replace(review, annotations=annotations), Action.MEASUREMENT_REMOVED, annotation_id, clock
    )


def find_annotation(review: ImageReview | VolumeReview, annotation_id: str) -> Annotation:
    """Return one of the reader's measurements; raise :class:`UnknownAnnotation` if there is none."""
    for annotation in review.annotations:
        if annotation.annotation_id == annotation_id:
            return annotation
    raise UnknownAnnotation(f"There is no measurement {annotation_id!r} in this review.")


def _next_id(review: ImageReview | VolumeReview, kind: AnnotationKind) -> str:
    # Counted from the audit trail, so that the number of a removed measurement is never used again.
    number = 1 + sum(
        event.action == Action.MEASURED and event.detail.startswith(f"{kind.value}-")
        for event in review.audit
    )
    return f"{kind.value}-{number}"
