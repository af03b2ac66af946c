"""One image being read: what the networks said, what the reader decided, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from models.prediction import Side
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review import edits
from ptx_viewer.review.history import EditHistory
from ptx_viewer.review.review import Finding, ImageReview, Verdict
from ptx_viewer.study.image import Image2D

from .measuring import Measuring

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


class Reading(QObject):
    """The state of one image under review; knows no widget.

    Every edit goes through :meth:`edit`, which keeps the history, so that undo reaches
    everything that changes the findings, the verdict or the impression.
    """

    stateChanged = Signal()
    analysisChanged = Signal()
    reviewChanged = Signal()
    measurementsChanged = Signal()
    selectionChanged = Signal()
    problem = Signal(str)

    def __init__(self, image: Image2D, *, is_film: bool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.image = image
        self.is_film = is_film
        self.state = AnalysisState.RESTORING
        self.progress = 0.0
        self.message = ""
        self.analysis: ImageAnalysis | None = None
        self.measurements: tuple[Measurement, ...] = ()
        self._selected: str | None = None
        self._history = EditHistory(ImageReview(self.key))
        self.measuring = Measuring(self)

    @property
    def key(self) -> str:
        """Identity of the image in the store."""
        return self.image.reference.key

    @property
    def review(self) -> ImageReview:
        """The review as it stands now."""
        return self._history.current

    @property
    def locked(self) -> bool:
        """Whether the review is signed."""
        return bool(self.review.signed_by)

    @property
    def refused(self) -> str | None:
        """Why the networks refused the image, while no score overrides that."""
        if self.analysis is None or self.analysis.predictions:
            return None
        return self.analysis.refused

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again."""
        return self._history.can_redo

    @property
    def selected(self) -> Finding | None:
        """The finding that keys, brush and eraser refer to: the chosen one, else the first."""
        chosen = self.finding(self._selected)
        return chosen if chosen is not None else next(iter(self.review.findings), None)

    def select(self, finding_id: str) -> None:
        """Choose a finding."""
        self._selected = finding_id
        self.selectionChanged.emit()

    def select_step(self, by: int) -> None:
        """Choose the next or the previous finding."""
        ids = [finding.finding_id for finding in self.review.findings]
        if ids and self.selected is not None:
            self.select(ids[(ids.index(self.selected.finding_id) + by) % len(ids)])

    def finding(self, finding_id: str | None) -> Finding | None:
        """Return a finding by its id."""
        return next((f for f in self.review.findings if f.finding_id == finding_id), None)

    def restore(self, analysis: ImageAnalysis | None, review: ImageReview | None) -> None:
        """Take what the store had: nothing is run and nothing is saved."""
        if not self._fits(analysis, review):
            self.problem.emit("What was saved belongs to an image of another size, so it is not shown.")
            analysis, review = None, None
        self.analysis = analysis
        if review is None and analysis is not None:
            review = edits.review_from_analysis(analysis)
        elif review is not None and analysis is not None and not review.signed_by and not _knows(review):
            # The reader began before the networks had their say.
            review = edits.update_from_analysis(review, analysis)
        self._history = EditHistory(review if review is not None else ImageReview(self.key))
        self.analysisChanged.emit()
        self.reviewChanged.emit()
        self.set_state(AnalysisState.DONE if analysis is not None else AnalysisState.NOT_ANALYSED)

    def take_analysis(self, analysis: ImageAnalysis) -> None:
        """Take what the networks say now, keeping whatever the reader has touched."""
        self.analysis = analysis
        if not self.locked:
            self._history = EditHistory(edits.update_from_analysis(self.review, analysis))
        self.analysisChanged.emit()
        self.reviewChanged.emit()
        self.set_state(AnalysisState.DONE)

    def set_state(self, state: AnalysisState, message: str = "", progress: float = 0.0) -> None:
        """Say how far the networks are."""
        self.state, self.message, self.progress = state, message, progress
        self.stateChanged.emit()

    def set_measurements(self, measurements: tuple[Measurement, ...]) -> None:
        """Take the numbers that were computed for the present review."""
        self.measurements = measurements
        self.measurementsChanged.emit()

    def accept(self, finding_id: str) -> None:
        """Accept a finding."""
        self.edit(lambda review: edits.accept(review, finding_id))

    def reject(self, finding_id: str) -> None:
        """Reject a finding."""
        self.edit(lambda review: edits.reject(review, finding_id))

    def reopen(self, finding_id: str) -> None:
        """Take a decision back."""
        self.edit(lambda review: edits.reopen(review, finding_id))

    def repaint(self, finding_id: str, mask: NDArray[np.bool_]) -> None:
        """Replace the mask of a finding."""
        self.edit(lambda review: edits.repaint(review, finding_id, mask))

    def add_finding(self, mask: NDArray[np.bool_], side: Side) -> str | None:
        """Add a finding that the reader drew; return its id."""
        before = {finding.finding_id for finding in self.review.findings}
        self.edit(lambda review: edits.add_finding(review, mask, side))
        return next((f.finding_id for f in self.review.findings if f.finding_id not in before), None)

    def remove_finding(self, finding_id: str) -> None:
        """Remove a finding that the reader drew."""
        self.edit(lambda review: edits.remove_finding(review, finding_id))

    def set_impression(self, text: str) -> None:
        """Set the reader's free text."""
        self.edit(lambda review: edits.set_impression(review, text))

    def set_verdict(self, verdict: Verdict) -> None:
        """Set the reader's answer."""
        self.edit(lambda review: edits.set_verdict(review, verdict))

    def sign(self, name: str) -> None:
        """Sign and lock the review."""
        self.edit(lambda review: edits.sign(review, name))

    def unsign(self) -> None:
        """Withdraw the signature."""
        self.edit(edits.unsign)

    def undo(self) -> None:
        """Take the last edit back."""
        self._step(self._history.undo)

    def redo(self) -> None:
        """Do the last undone edit again."""
        self._step(self._history.redo)

    def edit(self, change: Callable[[ImageReview], ImageReview]) -> None:
        """Apply one pure edit; what is not allowed becomes a sentence in :attr:`problem`."""

        def step() -> ImageReview:
            self._history.push(change(self.review))
            return self.review

        self._step(step)

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

    def _fits(self, analysis: ImageAnalysis | None, review: ImageReview | None) -> bool:
        shapes = [finding.mask.shape for finding in review.findings] if review is not None else []
        if analysis is not None:
            shapes += [prediction.probability.shape for prediction in analysis.predictions]
        return all(shape == self.image.shape for shape in shapes)

    def _step(self, step: Callable[[], ImageReview]) -> None:
        before = self.review
        try:
            after = step()
        except (edits.ReviewLocked, edits.UnknownFinding, ValueError) as error:
            self.problem.emit(str(error))
            return
        if after is not before:
            self.reviewChanged.emit()


def _knows(review: ImageReview) -> bool:
    return any(event.action == edits.Action.ANALYSED for event in review.audit)
