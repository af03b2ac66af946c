"""The networks in a process of their own, so that no window ever waits for them.

Python lets one thread run at a time, and importing torch or preparing a film holds that
turn long enough for a window to stutter; a process of its own cannot.  It also keeps torch
out of the window's process (torch and Qt in one process crash on some Windows machines when Qt comes
first), and a crash or a lack of memory there loses nothing here.
"""

from __future__ import annotations

import dataclasses
import logging
import multiprocessing
import sys
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from types import MappingProxyType
from typing import Any

from explain.attribution import Attribution, Faithfulness
from explain.target import Target
from ptx_viewer.engine_process import serve
from ptx_viewer.explaining import MapQuestion, below_cutoff
from ptx_viewer.progress import Cancelled, Progress, silent
from ptx_viewer.results import AnalysisOptions, EngineInfo, ImageAnalysis, VolumeAnalysis
from ptx_viewer.study.image import Image2D
from ptx_viewer.study.volume import Volume

_log = logging.getLogger(__name__)
_CONTEXT = multiprocessing.get_context("spawn")
#: Seconds between looks at the cancel button while the other process works.
_POLL = 0.05
#: Seconds that the other process gets to end by itself.
_GRACE = 1.0


class EngineError(RuntimeError):
    """The networks could not do their work; ``str()`` is a sentence for the user."""


class Engine:
    """The face of the network process: blocking calls, made from a background thread.

    The process starts with the first call, and again after it has died.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda", "mps"}
    models : tuple of str
        Names of the networks to ask unless an analysis names others; empty for the main ones.
    weights : mapping of str to Path
        A user's own weights by the networks' names.
    """

    def __init__(
        self,
        device: str = "auto",
        models: tuple[str, ...] = (),
        weights: Mapping[str, Path] = MappingProxyType({}),
    ) -> None:
        self._device = device
        self._models = models
        self._weights = dict(weights)
        self._calls = threading.Lock()
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._number = 0
        self._cancelled: Synchronized[int] | None = None
        self._closed = False

    def warm_up(self, progress: Progress = silent) -> EngineInfo:
        """Load the networks and say what runs where.

        Raises
        ------
        EngineError, Cancelled
        """
        info: EngineInfo = self._call("warm_up", (), progress)
        return info

    def use_weights(self, weights: Mapping[str, Path], progress: Progress = silent) -> EngineInfo:
        """Work with other weights; see :meth:`ptx_viewer.analysis.Analyser.use_weights`.

        Raises
        ------
        EngineError
            If they cannot be used; then everything stays as it was.
        Cancelled
        """
        info: EngineInfo = self._call("use_weights", (dict(weights),), progress)
        self._weights = dict(weights)
        return info

    def analyse(
        self,
        image: Image2D,
        options: AnalysisOptions = AnalysisOptions(),  # noqa: B008  (frozen)
        progress: Progress = silent,
    ) -> ImageAnalysis:
        """Analyse one image; see :meth:`ptx_viewer.analysis.Analyser.analyse`.

        Raises
        ------
        EngineError, Cancelled
        """
        analysis: ImageAnalysis = self._call("analyse", (image, options), progress)
        return analysis

    def analyse_volume(self, volume: Volume, progress: Progress = silent) -> VolumeAnalysis:
        """Segment and measure one CT series; see :func:`ptx_viewer.volumes.analyse_volume`.

        Raises
        ------
        EngineError, Cancelled
        """
        analysis: VolumeAnalysis = self._call("analyse_volume", (volume,), progress)
        return analysis

    def explain(
        self,
        image: Image2D,
        model: str,
        method: str,
        target: Target,
        analysis: ImageAnalysis | None = None,
        progress: Progress = silent,
    ) -> Attribution:
        """Make one map, or take it from the cache.

        Parameters
        ----------
        image : Image2D
        model, method : str
        target : Target
        analysis : ImageAnalysis or None
            Its lung fields shape the regions, and its answer says whether there is evidence at all.
        progress : Progress

        Raises
        ------
        EngineError, Cancelled
        """
        question = MapQuestion.of(image, model, method, target, analysis)
        # The answer is not sent there and back: only this end needs it.
        asked = dataclasses.replace(question, prediction=None)
        made: Attribution = self._call("explain", (asked,), progress)
        reason = below_cutoff(made, target, question.prediction)
        return dataclasses.replace(made, below_cutoff=reason)

    def check(
        self,
        image: Image2D,
        attribution: Attribution,
        target: Target,
        analysis: ImageAnalysis | None = None,
        progress: Progress = silent,
    ) -> Faithfulness:
        """Measure how faithful a map is; see :meth:`ptx_viewer.analysis.Analyser.check`.

        Raises
        ------
        EngineError, Cancelled
        """
        return self._measure("check", image, attribution, target, analysis, progress)

    def repeat(
        self,
        image: Image2D,
        attribution: Attribution,
        target: Target,
        analysis: ImageAnalysis | None = None,
        progress: Progress = silent,
    ) -> Faithfulness:
        """Measure how alike a map's repetitions are; see :meth:`ptx_viewer.analysis.Analyser.repeat`.

        Raises
        ------
        EngineError, Cancelled
        """
        return self._measure("repeat", image, attribution, target, analysis, progress)

    def _measure(
        self,
        call: str,
        image: Image2D,
        attribution: Attribution,
        target: Target,
        analysis: ImageAnalysis | None,
        progress: Progress,
    ) -> Faithfulness:
        question = MapQuestion.of(image, attribution.model, attribution.method, target, analysis)
        measured: Faithfulness = self._call(call, (question, attribution), progress)
        return measured

    def close(self) -> None:
        """End the process; a call under way in another thread, and every later one, is cancelled."""
        self._closed = True
        if self._cancelled is not None:
            self._cancelled.value = sys.maxsize
        with self._calls:
            self._end_process()

    def _call(self, name: str, arguments: tuple[Any, ...], progress: Progress) -> Any:
        with self._calls:
            if self._closed:
                raise Cancelled
            pipe = self._start()
            assert self._cancelled is not None
            self._number += 1
            try:
                pipe.send((self._number, name, arguments))
                return self._wait(pipe, progress)
            except Cancelled:
                # The process notices at its next step; its late answers carry this number and are skipped.
                self._cancelled.value = max(self._cancelled.value, self._number)
                raise
            except (EOFError, ConnectionError, BrokenPipeError) as error:
                self._end_process()
                raise EngineError(
                    "The analysis process ended unexpectedly, perhaps for lack of memory. "
                    "It starts again with the next analysis."
                ) from error

    def _wait(self, pipe: Connection, progress: Progress) -> Any:
        fraction, message = 0.0, "Starting"
        while True:
            progress(fraction, message)
            if self._closed:
                raise Cancelled
            if not pipe.poll(_POLL):
                continue
            number, kind, content = pipe.recv()
            if number != self._number:
                continue
            if kind == "progress":
                fraction, message = content
            elif kind == "failed":
                sentence, detail = content
                if detail:
                    _log.error("the networks' process failed:\n%s", detail)
                raise EngineError(sentence)
            else:
                return content

    def _start(self) -> Connection:
        if self._process is not None and self._process.is_alive() and self._pipe is not None:
            return self._pipe
        self._end_process()
        ours, theirs = _CONTEXT.Pipe()
        self._cancelled = _CONTEXT.Value("q", 0)
        process = _CONTEXT.Process(
            target=serve,
            args=(theirs, self._cancelled, self._device, self._models, self._weights),
            name="ptx-viewer networks",
            daemon=True,
        )
        try:
            process.start()
        except OSError as error:
            ours.close()
            raise EngineError("The analysis process could not be started.") from error
        finally:
            theirs.close()
        self._process, self._pipe = process, ours
        return ours

    def _end_process(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if self._process is not None:
            self._process.join(_GRACE)
            if self._process.is_alive():
                self._process.terminate()
                self._process.join()
            self._process.close()
            self._process = None
