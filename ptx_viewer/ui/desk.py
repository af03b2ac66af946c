"""The reader's desk: opens images, keeps each one's reading, and saves every change as it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from operator import is_

from PySide6.QtCore import QObject, Signal

from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.view import film_view
from ptx_viewer.progress import Progress
from ptx_viewer.results import AnalysisOptions, ImageAnalysis
from ptx_viewer.review.from_analysis import update_from_analysis
from ptx_viewer.review.measured import current_measurements
from ptx_viewer.review.review import Finding, ImageReview
from ptx_viewer.review.segments import with_moved_segments
from ptx_viewer.review.store import ReviewStore
from ptx_viewer.study.image import Image2D
from ptx_viewer.study.read import read_image
from ptx_viewer.study.stack import Stack, open_stack

from .analyst import Analyst, EngineState, Request
from .displayable import Displayable
from .failure import sentence
from .frames import FrameStack
from .reading import AnalysisState, Reading, fits
from .workers import Workers

Opened = Image2D | Stack | FrameStack


class Desk(QObject):
    """Readings by image key; the only place that talks to the store about reviews."""

    saved = Signal(str)
    problem = Signal(str)

    def __init__(
        self, workers: Workers, store: ReviewStore, analyst: Analyst, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workers = workers
        self._store = store
        self._analyst = analyst
        self._readings: dict[str, Reading] = {}
        self._measured: dict[str, _Outlines] = {}
        self._tickets: dict[str, int] = {}
        self._to_renew: dict[str, tuple[Displayable, bool]] = {}
        self.analyse_films = True
        analyst.analysed.connect(self._on_analysed)
        analyst.stateChanged.connect(self._on_state)
        analyst.engineChanged.connect(self._on_engine)

    def open(
        self,
        item: Displayable,
        done: Callable[[Opened], None],
        failed: Callable[[str], None],
        progress: Callable[[float, str], None],
    ) -> None:
        """Decode `item` in the background."""

        def work(report: Progress) -> Opened:
            if item.stack:
                return open_stack(item.series, report)
            if item.entry.number_of_frames > 1:
                return FrameStack(item.entry)
            return read_image(item.entry)

        self._workers.decode.submit(
            "Open image", work, done=done, failed=lambda error: failed(sentence(error)), progress=progress
        )

    def reading(self, image: Image2D, *, is_film: bool) -> Reading:
        """Return the reading of `image`, restoring what the store has of it."""
        key = image.reference.key
        known = self._readings.get(key)
        if known is not None:
            return known
        reading = Reading(image, is_film=is_film, parent=self)
        reading.problem.connect(self.problem)
        self._readings[key] = reading
        self._restore(reading)
        return reading

    def known(self, key: str) -> Reading | None:
        """Return the reading of an image that is on the desk."""
        return self._readings.get(key)

    def release(self, keep: set[str]) -> None:
        """Put away every reading but those in `keep`; all of them are saved already."""
        for key in [key for key in self._readings if key not in keep]:
            self._analyst.forget(key)
            self._measured.pop(key, None)
            self._readings.pop(key).deleteLater()

    def analyse(self, reading: Reading, *, override: bool = False) -> None:
        """Have the networks look at an open image."""
        image = reading.image
        options = AnalysisOptions(explain=(), override_refusal=override)
        self._analyst.request(Request(reading.key, "the film shown", lambda: image, options))

    def analyse_later(self, item: Displayable, *, override: bool = False) -> None:
        """Have the networks look at an image that is not open, after those that are."""
        key = item.image_keys[0]
        if self._analyst.running_key != key:
            options = AnalysisOptions(explain=(), override_refusal=override)
            request = Request(key, item.subtitle, lambda: read_image(item.entry), options)
            self._analyst.request(request, first=False)

    def renew_later(self, items: Iterable[tuple[Displayable, bool]]) -> None:
        """Have the networks look anew at analysed images that other weights answered about.

        Each with whether it was refused, so that an image that was scored all the same is so again.  What
        is open is brought up to date anyway.
        """
        self._to_renew = {item.image_keys[0]: (item, refused) for item, refused in items}
        self._renew()

    def _renew(self) -> None:
        """Compare as soon as it is known which weights are at work."""
        if self._analyst.state is not EngineState.READY or not self._to_renew:
            return
        asked, self._to_renew = self._to_renew, {}

        def done(answers: dict[str, tuple[tuple[str, str], ...]]) -> None:
            for key, answered_by in answers.items():
                if key not in self._readings and self._analyst.made_by_others(answered_by):
                    item, refused = asked[key]
                    self.analyse_later(item, override=refused)

        self._workers.store.submit(
            "Whose answers",
            lambda _progress: self._store.answered_by(asked),
            done=done,
            failed=lambda error: self.problem.emit(
                f"The saved analyses could not be read: {sentence(error)}"
            ),
        )

    def _restore(self, reading: Reading) -> None:
        key = reading.key
        ticket = self._tickets.get(key, 0) + 1
        self._tickets[key] = ticket

        def current() -> bool:
            return self._readings.get(key) is reading and self._tickets[key] == ticket

        def work(_progress: Progress) -> tuple[ImageAnalysis | None, ImageReview | None]:
            return self._store.load_analysis(key), self._store.load(key)

        def done(stored: tuple[ImageAnalysis | None, ImageReview | None]) -> None:
            if current():
                reading.restore(*stored)
                self._begin(reading)

        def failed(error: Exception) -> None:
            self.problem.emit(f"The saved review could not be read: {sentence(error)}")
            if current():
                reading.restore(None, None)
                self._begin(reading)

        self._workers.store.submit("Load review", work, done=done, failed=failed)

    def _begin(self, reading: Reading) -> None:
        reading.reviewChanged.connect(lambda: self._on_review(reading))
        self._measure(reading)
        if reading.analysis is None and reading.is_film and self.analyse_films:
            self.analyse(reading)
        self._bring_up_to_date(reading)

    def _on_engine(self) -> None:
        self._renew()
        for reading in self._readings.values():
            self._bring_up_to_date(reading)

    def _bring_up_to_date(self, reading: Reading) -> None:
        """Have the weights at work look at an image that others have seen, unless its review is signed."""
        if self._analyst.state is not EngineState.READY or reading.state is not AnalysisState.DONE:
            return
        analysis = reading.analysis
        if analysis is not None and not reading.locked and self._analyst.made_by_others(analysis.answered_by):
            self.analyse(reading, override=analysis.refused is not None)

    def _on_review(self, reading: Reading) -> None:
        self._save_review(reading.review)
        self._measure(reading)

    def _on_analysed(self, key: str, analysis: ImageAnalysis) -> None:
        reading = self._readings.get(key)
        restored = reading is not None and reading.state is not AnalysisState.RESTORING
        self._workers.store.submit(
            "Save analysis",
            lambda _progress: self._keep(analysis, with_review=not restored),
            done=lambda _nothing: self.saved.emit(key),
            failed=lambda error: self.problem.emit(f"The analysis could not be saved: {sentence(error)}"),
        )
        if reading is None:
            return
        if not restored:
            # The store's answer that is on its way was read before this analysis: ask again.
            self._restore(reading)
        else:
            reading.take_analysis(analysis)

    def _keep(self, analysis: ImageAnalysis, *, with_review: bool) -> None:
        """Save an analysis, and bring it into the saved review of an image that is not open."""
        self._store.save_analysis(analysis)
        review = self._store.load(analysis.image_key) if with_review else None
        if review is not None and not review.signed_by and fits(analysis, review):
            self._store.save(update_from_analysis(review, analysis))

    def _on_state(self, key: str, state: AnalysisState, message: str, progress: float) -> None:
        reading = self._readings.get(key)
        if reading is not None and reading.state is not AnalysisState.RESTORING:
            reading.set_state(state, message, progress)

    def _save_review(self, review: ImageReview) -> None:
        self._workers.store.submit(
            "Save review",
            lambda _progress: self._store.save(review),
            done=lambda _nothing: self.saved.emit(review.image_key),
            failed=lambda error: self.problem.emit(f"The review could not be saved: {sentence(error)}"),
        )

    def _measure(self, reading: Reading) -> None:
        known = self._measured.get(reading.key)
        if known is not None and known.hold_for(reading):
            self._show_measurements(reading)
            return
        review, analysis, image = reading.review, reading.analysis, reading.image
        outlines = _Outlines(review.findings, analysis, review.patient_rotated)
        self._measured[reading.key] = outlines
        # Moved lines are applied later, so that moving one more need not measure the outlines again.
        unmoved = replace(review, moved_segments=())

        def done(measurements: tuple[Measurement, ...]) -> None:
            # A later edit has its own measurement on the way: numbers of an older outline are not shown.
            if self._measured.get(reading.key) is outlines:
                self._measured[reading.key] = replace(outlines, measurements=measurements)
                self._show_measurements(reading)

        self._workers.measure.submit(
            "Measure",
            lambda _progress: current_measurements(unmoved, analysis, image.spacing, film_view(image)),
            done=done,
            failed=lambda error: self.problem.emit(f"The measurement failed: {sentence(error)}"),
        )

    def _show_measurements(self, reading: Reading) -> None:
        measurements = self._measured[reading.key].measurements
        if measurements is not None:
            shown = with_moved_segments(measurements, reading.review, reading.image.spacing)
            if shown != reading.measurements:
                reading.set_measurements(shown)


@dataclass(frozen=True, eq=False)
class _Outlines:
    """What the program's measurements follow from, and these before the reader moves a line.

    Attributes
    ----------
    measurements : tuple of Measurement or None
        None while they are on the way.
    """

    findings: tuple[Finding, ...]
    analysis: ImageAnalysis | None
    patient_rotated: bool
    measurements: tuple[Measurement, ...] | None = None

    def hold_for(self, reading: Reading) -> bool:
        """Whether the reading's outlines, and how its film was taken, are still the same."""
        findings = reading.review.findings
        same = len(findings) == len(self.findings) and all(map(is_, findings, self.findings))
        turned = reading.review.patient_rotated is not self.patient_rotated
        return same and reading.analysis is self.analysis and not turned
