"""The CT series under review as a volume: read, segmented and measured in the background."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from PySide6.QtCore import QObject, Signal

from ptx_viewer.jobs import Job
from ptx_viewer.progress import Progress
from ptx_viewer.results import VolumeAnalysis
from ptx_viewer.study.stacking import FEWEST_SLICES
from ptx_viewer.study.volume import Volume, open_volume

from .analyst import EngineLike
from .displayable import Displayable
from .failure import sentence
from .workers import Workers


class VolumeState(StrEnum):
    """How far a series is."""

    CLOSED = "closed"
    READING = "reading"
    READ = "read"
    SEGMENTING = "segmenting"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


def is_volume(item: Displayable | None) -> bool:
    """Whether a row of the browser is a CT series that can be segmented as a whole."""
    return (
        item is not None
        and item.stack
        and item.series.modality == "CT"
        and len(item.series.instances) >= FEWEST_SLICES
    )


class VolumeDesk(QObject):
    """Holds one volume at a time: half a gigabyte is enough of a patient."""

    changed = Signal()
    volumeRead = Signal()

    def __init__(self, workers: Workers, engine: EngineLike, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workers = workers
        self._engine = engine
        self._job: Job[Any] | None = None
        self._segment_when_read = False
        self.state = VolumeState.CLOSED
        self.item: Displayable | None = None
        self.volume: Volume | None = None
        self.analysis: VolumeAnalysis | None = None
        self.progress = 0.0
        self.message = ""

    @property
    def busy(self) -> bool:
        """Whether something is under way that can be cancelled."""
        return self.state in (VolumeState.READING, VolumeState.SEGMENTING)

    def holds(self, item: Displayable | None) -> bool:
        """Whether `item` is the series on this desk."""
        return item is not None and self.item is not None and item.key == self.item.key

    def open(self, item: Displayable, *, segment: bool = False) -> None:
        """Read a series, and segment it afterwards if that is asked for."""
        if self.holds(item) and self.state not in (
            VolumeState.CLOSED, VolumeState.FAILED, VolumeState.CANCELLED
        ):  # fmt: skip
            self._segment_when_read |= segment
            if segment and self.volume is not None and not self.busy and self.analysis is None:
                self._segment()
            return
        if self.holds(item) and self.volume is not None:
            if segment:
                self._segment()
            return
        self.close()
        self.item, self._segment_when_read = item, segment
        self._set(VolumeState.READING, "Reading slices")
        series = item.series

        def work(progress: Progress) -> Volume:
            return open_volume(series, progress)

        self._submit(self._workers.decode, "Read the volume", work, self._take_volume)

    def cancel(self) -> None:
        """Stop what runs; a volume that is read stays."""
        if self._job is not None:
            self._job.cancel()

    def close(self) -> None:
        """Let go of the volume."""
        self.cancel()
        self._job = None
        self.item, self.volume, self.analysis = None, None, None
        self._set(VolumeState.CLOSED)

    def _take_volume(self, volume: Volume) -> None:
        self.volume = volume
        self._set(VolumeState.READ)
        self.volumeRead.emit()
        if self._segment_when_read:
            self._segment()

    def _segment(self) -> None:
        volume = self.volume
        assert volume is not None  # its callers looked
        self._segment_when_read = False
        self.analysis = None
        self._set(VolumeState.SEGMENTING, "Waiting for the analysis process")

        def work(progress: Progress) -> VolumeAnalysis:
            return self._engine.analyse_volume(volume, progress)

        self._submit(self._workers.engine, "Segment the volume", work, self._take_analysis)

    def _take_analysis(self, analysis: VolumeAnalysis) -> None:
        self.analysis = analysis
        self._set(VolumeState.DONE)

    def _submit(self, queue: Any, title: str, work: Any, done: Any) -> None:
        item = self.item

        def current() -> bool:
            return self.item is item and self._job is job

        def end(state: VolumeState, message: str = "") -> None:
            if current():
                self._job = None
                self._set(state, message)

        def taken(result: Any) -> None:
            if current():
                self._job = None
                done(result)

        def step(fraction: float, message: str) -> None:
            if current() and self.busy:
                self.progress, self.message = fraction, message
                self.changed.emit()

        job = queue.submit(
            title,
            work,
            done=taken,
            failed=lambda error: end(VolumeState.FAILED, sentence(error)),
            cancelled=lambda: end(VolumeState.CANCELLED),
            progress=step,
        )
        self._job = job

    def _set(self, state: VolumeState, message: str = "") -> None:
        self.state, self.message, self.progress = state, message, 0.0
        self.changed.emit()
