"""What a reader can do to a review: pure functions, each of which writes down what was done.

Every function takes a review, of an image or of a CT series, and returns a new one with an
:class:`AuditEvent` appended; the review that was passed in stays as it was.  A call that
changes nothing (accepting an accepted finding, the same impression again) returns the
review itself, without an event.  What an analysis brings is in
:mod:`ptx_viewer.review.from_analysis`, what concerns the outlines of a series alone in
:mod:`ptx_viewer.review.volume_edits` and :mod:`ptx_viewer.review.volume_painting`.

The audit trail names findings and counts, never what was typed: an impression may hold a
patient's name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from models.prediction import Side

from .review import AuditEvent, Decision, Finding, ImageReview, Verdict
from .volume import VolumeFinding, VolumeReview

#: Source and prefix of the findings that the reader draws.
READER = "reader"

#: A review of either kind: what goes in comes out.
R = TypeVar("R", ImageReview, VolumeReview)

#: Returns the time of an event; replaced in tests.
Clock = Callable[[], datetime]


class Action(StrEnum):
    """What an audit event says was done."""

    ANALYSED = "analysed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REOPENED = "reopened"
    REPAINTED = "repainted"
    DRAWN = "drawn"
    REMOVED = "removed"
    MEASURED = "measured"
    MEASUREMENT_MOVED = "own measurement changed"
    MEASUREMENT_REMOVED = "own measurement removed"
    SEGMENT_MOVED = "line moved"
    SEGMENT_PUT_BACK = "line put back"
    ROTATED = "patient's rotation changed"
    IMPRESSION = "impression changed"
    VERDICT = "verdict changed"
    SIGNED = "signed"
    SIGNATURE_WITHDRAWN = "signature withdrawn"
    UNDONE = "undone"
    REDONE = "redone"


class ReviewLocked(Exception):  # noqa: N818  (it is a state, not an error)
    """The review is signed; the message is a sentence for the reader."""


class UnknownFinding(KeyError):  # noqa: N818  (KeyError names its own kind)
    """No finding has this id; the message is a sentence for the reader."""

    def __str__(self) -> str:
        """Return the sentence itself: KeyError would put it in quotation marks."""
        return str(self.args[0])


def utc_now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


def with_event(review: R, action: Action, detail: str, clock: Clock) -> R:
    """Return `review` with one more audit event."""
    return replace(review, audit=(*review.audit, AuditEvent(clock(), action.value, detail)))


def check_unsigned(review: ImageReview | VolumeReview) -> None:
    """Raise :class:`ReviewLocked` when `review` is signed."""
    if review.signed_by:
        raise ReviewLocked(
            f"This review was signed by {review.signed_by}. Withdraw the signature before changing it."
        )


def accept(review: R, finding_id: str, *, clock: Clock = utc_now) -> R:
    """Accept a finding as it stands now."""
    return _decide(review, finding_id, Decision.ACCEPTED, Action.ACCEPTED, clock)


def reject(review: R, finding_id: str, *, clock: Clock = utc_now) -> R:
    """Reject a finding: it stays in the review but is no longer measured."""
    return _decide(review, finding_id, Decision.REJECTED, Action.REJECTED, clock)


def reopen(review: R, finding_id: str, *, clock: Clock = utc_now) -> R:
    """Take back a decision: the finding is a suggestion again."""
    return _decide(review, finding_id, Decision.SUGGESTED, Action.REOPENED, clock)


def repaint(
    review: ImageReview, finding_id: str, mask: NDArray[np.bool_], *, clock: Clock = utc_now
) -> ImageReview:
    """Replace the mask of a finding; the model's own mask is kept beside it.

    Parameters
    ----------
    mask : ndarray of bool, shape [H, W]
        In the grid of the image; may be empty.  It is copied unless it is read-only.

    Raises
    ------
    ReviewLocked
        If the review is signed.
    UnknownFinding
        If there is no such finding.
    ValueError
        If `mask` is not boolean or not of the shape of the finding's mask.
    """
    check_unsigned(review)
    before = find_finding(review, finding_id)
    _check_mask(mask, before.mask.shape)
    if np.array_equal(mask, before.mask):
        return review
    detail = f"{finding_id}: {np.count_nonzero(before.mask)} to {np.count_nonzero(mask)} pixels"
    after = replace(before, mask=_frozen(mask))
    findings = tuple(after if finding is before else finding for finding in review.findings)
    return with_event(replace(review, findings=findings), Action.REPAINTED, detail, clock)


def add_finding(
    review: ImageReview, mask: NDArray[np.bool_], side: Side, *, clock: Clock = utc_now
) -> ImageReview:
    """Add a finding that the reader drew, as accepted; its id is ``"reader-<n>"``.

    Parameters
    ----------
    mask : ndarray of bool, shape [H, W]
        In the grid of the image.  It is copied unless it is read-only.
    side : Side
        The patient's side.

    Raises
    ------
    ReviewLocked
        If the review is signed.
    ValueError
        If `mask` is not boolean, not two-dimensional, or not of the shape of the other findings.
    """
    check_unsigned(review)
    _check_mask(mask, review.findings[0].mask.shape if review.findings else None)
    finding_id = next_reader_id(review)
    drawn = Finding(finding_id, READER, side, None, None, _frozen(mask), Decision.ACCEPTED)
    detail = f"{finding_id}: {side.value}, {np.count_nonzero(mask)} pixels"
    return with_event(replace(review, findings=(*review.findings, drawn)), Action.DRAWN, detail, clock)


def remove_finding(review: R, finding_id: str, *, clock: Clock = utc_now) -> R:
    """Remove a finding that the reader drew.

    Raises
    ------
    ReviewLocked
        If the review is signed.
    UnknownFinding
        If there is no such finding.
    ValueError
        If a model suggested the finding: what a model said is rejected, not removed.
    """
    check_unsigned(review)
    if find_finding(review, finding_id).source != READER:
        raise ValueError(f"{finding_id} was suggested by a model: reject it instead of removing it.")
    findings = tuple(finding for finding in review.findings if finding.finding_id != finding_id)
    return with_event(replace(review, findings=findings), Action.REMOVED, finding_id, clock)


def set_impression(review: R, text: str, *, clock: Clock = utc_now) -> R:
    """Set the free text of the reader."""
    check_unsigned(review)
    if text == review.impression:
        return review
    return with_event(replace(review, impression=text), Action.IMPRESSION, f"{len(text)} characters", clock)


def set_verdict(review: R, verdict: Verdict, *, clock: Clock = utc_now) -> R:
    """Set the reader's answer for the image."""
    check_unsigned(review)
    if verdict is review.verdict:
        return review
    return with_event(replace(review, verdict=verdict), Action.VERDICT, verdict.value, clock)


def set_rotated(review: ImageReview, rotated: bool, *, clock: Clock = utc_now) -> ImageReview:
    """Set whether the reader says that the patient is rotated.

    Raises
    ------
    ReviewLocked
        If the review is signed.
    """
    check_unsigned(review)
    if rotated is review.patient_rotated:
        return review
    detail = "the patient is rotated" if rotated else "not said to be rotated"
    return with_event(replace(review, patient_rotated=rotated), Action.ROTATED, detail, clock)


def sign(review: R, name: str, *, clock: Clock = utc_now) -> R:
    """Sign the review: from now on it refuses every change but :func:`unsign`.

    Parameters
    ----------
    name : str
        The reader's name.

    Raises
    ------
    ReviewLocked
        If it is signed already.
    ValueError
        If `name` is blank.
    """
    check_unsigned(review)
    name = name.strip()
    if not name:
        raise ValueError("Enter the name of the reader to sign the review.")
    when = clock()
    signed = replace(review, signed_by=name, signed_at=when)
    return with_event(signed, Action.SIGNED, f"by {name}", lambda: when)


def unsign(review: R, *, clock: Clock = utc_now) -> R:
    """Withdraw the signature so that the review can be changed again."""
    if not review.signed_by:
        return review
    detail = f"of {review.signed_by}"
    return with_event(
        replace(review, signed_by="", signed_at=None), Action.SIGNATURE_WITHDRAWN, detail, clock
    )


def _decide(review: R, finding_id: str, decision: Decision, action: Action, clock: Clock) -> R:
    check_unsigned(review)
    if find_finding(review, finding_id).decision is decision:
        return review
    findings = tuple(
        replace(finding, decision=decision) if finding.finding_id == finding_id else finding
        for finding in review.findings
    )
    return with_event(replace(review, findings=findings), action, finding_id, clock)


@overload
def find_finding(review: ImageReview, finding_id: str) -> Finding: ...


@overload
def find_finding(review: VolumeReview, finding_id: str) -> VolumeFinding: ...


def find_finding(review: ImageReview | VolumeReview, finding_id: str) -> Finding | VolumeFinding:
    """Return a finding by its id; raise :class:`UnknownFinding` if there is none."""
    for finding in review.findings:
        if finding.finding_id == finding_id:
            return finding
    raise UnknownFinding(f"There is no finding {finding_id!r} in this review.")


def next_reader_id(review: ImageReview | VolumeReview) -> str:
    """Return the id of the next finding that the reader draws, e.g. ``"reader-2"``."""
    # Counted from the audit trail, so that the number of a removed finding is never used again.
    return f"{READER}-{1 + sum(event.action == Action.DRAWN for event in review.audit)}"


def _check_mask(mask: NDArray[np.bool_], shape: tuple[int, ...] | None) -> None:
    if mask.dtype != np.bool_:
        raise ValueError(f"a mask must be boolean, got {mask.dtype}")
    if mask.ndim != 2:
        raise ValueError(f"a mask must have rows and columns, got the shape {mask.shape}")
    if shape is not None and mask.shape != shape:
        raise ValueError(f"the mask must have the shape of the image, {shape}, got {mask.shape}")


def _frozen(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    # A brush goes on painting in its own array: a stored version must not change with it.
    if not mask.flags.writeable and mask.base is None:
        return mask
    copy = mask.copy()
    copy.flags.writeable = False
    return copy
