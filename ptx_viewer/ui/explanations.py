"""The maps of the open images: made on demand, one after another, and checked while nothing else runs."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from explain.attribution import Attribution, Faithfulness
from explain.target import Target
from ptx_viewer import map_wording
from ptx_viewer.explaining import below_cutoff, draws_at_random
from ptx_viewer.jobs import Job
from ptx_viewer.progress import Progress
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.study.image import Image2D

from .analyst import Analyst, EngineState
from .explaining_engine import ExplainingEngine
from .failure import sentence
from .map_entry import CheckState, MapEntry, MapKey, MapState
from .map_shelf import MapShelf
from .workers import Workers


@dataclass(frozen=True, eq=False)
class _Work:
    key: MapKey
    image: Image2D
    target: Target
    analysis: ImageAnalysis | None


class Explanations(QObject):
    """Asks the networks for maps; a map that was asked for goes before any check."""

    #: MapKey of the map that changed.
    changed = Signal(object)

    def __init__(
        self, workers: Workers, engine: ExplainingEngine, analyst: Analyst, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workers = workers
        self._engine = engine
        self._analyst = analyst
        self._shelf = MapShelf()
        self._asked: deque[_Work] = deque()
        self._unchecked: deque[_Work] = deque()
        self._running: _Work | None = None
        self._checking = False
        self._job: Job[Attribution] | Job[Faithfulness] | None = None
        analyst.engineChanged.connect(self._on_engine)
        analyst.busyChanged.connect(self._on_busy)

    # ------------------------------------------------------------------ what there is

    def entry(self, key: MapKey) -> MapEntry:
        """Return how far a map is."""
        return self._shelf.entry(key)

    def done(self, image: str) -> Iterator[tuple[MapKey, Attribution]]:
        """Return every finished map of an image, in the order in which they were made."""
        return self._shelf.done(image)

    def take(self, analysis: ImageAnalysis) -> None:
        """Take over the maps that an analysis came with: they explain the image score."""
        target = Target.image_score()
        for made in analysis.attributions:
            key = MapKey(analysis.image_key, made.model, made.method, target.key)
            if made.target == target.description and key not in self._shelf:
                answer = next((each for each in analysis.predictions if each.model == made.model), None)
                reason = below_cutoff(made, target, answer)
                attribution = dataclasses.replace(made, below_cutoff=reason)
                self._set(key, MapEntry(MapState.DONE, attribution=attribution))

    @property
    def asked(self) -> bool:
        """Whether a map is being made or waits to be."""
        return bool(self._asked) or (self._running is not None and not self._checking)

    @property
    def working(self) -> str:
        """What is being done, for the status bar; ``""`` when nothing is."""
        if self._running is None:
            return ""
        method = map_wording.method_title(self._running.key.method)
        if self._checking:
            return f"Checking {method}"
        waiting = f"  ({len(self._asked)} waiting)" if self._asked else ""
        return f"Explaining: {method}{waiting}"

    @property
    def progress(self) -> float:
        """How far that is, 0..1."""
        return self.entry(self._running.key).progress if self._running is not None else 0.0

    # ------------------------------------------------------------------ asking

    def ask(self, image: Image2D, key: MapKey, target: Target, analysis: ImageAnalysis | None) -> None:
        """Have a map made, unless it is there or on its way."""
        if self.entry(key).state in (MapState.DONE, MapState.WAITING, MapState.RUNNING):
            self._shelf.use(key)
            return
        if self._analyst.state is EngineState.FAILED:
            self._set(key, MapEntry(MapState.FAILED, self._not_loaded()))
            return
        self._asked.append(_Work(key, image, target, analysis))
        loading = self._analyst.state is EngineState.LOADING
        self._set(key, MapEntry(MapState.WAITING, "loading" if loading else "waiting"))
        if self._checking:
            self._interrupt_check()
        self._next()

    def cancel(self, key: MapKey) -> None:
        """Stop making a map, or take it off the list."""
        if self.entry(key).state not in (MapState.WAITING, MapState.RUNNING):
            return
        self._asked = deque(work for work in self._asked if work.key != key)
        if self._running is not None and self._running.key == key and not self._checking:
            self._drop_running()
        self._set(key, MapEntry(MapState.CANCELLED))
        self._next()

    def cancel_all(self) -> None:
        """Stop everything that was asked for; checks go on later."""
        for key in self._shelf.unfinished:
            self.cancel(key)

    def release(self, keep: set[str]) -> None:
        """Forget the maps of every image but those in `keep`; the cache on disk still has them."""
        if not self._shelf.release(keep):
            return
        self._asked = deque(work for work in self._asked if work.key.image in keep)
        self._unchecked = deque(work for work in self._unchecked if work.key.image in keep)
        if self._running is not None and self._running.key.image not in keep:
            self._drop_running()
        self._next()

    # ------------------------------------------------------------------ working

    def _next(self) -> None:
        if self._running is not None or self._analyst.state is not EngineState.READY:
            return
        if self._asked:
            self._explain(self._asked.popleft())
        elif self._unchecked and not self._analyst.busy and not self._analyst.waiting:
            self._check(self._unchecked.popleft())

    def _explain(self, work: _Work) -> None:
        self._running, self._checking = work, False

        def run(progress: Progress) -> Attribution:
            progress(0.0, "")
            return self._engine.explain(
                work.image, work.key.model, work.key.method, work.target, work.analysis, progress
            )

        def done(attribution: Attribution) -> None:
            if self._finish(work):
                self._queue_check(work, attribution)
                self._make_room(work.key)
                self._next()

        def failed(error: Exception) -> None:
            if self._finish(work):
                self._set(work.key, MapEntry(MapState.FAILED, sentence(error)))
                self._next()

        def cancelled() -> None:
            if self._finish(work):
                self._set(work.key, MapEntry(MapState.CANCELLED))
                self._next()

        def progress(fraction: float, message: str) -> None:
            if self._running is work:
                self._set(work.key, MapEntry(MapState.RUNNING, message, fraction))

        self._set(work.key, MapEntry(MapState.RUNNING))
        self._job = self._workers.engine.submit(
            "Explanation", run, done=done, failed=failed, cancelled=cancelled, progress=progress
        )

    def _check(self, work: _Work) -> None:
        attribution = self.entry(work.key).attribution
        if attribution is None:
            self._next()
            return
        self._running, self._checking = work, True

        measure = self._engine.check if attribution.faithfulness is None else self._engine.repeat

        def run(progress: Progress) -> Faithfulness:
            progress(0.0, "")
            return measure(work.image, attribution, work.target, work.analysis, progress)

        def done(measured: Faithfulness) -> None:
            if self._finish(work):
                self._queue_check(work, dataclasses.replace(attribution, faithfulness=measured))
                self._next()

        def failed(error: Exception) -> None:
            if self._finish(work):
                entry = MapEntry(MapState.DONE, sentence(error), 0.0, attribution, CheckState.FAILED)
                self._set(work.key, entry)
                self._next()

        def cancelled() -> None:
            if self._finish(work):
                self._next()

        def progress(fraction: float, _message: str) -> None:
            if self._running is work:
                entry = MapEntry(MapState.DONE, "", fraction, attribution, CheckState.RUNNING)
                self._set(work.key, entry)

        self._job = self._workers.engine.submit(
            "Faithfulness", run, done=done, failed=failed, cancelled=cancelled, progress=progress
        )

    def _queue_check(self, work: _Work, attribution: Attribution) -> None:
        """Show a map, and have measured what is not known of it: first its faithfulness, then its seeds."""
        known = attribution.faithfulness
        complete = known is not None and (known.repeatability is not None or not draws_at_random(attribution))
        if known is None:
            # Maps that have no verdict yet go before those that have one.
            place = sum(self._unverdicted(each) for each in self._unchecked)
            self._unchecked.insert(place, work)
        elif not complete:
            self._unchecked.append(work)
        check = CheckState.NONE if complete else CheckState.WAITING
        self._set(work.key, MapEntry(MapState.DONE, attribution=attribution, check=check))

    def _unverdicted(self, work: _Work) -> bool:
        attribution = self.entry(work.key).attribution
        return attribution is not None and attribution.faithfulness is None

    def _finish(self, work: _Work) -> bool:
        """Whether `work` is still what runs; it is no longer afterwards."""
        if self._running is not work:
            return False
        self._running, self._job, self._checking = None, None, False
        return True

    def _drop_running(self) -> None:
        """Stop what runs; what it still says is not heard."""
        if self._job is not None:
            self._job.cancel()
        self._running, self._job, self._checking = None, None, False

    def _interrupt_check(self) -> None:
        """Stop a check and put it back on the list: the reader waits for something else."""
        work = self._running
        self._drop_running()
        if work is not None:
            self._unchecked.appendleft(work)
            entry = self.entry(work.key)
            self._set(work.key, dataclasses.replace(entry, check=CheckState.WAITING, progress=0.0))

    def _on_busy(self) -> None:
        if self._checking and (self._analyst.busy or self._analyst.waiting):
            self._interrupt_check()
        self._next()

    def _on_engine(self) -> None:
        if self._analyst.state is EngineState.FAILED:
            asked, self._asked = self._asked, deque()
            for work in asked:
                self._set(work.key, MapEntry(MapState.FAILED, self._not_loaded()))
        self._next()

    def _not_loaded(self) -> str:
        return f"The models could not be loaded: {self._analyst.failure}"

    def _set(self, key: MapKey, entry: MapEntry) -> None:
        self._shelf.put(key, entry)
        self.changed.emit(key)

    def _make_room(self, newest: MapKey) -> None:
        """Let go of the oldest maps where all together would fill the memory."""
        for key in self._shelf.surplus(newest):
            self._unchecked = deque(work for work in self._unchecked if work.key != key)
            self._set(key, MapEntry())
