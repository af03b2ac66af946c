"""What the networks said, as findings to decide about: a review begun, or brought up to date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

import numpy as np

from ptx_viewer.results import ImageAnalysis

from .edits import Action, Clock, check_unsigned, utc_now, with_event
from .review import Decision, Finding, ImageReview


def review_from_analysis(analysis: ImageAnalysis, *, clock: Clock = utc_now) -> ImageReview:
    """Start a review: one suggested finding for each of the analysis's suggestions.

    Findings are numbered from 1 for each model: ``"consensus-1"``, ``"attention-unet-2"``...
    """
    findings = _suggestions(analysis)
    return with_event(ImageReview(analysis.image_key, findings), Action.ANALYSED, _summary(analysis), clock)


def update_from_analysis(
    review: ImageReview, analysis: ImageAnalysis, *, clock: Clock = utc_now
) -> ImageReview:
    """Bring a new analysis into a review without losing the reader's work.

    What the reader accepted, rejected, edited or drew stays.  Every other finding gives way to the new
    suggestions, but for those in the place of one that stays: nothing is put to the reader twice.  That is
    where half of the new outline or more lies in such findings, as they are or as they were suggested, or
    half of one that was not rejected, or more, in the new outline.

    Raises
    ------
    ReviewLocked
        If the review is signed.
    ValueError
        If the analysis is of another image.
    """
    check_unsigned(review)
    if analysis.image_key != review.image_key:
        raise ValueError(f"the analysis is of {analysis.image_key}, the review of {review.image_key}")
    kept = [f for f in review.findings if f.edited or f.decision is not Decision.SUGGESTED]
    fresh = [f for f in _suggestions(analysis) if not _decided(f, kept)]
    findings = (*kept, *_renumbered(fresh, {finding.finding_id for finding in kept}))
    return with_event(replace(review, findings=findings), Action.ANALYSED, _summary(analysis), clock)


def _suggestions(analysis: ImageAnalysis) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            finding_id=f"{suggestion.model}-{suggestion.number}",
            source=suggestion.model,
            side=suggestion.instance.side,
            score=suggestion.instance.score,
            suggested=suggestion.instance.mask,
            mask=suggestion.instance.mask,
        )
        for suggestion in analysis.suggestions
    )


def _decided(fresh: Finding, kept: Sequence[Finding]) -> bool:
    """Whether a new suggestion asks again what the reader has decided with the findings `kept`."""
    settled = np.zeros_like(fresh.mask)
    for finding in kept:
        for place in (finding.mask,) if finding.suggested is None else (finding.mask, finding.suggested):
            settled |= place
            shared = 2 * int(np.count_nonzero(fresh.mask & place))
            if finding.decision is not Decision.REJECTED and 0 < shared >= int(np.count_nonzero(place)):
                return True
    shared = 2 * int(np.count_nonzero(fresh.mask & settled))
    return 0 < shared >= int(np.count_nonzero(fresh.mask))


def _renumbered(findings: Sequence[Finding], taken: set[str]) -> Iterator[Finding]:
    """Yield findings under ids that are free: the next number of the same source where one is taken."""
    used = set(taken)
    for finding in findings:
        numbers = (f"{finding.source}-{number}" for number in count(1))
        free = finding.finding_id
        if free in used:
            free = next(name for name in numbers if name not in used)
        used.add(free)
        yield replace(finding, finding_id=free)


def _summary(analysis: ImageAnalysis) -> str:
    if not analysis.predictions:
        return "refused" if analysis.refused else "no model was run"
    return ", ".join(
        f"{prediction.model} ({prediction.card_id}): {len(prediction.instances)} found"
        for prediction in analysis.answers
    )
