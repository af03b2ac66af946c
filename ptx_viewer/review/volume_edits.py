"""What a reader can do to the outlines of a CT series; see :mod:`ptx_viewer.review.edits` for the rest.

Pure functions: each returns a new review with an audit event appended, or the review itself when
nothing changes.
"""

from __future__ import annotations

from dataclasses import replace

from models.ct import air_label
from models.prediction import Side
from ptx_viewer.measure.volume import VOLUME
from ptx_viewer.results import VolumeAnalysis

from .edits import (
    READER,
    Action,
    Clock,
    check_unsigned,
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
