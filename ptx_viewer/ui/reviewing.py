"""A review under the reader's hands: what was decided, what is selected, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.review import edits
from ptx_viewer.review.history import EditHistory
from ptx_viewer.review.review import Finding, ImageReview, Verdict
from ptx_viewer.review.volume import VolumeFinding, VolumeReview


class Reviewing(QObject):
    """What reviews of an image and of a CT series have in common; knows no widget.

    Every edit goes through :meth:`edit`, which keeps the history, so that undo reaches
    everything that changes the findings, the verdict or the impression.
    """

    stateChanged = Signal()
    analysisChanged = Signal()
    reviewChanged = Signal()
    measurementsChanged = Signal()
    selectionChanged = Signal()
    problem = Signal(str)

    def __init__(self, review: ImageReview | VolumeReview, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.measurements: tuple[Measurement, ...] = ()
        self._selected: str | None = None
        self._history: EditHistory[Any] = EditHistory(review)

    @property
    def review(self) -> Any:
        """The review as it stands now."""
        return self._history.current

    @property
    def locked(self) -> bool:
        """Whether the review is signed."""
        return bool(self.review.signed_by)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again."""
        return self._history.can_redo

    @property
    def selected(self) -> Any:
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

    def finding(self, finding_id: str | None) -> Finding | VolumeFinding | None:
        """Return a finding by its id."""
        return next((f for f in self.review.findings if f.finding_id == finding_id), None)

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

    def edit(self, change: Callable[[Any], Any]) -> None:
        """Apply one pure edit; what is not allowed becomes a sentence in :attr:`problem`."""

        def step() -> Any:
            self._history.push(change(self.review))
            return self.review

        self._step(step)

    def _step(self, step: Callable[[], Any]) -> None:
        before = self.review
        try:
            after = step()
        except (edits.ReviewLocked, edits.UnknownFinding, ValueError) as error:
            self.problem.emit(str(error))
            return
        if after is not before:
            self.reviewChanged.emit()
