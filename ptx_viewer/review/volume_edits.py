"""What a reader can do to the outlines of a CT series; see :mod:`ptx_viewer.review.edits` for the rest.

Pure functions: each returns a new review with an audit event appended, or the review itself when
nothing changes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.ct import air_label
from models.prediction import Side
from ptx_viewer.measure.volume import VOLUME
from ptx_viewer.results import VolumeAnalysis

from .edits import (
    READER,
    Action,
    Clock,
    check_unsigned,
    find_finding,
    next_reader_id,
    utc_now,
    with_event,
)
from .review import Decision
from .volume import VolumeFinding, VolumeMask, VolumeReview


def review_from_volume_analysis(analysis: VolumeAnalysis, *, clock: Clock = utc_now) -> VolumeReview:
    """Start a review: one suggested finding for each side with pleural air."""
    fresh = VolumeReview(analysis.series_instance_uid, _suggestions(analysis))
    return with_event(fresh, Action.ANALYSED, _summary(analysis), clock)


def update_from_volume_analysis(
    review: VolumeReview, analysis: VolumeAnalysis, *, clock: Clock = utc_now
) -> VolumeReview:
    """Bring a new analysis into a review without losing the reader's work.

    Suggested findings are replaced as long as the reader has touched none of them.

    Raises
    ------
    ReviewLocked
        If the review is signed.
    ValueError
        If the analysis is of another series.
    """
    check_unsigned(review)
    if analysis.series_instance_uid != review.series_instance_uid:
        raise ValueError(
            f"the analysis is of {analysis.series_instance_uid}, the review of {review.series_instance_uid}"
        )
    suggested = [finding for finding in review.findings if finding.source != READER]
    touched = any(f.edited or f.decision is not Decision.SUGGESTED for f in suggested)
    drawn = tuple(finding for finding in review.findings if finding.source == READER)
    findings = review.findings if touched else _suggestions(analysis) + drawn
    return with_event(replace(review, findings=findings), Action.ANALYSED, _summary(analysis), clock)


def repaint_slice(
    review: VolumeReview, finding_id: str, index: int, plane: NDArray[np.bool_], *, clock: Clock = utc_now
) -> VolumeReview:
    """Replace one slice of a finding's outline; what was suggested is kept beside it.

    Parameters
    ----------
    index : int
        Number of the slice, from 0.
    plane : ndarray of bool, shape [H, W]
        Copied; may be empty.  Voxels of the other findings that stand are left to them.

    Raises
    ------
    ReviewLocked
        If the review is signed.
    UnknownFinding
        If there is no such finding.
    ValueError
        If `plane` is not boolean, not of the shape of the slices, or there is no such slice.
    """
    check_unsigned(review)
    find_finding(review, finding_id)
    before = next(finding for finding in review.findings if finding.finding_id == finding_id)
    count, *shape = before.mask.shape
    if plane.dtype != np.bool_ or plane.shape != tuple(shape):
        raise ValueError(f"a slice must be boolean and of {tuple(shape)}, got {plane.dtype}, {plane.shape}")
    if not 0 <= index < count:
        raise ValueError(f"there is no slice {index} among {count}")
    for other in review.findings:
        if other is not before and other.decision is not Decision.REJECTED:
            plane = plane & ~other.mask.plane(index)
    old = before.mask.plane(index)
    if np.array_equal(plane, old):
        return review
    change = f"{np.count_nonzero(old)} to {np.count_nonzero(plane)} voxels"
    after = replace(before, mask=before.mask.with_plane(index, plane))
    findings = tuple(after if finding is before else finding for finding in review.findings)
    detail = f"{finding_id}, slice {index + 1}: {change}"
    return with_event(replace(review, findings=findings), Action.REPAINTED, detail, clock)


def add_volume_finding(
    review: VolumeReview, side: Side, shape: tuple[int, int, int], *, clock: Clock = utc_now
) -> VolumeReview:
    """Add a finding on `side` for the reader to draw, accepted and still empty.

    Parameters
    ----------
    side : Side
        Right or left.
    shape : tuple of int
        Slices, rows and columns of the volume.

    Raises
    ------
    ReviewLocked
        If the review is signed.
    ValueError
        If the side is not known: mL and percent belong to a side.
    """
    check_unsigned(review)
    if side is Side.UNKNOWN:
        raise ValueError("Volumes are measured side by side: choose right or left.")
    finding_id = next_reader_id(review)
    drawn = VolumeFinding(finding_id, READER, side, None, VolumeMask.empty(shape), Decision.ACCEPTED)
    added = replace(review, findings=(*review.findings, drawn))
    return with_event(added, Action.DRAWN, f"{finding_id}: {side.value}", clock)


def _suggestions(analysis: VolumeAnalysis) -> tuple[VolumeFinding, ...]:
    found = analysis.segmentation
    if found is None:
        return ()
    made = []
    for measurement in analysis.measurements:
        if measurement.name == VOLUME:
            side, method = Side(measurement.side), measurement.model
            mask = VolumeMask.of(found.of(air_label(side)))
            made.append(VolumeFinding(f"{method}-{side.value}", method, side, mask, mask))
    return tuple(made)


def _summary(analysis: VolumeAnalysis) -> str:
    if analysis.refused is not None:
        return "refused"
    sides = " and ".join(side.value for side in analysis.sides)
    return f"pleural air: {sides or 'none found'}"
