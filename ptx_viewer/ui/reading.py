"""One image being read: what the networks said, what the reader decided, and the way back."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from models.prediction import Side
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review import edits
from ptx_viewer.review.from_analysis import review_from_analysis, update_from_analysis
from ptx_viewer.review.history import EditHistory
from ptx_viewer.review.review import ImageReview
from ptx_viewer.study.image import Image2D

from .measuring import Measuring
from .reviewing import Reviewing

#: Share of a drawn mask that must lie in one lung field for its side to be taken from there.
_SIDE_MAJORITY = 0.8


class AnalysisState(StrEnum):
    """How far the networks are with an image; each has its own face on the screen."""

    RESTORING = "restoring"
    NOT_ANALYSED = "not analysed"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Reading(Reviewing):
    """The state of one image under review."""

    def __init__(self, image: Image2D, *, is_film: bool, parent: QObject | None = None) -> None:
        super().__init__(ImageReview(image.reference.key), parent)
        self.image = image
        self.is_film = is_film
        self.state = AnalysisState.RESTORING
        self.progress = 0.0
        self.message = ""
        self.analysis: ImageAnalysis | None = None
        self.measuring = Measuring(self)

    @property
    def key(self) -> str:
        """Identity of the image in the store."""
        return self.image.reference.key

    @property
    def refused(self) -> str | None:
        """Why the networks refused the image, while no score overrides that."""
        if self.analysis is None or self.analysis.predictions:
            return None
        return self.analysis.refused

    def restore(self, analysis: ImageAnalysis | None, review: ImageReview | None) -> None:
        """Take what the store had: nothing is run and nothing is saved."""
        if not fits(analysis, review, self.image.shape):
            self.problem.emit("What was saved belongs to an image of another size, so it is not shown.")
            analysis, review = None, None
        self.analysis = analysis
        if review is None and analysis is not None:
            review = review_from_analysis(analysis)
        elif review is not None and analysis is not None and not review.signed_by and not _knows(review):
            # The reader began before the networks had their say.
            review = update_from_analysis(review, analysis)
        self._history = EditHistory(review if review is not None else ImageReview(self.key))
        self.analysisChanged.emit()
        self.reviewChanged.emit()
        self.set_state(AnalysisState.DONE if analysis is not None else AnalysisState.NOT_ANALYSED)

    def take_analysis(self, analysis: ImageAnalysis) -> None:
        """Take what the networks say now, keeping whatever the reader has touched."""
        self.analysis = analysis
        if not self.locked:
            self._history = EditHistory(update_from_analysis(self.review, analysis))
        self.analysisChanged.emit()
        self.reviewChanged.emit()
        self.set_state(AnalysisState.DONE)

    def set_state(self, state: AnalysisState, message: str = "", progress: float = 0.0) -> None:
        """Say how far the networks are."""
        self.state, self.message, self.progress = state, message, progress
        self.stateChanged.emit()

    def repaint(self, finding_id: str, mask: NDArray[np.bool_]) -> None:
        """Replace the mask of a finding."""
        self.edit(lambda review: edits.repaint(review, finding_id, mask))

    def add_finding(self, mask: NDArray[np.bool_], side: Side) -> str | None:
        """Add a finding that the reader drew; return its id."""
        before = {finding.finding_id for finding in self.review.findings}
        self.edit(lambda review: edits.add_finding(review, mask, side))
        return next((f.finding_id for f in self.review.findings if f.finding_id not in before), None)

    def turn_patient(self) -> None:
        """Say that the patient is rotated, or take it back."""
        self.edit(lambda review: edits.set_rotated(review, not review.patient_rotated))

    def side_of(self, mask: NDArray[np.bool_]) -> Side | None:
        """Return the side whose lung field holds most of `mask`; None when that is not clear."""
        fields = self.analysis.lung_fields if self.analysis is not None else None
        if fields is None:
            return None
        right = int(np.count_nonzero(mask & fields.right))
        left = int(np.count_nonzero(mask & fields.left))
        if right + left == 0:
            return None
        if right >= _SIDE_MAJORITY * (right + left):
            return Side.RIGHT
        if left >= _SIDE_MAJORITY * (right + left):
            return Side.LEFT
        return None


def fits(
    analysis: ImageAnalysis | None, review: ImageReview | None, shape: tuple[int, int] | None = None
) -> bool:
    """Whether all outlines of an analysis and a review are of one shape, that of the image if it is given."""
    shapes: set[tuple[int, ...]] = {shape} if shape is not None else set()
    if review is not None:
        shapes |= {finding.mask.shape for finding in review.findings}
    if analysis is not None:
        shapes |= {prediction.probability.shape for prediction in analysis.predictions}
    return len(shapes) <= 1


def _knows(review: ImageReview) -> bool:
    return any(event.action == edits.Action.ANALYSED for event in review.audit)
