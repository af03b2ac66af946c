"""The CT series under review: restored, read, segmented, measured and saved in the background."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from PySide6.QtCore import QObject, Signal

from ptx_viewer.jobs import Job
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.progress import Progress
from ptx_viewer.results import VolumeAnalysis
from ptx_viewer.review.review import Decision
from ptx_viewer.review.store import ReviewStore
from ptx_viewer.review.volume import VolumeMask, VolumeReview
from ptx_viewer.review.volume_measured import VolumeMeter
from ptx_viewer.study.stacking import FEWEST_SLICES
from ptx_viewer.study.volume import Volume, open_volume

from .analyst import EngineLike
from .displayable import Displayable
from .failure import sentence
from .volume_reading import VolumeReading
from .workers import Workers

_Stored = tuple[VolumeAnalysis | None, VolumeReview | None]
#: What the numbers follow from: each finding's outline, and whether it counts.
_Outlines = tuple[tuple[VolumeMask, bool], ...]


class VolumeState(StrEnum):
    """How far a series is."""

    CLOSED = "closed"
    READING = "reading"
    READ = "read"
    SEGMENTING = "segmenting"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: What is said when something under way was cancelled.
_CANCELLED = {
    VolumeState.READING: "Reading the series was cancelled.",
    VolumeState.SEGMENTING: "Cancelled. Nothing was kept.",
}


def is_volume(item: Displayable | None) -> bool:
    """Whether a row of the browser is a CT series that can be segmented as a whole."""
    return (
        item is not None
        and item.stack
        and item.series.modality == "CT"
        and len(item.series.instances) >= FEWEST_SLICES
    )


class VolumeDesk(QObject):
    """Holds one volume at a time: half a gigabyte is enough of a patient.

    The only place that talks to the store about reviews of series.
    """

    changed = Signal()
    volumeRead = Signal()
    #: Another series, or none, is on the desk.
    readingChanged = Signal()
    #: The segmentation that was asked for is there.
    segmented = Signal()
    saved = Signal(str)
    problem = Signal(str)

    def __init__(
        self, workers: Workers, store: ReviewStore, engine: EngineLike, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workers = workers
        self._store = store
        self._engine = engine
        self._job: Job[Any] | None = None
        self._segment_when_read = False
        self._stored: _Stored | None = None
        self._adopted = False
        self._measured: _Outlines = ()
        self._measuring = False
        self._meter: VolumeMeter | None = None
        self.state = VolumeState.CLOSED
        self.item: Displayable | None = None
        self.volume: Volume | None = None
        self.reading: VolumeReading | None = None
        self.progress = 0.0
        self.message = ""

    @property
    def analysis(self) -> VolumeAnalysis | None:
        """What was segmented, before any edit."""
        return self.reading.analysis if self.reading is not None else None

    @property
    def busy(self) -> bool:
        """Whether something is under way that can be cancelled."""
        return self.state in (VolumeState.READING, VolumeState.SEGMENTING)

    def holds(self, item: Displayable | None) -> bool:
        """Whether `item` is the series on this desk."""
        return item is not None and self.item is not None and item.key == self.item.key

    def attend(self, item: Displayable) -> None:
        """Put a series on the desk with what the store has of it; it is read only if that needs it."""
        if self.holds(item):
            return
        self.close()
        self.item = item
        self.reading = VolumeReading(item.series.series_instance_uid, self)
        self.reading.problem.connect(self.problem)
        self._restore(self.reading)
        self.readingChanged.emit()

    def open(self, item: Displayable, *, segment: bool = False) -> None:
        """Read a series, and segment it afterwards if that is asked for."""
        self.attend(item)
        self._segment_when_read |= segment
        if self.busy:
            return
        if self.volume is None:
            self._read(item)
        elif segment and self._adopted:
            self._segment()

    def cancel(self) -> None:
        """Stop what runs; a volume that is read stays."""
        if self._job is not None:
            self._job.cancel()

    def close(self) -> None:
        """Let go of the series; every change of its review is saved already."""
        self.cancel()
        self._job = None
        self._segment_when_read = False
        self._stored, self._adopted, self._measured = None, False, ()
        self.item, self.volume = None, None
        if self.reading is not None:
            self.reading.deleteLater()
            self.reading = None
            self._meter = None
            self.readingChanged.emit()
        self._set(VolumeState.CLOSED)

    # ------------------------------------------------------------------ the store

    def _restore(self, reading: VolumeReading) -> None:
        uid = reading.series_instance_uid

        def work(_progress: Progress) -> _Stored:
            return self._store.load_volume_analysis(uid), self._store.load_volume(uid)

        def done(stored: _Stored) -> None:
            if self.reading is reading:
                self._stored = stored
                self._adopt()

        def failed(error: Exception) -> None:
            self.problem.emit(f"The saved review could not be read: {sentence(error)}")
            done((None, None))

        self._workers.store.submit("Load review", work, done=done, failed=failed)

    def _adopt(self) -> None:
        """Begin with what was saved, as soon as the slices that its outlines lie on are there."""
        reading, item = self.reading, self.item
        if self._stored is None or reading is None or item is None:
            return
        analysis, review = self._stored
        segmented = analysis is not None and analysis.segmentation is not None
        outlined = segmented or (review is not None and bool(review.findings))
        if outlined and self.volume is None:
            if not self.busy:
                self._read(item)
            return
        self._stored, self._adopted = None, True
        reading.restore(analysis, review)
        reading.reviewChanged.connect(lambda: self._on_review(reading))
        if reading.analysis is not None:
            self._set(VolumeState.DONE)
        self._measure()
        if self.volume is not None and self._segment_when_read:
            self._segment()

    def _on_review(self, reading: VolumeReading) -> None:
        review = reading.review
        self._save("review", review.key, lambda _progress: self._store.save_volume(review))
        self._measure()

    def _save(self, what: str, key: str, work: Any) -> None:
        self._workers.store.submit(
            f"Save {what}",
            work,
            done=lambda _nothing: self.saved.emit(key),
            failed=lambda error: self.problem.emit(f"The {what} could not be saved: {sentence(error)}"),
        )

    # ------------------------------------------------------------------ reading, segmenting, measuring

    def _read(self, item: Displayable) -> None:
        self._set(VolumeState.READING, "Reading slices")
        series = item.series

        def work(progress: Progress) -> Volume:
            return open_volume(series, progress)

        self._submit(self._workers.decode, "Read the volume", work, self._take_volume)

    def _take_volume(self, volume: Volume) -> None:
        self.volume = volume
        assert self.reading is not None  # a job of another series is not taken
        self.reading.set_volume(volume)
        self._set(VolumeState.READ)
        self.volumeRead.emit()
        if not self._adopted:
            self._adopt()
        elif self._segment_when_read:
            self._segment()

    def _segment(self) -> None:
        volume = self.volume
        assert volume is not None  # its callers looked
        self._segment_when_read = False
        self._set(VolumeState.SEGMENTING, "Waiting for the analysis process")

        def work(progress: Progress) -> VolumeAnalysis:
            return self._engine.analyse_volume(volume, progress)

        self._submit(self._workers.engine, "Segment the volume", work, self._take_analysis)

    def _take_analysis(self, analysis: VolumeAnalysis) -> None:
        reading = self.reading
        assert reading is not None
        self._save("analysis", reading.key, lambda _progress: self._store.save_volume_analysis(analysis))
        self._measured = ()
        reading.take_analysis(analysis)
        self._set(VolumeState.DONE)
        self.segmented.emit()

    def _measure(self) -> None:
        reading, volume = self.reading, self.volume
        if reading is None or volume is None or reading.analysis is None:
            return
        review, analysis = reading.review, reading.analysis
        outlines = tuple((f.mask, f.decision is not Decision.REJECTED) for f in review.findings)
        if outlines == self._measured:
            return
        reading.measures_wait = True
        if self._measuring:
            # When the measurement under way ends, it looks again: strokes come faster than volumes.
            return
        self._measuring = True
        self._measured = outlines
        if self._meter is None or self._meter.analysis is not analysis or self._meter.volume is not volume:
            self._meter = VolumeMeter(analysis, volume)
        meter = self._meter

        def done(measurements: tuple[Measurement, ...]) -> None:
            self._measuring = False
            if self.reading is reading:
                reading.measures_wait = False
                self._measure()
                if not reading.measures_wait:
                    reading.set_measurements(measurements)
            else:
                self._measure()

        def failed(error: Exception) -> None:
            self._measuring = False
            # Numbers of an older outline are not shown: without a measurement there are none.
            reading.measures_wait = False
            reading.set_measurements(())
            self.problem.emit(f"The measurement failed: {sentence(error)}")

        self._workers.measure.submit(
            "Measure the volume",
            lambda _progress: meter.measure(review),
            done=done,
            failed=failed,
        )

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
            cancelled=lambda: end(VolumeState.CANCELLED, _CANCELLED.get(self.state, "")),
            progress=step,
        )
        self._job = job

    def _set(self, state: VolumeState, message: str = "") -> None:
        self.state, self.message, self.progress = state, message, 0.0
        self.changed.emit()
