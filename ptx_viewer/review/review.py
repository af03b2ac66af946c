"""What a reader decided about one image: values only, every change makes a new value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from models.prediction import Side
from ptx_viewer.measure.annotation import Annotation
from ptx_viewer.measure.construction import Segment


class Decision(StrEnum):
    """What the reader did with a suggested finding."""

    SUGGESTED = "suggested"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Verdict(StrEnum):
    """The reader's answer for the image."""

    OPEN = "open"
    PNEUMOTHORAX = "pneumothorax"
    NONE_FOUND = "no pneumothorax found"


@dataclass(frozen=True, eq=False)
class Finding:
    """One outlined pneumothorax.

    Attributes
    ----------
    finding_id : str
        Unique within the image, e.g. ``"attention-unet-1"`` or ``"reader-1"``.
    source : str
        Name of the model that suggested it, or ``"reader"``.
    side : Side
    score : float or None
        The model's score of the instance; None for a finding the reader drew.
    suggested : ndarray of bool, shape [H, W], or None
        The model's own mask, kept beside the edited one; None for a finding the reader drew.
    mask : ndarray of bool, shape [H, W]
        The mask as it stands now.
    decision : Decision
    """

    finding_id: str
    source: str
    side: Side
    score: float | None
    suggested: NDArray[np.bool_] | None
    mask: NDArray[np.bool_]
    decision: Decision = Decision.SUGGESTED

    @property
    def edited(self) -> bool:
        """Whether the mask differs from what the model suggested."""
        return self.suggested is None or not np.array_equal(self.suggested, self.mask)

    @property
    def arrays(self) -> tuple[NDArray[np.bool_], ...]:
        """What takes memory: the mask, and the suggested one."""
        return (self.mask,) if self.suggested is None else (self.mask, self.suggested)


@dataclass(frozen=True)
class MovedSegment:
    """Where the reader put one line of the program's measurements.

    Attributes
    ----------
    side, model : str
        As in the measurements that are made from the line.
    segment : Segment
    """

    side: str
    model: str
    segment: Segment


@dataclass(frozen=True)
class AuditEvent:
    """One thing that happened to a review: when (UTC), what, and a short detail."""

    when: datetime
    action: str
    detail: str = ""


@dataclass(frozen=True, eq=False)
class ImageReview:
    """The review of one image.

    Attributes
    ----------
    image_key : str
        ``ImageReference.key`` of the image.
    findings : tuple of Finding
    verdict : Verdict
    impression : str
        Free text.
    signed_by : str
        Name of the reader; ``""`` while unsigned.
    signed_at : datetime or None
    audit : tuple of AuditEvent
        Oldest first.
    annotations : tuple of Annotation
        What the reader measured with ruler, angle, ellipse and rectangle, in the order of drawing.
    moved_segments : tuple of MovedSegment
        Lines of the program's measurements that the reader has moved, each once.
    patient_rotated : bool
        Whether the reader says that the patient is rotated; False where nothing was said.
    """

    image_key: str
    findings: tuple[Finding, ...] = ()
    verdict: Verdict = Verdict.OPEN
    impression: str = ""
    signed_by: str = ""
    signed_at: datetime | None = None
    audit: tuple[AuditEvent, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    moved_segments: tuple[MovedSegment, ...] = ()
    patient_rotated: bool = False

    @property
    def key(self) -> str:
        """What tells this review from others."""
        return self.image_key

    @property
    def content(self) -> tuple[object, ...]:
        """What can be undone beside the findings."""
        return (
            self.verdict,
            self.impression,
            self.annotations,
            self.moved_segments,
            self.patient_rotated,
        )
