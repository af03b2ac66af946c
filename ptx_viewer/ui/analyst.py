"""The networks as the window sees them: loading, a list of what waits, one analysis at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from models.cards import ModelCard
from ptx_viewer.jobs import Job
from ptx_viewer.progress import Progress
from ptx_viewer.results import AnalysisOptions, EngineInfo, ImageAnalysis, VolumeAnalysis
from ptx_viewer.study.image import Image2D
from ptx_viewer.study.volume import Volume

from .failure import sentence
from .reading import AnalysisState
from .workers import Workers


class EngineLike(Protocol):
    """The part of :class:`ptx_viewer.engine.Engine` that the window uses."""

    def warm_up(self, progress: Progress) -> EngineInfo:
        """Load the models; blocks."""

    def use_weights(self, weights: Mapping[str, Path], progress: Progress) -> EngineInfo:
        """Work with other weights; blocks."""

    def analyse(self, image: Image2D, options: AnalysisOptions, progress: Progress) -> ImageAnalysis:
        """Do the whole pass over one image; blocks."""

    def analyse_volume(self, volume: Volume, progress: Progress) -> VolumeAnalysis:
        """Segment and measure a CT series; blocks."""

    def close(self) -> None:
        """End the networks' process; may be called while another thread waits for an answer."""


class EngineState(StrEnum):
    """Whether the models can be used."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class Request:
    """An image to analyse; `load` is called on the worker's thread."""

    key: str
    title: str
    load: Callable[[], Image2D]
    options: AnalysisOptions


class Analyst(QObject):
    """Runs requests one after another and says how each image fares, by its key."""

    engineChanged = Signal()
    busyChanged = Signal()
    stateChanged = Signal(str, object, str, float)
    analysed = Signal(str, object)
    #: Other weights are at work, in a sentence: what was made with the former ones does not belong to them.
    weightsChanged = Signal(str)
    weightsRefused = Signal(str)

    def __init__(
        self,
        workers: Workers,
        engine: EngineLike,
        parent: QObject | None = None,
        weights: Mapping[str, Path] = MappingProxyType({}),
    ) -> None:
        super().__init__(parent)
        self._workers = workers
        self._engine = engine
        #: A user's own weights that the engine was told to use, by the networks' names.
        self.weights = dict(weights)
        self._waiting: deque[Request] = deque()
        self._current: Request | None = None
        self._job: Job[ImageAnalysis] | None = None
        self.state = EngineState.LOADING
        self.info: EngineInfo | None = None
        self.failure = ""
        self.progress = 0.0
        self.message = ""

    @property
    def busy(self) -> bool:
        """Whether an analysis runs."""
        return self._current is not None

    @property
    def running_key(self) -> str | None:
        """Key of the image being analysed."""
        return self._current.key if self._current is not None else None

    @property
    def waiting(self) -> int:
        """How many images wait for their turn."""
        return len(self._waiting)

    @property
    def device(self) -> str:
        """Where the networks run; ``""`` until they are loaded."""
        return self.info.device if self.info is not None else ""

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """Cards of the loaded models."""
        return self.info.cards if self.info is not None else ()

    def title_of(self, model: str) -> str:
        """Return a model's name as its card writes it."""
        return next((card.title for card in self.cards if card.name == model), model)

    def runs_on(self, model: str) -> str:
        """Return whose layers run a network, and on what; ``""`` where that is not known."""
        engine = dict(self.info.engines).get(model, "") if self.info is not None else ""
        return f"{engine}, {self.device}" if engine else ""

    def made_by_others(self, answered_by: Iterable[tuple[str, str]]) -> bool:
        """Whether other weights than those at work gave an answer of these networks, by their cards' ids."""
        ids = {card.name: card.card_id for card in self.cards}
        return any(ids.get(model, card_id) != card_id for model, card_id in answered_by)

    def use_weights(self, weights: Mapping[str, Path]) -> None:
        """Have the networks work with other weights; where those cannot be used, all stays as it is."""
        before = self.state
        self.state, self.message, self.progress = EngineState.LOADING, "Loading weights", 0.0
        self.engineChanged.emit()

        def done(info: EngineInfo) -> None:
            self.weights = dict(weights)
            self.info = info
            own = [card for card in info.cards if not card.shipped]
            words = [f"{card.title} works with {card.weights_file}." for card in own]
            self.weightsChanged.emit(" ".join(words) or "The shipped weights are at work.")
            self._ready(info)

        def failed(error: Exception) -> None:
            self.state, self.message = before, ""
            self.engineChanged.emit()
            self.weightsRefused.emit(f"The weights are not used: {sentence(error)}")
            self._next()

        self._workers.engine.submit(
            "Load weights",
            lambda progress: self._engine.use_weights(weights, progress),
            done=done,
            failed=failed,
            progress=self._on_progress,
        )

    def start(self) -> None:
        """Load the models in the background."""
        self.state, self.message, self.progress = EngineState.LOADING, "Loading models", 0.0
        self.engineChanged.emit()
        self._workers.engine.submit(
            "Load models",
            self._engine.warm_up,
            done=self._ready,
            failed=self._broken,
            progress=self._on_progress,
        )

    def request(self, request: Request, *, first: bool = True) -> None:
        """Have an image analysed; the one that the reader looks at goes before the others."""
        if self._current is not None and self._current.key == request.key:
            return
        self._waiting = deque(waiting for waiting in self._waiting if waiting.key != request.key)
        if first:
            self._waiting.appendleft(request)
        else:
            self._waiting.append(request)
        self.stateChanged.emit(request.key, AnalysisState.WAITING, "", 0.0)
        if self.state is EngineState.FAILED:
            self.start()
        self._next()

    def forget(self, key: str) -> None:
        """Take an image that still waits off the list."""
        self._waiting = deque(waiting for waiting in self._waiting if waiting.key != key)

    def cancel(self) -> None:
        """Stop what runs and forget what waits."""
        waiting, self._waiting = self._waiting, deque()
        for request in waiting:
            self.stateChanged.emit(request.key, AnalysisState.CANCELLED, "", 0.0)
        if self._job is not None:
            self._job.cancel()
        self.busyChanged.emit()

    def _next(self) -> None:
        if self._current is not None or not self._waiting or self.state is not EngineState.READY:
            self.busyChanged.emit()
            return
        request = self._waiting.popleft()
        self._current = request
        self.progress, self.message = 0.0, request.title

        def work(progress: Progress) -> ImageAnalysis:
            progress(0.0, "Reading the image")
            return self._engine.analyse(request.load(), request.options, progress)

        self._job = self._workers.engine.submit(
            "Analysis",
            work,
            done=lambda analysis: self._end(request, analysis),
            failed=lambda error: self._end(request, None, AnalysisState.FAILED, sentence(error)),
            cancelled=lambda: self._end(request, None, AnalysisState.CANCELLED),
            progress=lambda fraction, message: self._on_analysis(request, fraction, message),
        )
        self.stateChanged.emit(request.key, AnalysisState.RUNNING, "", 0.0)
        self.busyChanged.emit()

    def _end(
        self,
        request: Request,
        analysis: ImageAnalysis | None,
        state: AnalysisState = AnalysisState.DONE,
        message: str = "",
    ) -> None:
        self._current, self._job = None, None
        if analysis is not None:
            self.analysed.emit(request.key, analysis)
        else:
            self.stateChanged.emit(request.key, state, message, 0.0)
        self._next()

    def _on_analysis(self, request: Request, fraction: float, message: str) -> None:
        if self._current is request:
            self.progress, self.message = fraction, message or request.title
            self.stateChanged.emit(request.key, AnalysisState.RUNNING, message, fraction)
            self.busyChanged.emit()

    def _ready(self, info: EngineInfo) -> None:
        self.info = info
        self.state, self.message = EngineState.READY, ""
        self.engineChanged.emit()
        self._next()

    def _broken(self, error: Exception) -> None:
        self.state, self.failure, self.message = EngineState.FAILED, sentence(error), ""
        self.engineChanged.emit()
        waiting, self._waiting = self._waiting, deque()
        for request in waiting:
            text = f"The models could not be loaded: {self.failure}"
            self.stateChanged.emit(request.key, AnalysisState.FAILED, text, 0.0)

    def _on_progress(self, fraction: float, message: str) -> None:
        self.progress, self.message = fraction, message
        self.busyChanged.emit()
