"""The networks' own process: it answers calls from :class:`ptx_viewer.engine.Engine` until that goes."""

from __future__ import annotations

import os
import signal
import traceback
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

from ptx_viewer.progress import Cancelled
from ptx_viewer.results import FAILED, MAP_FAILED, MAP_NO_MEMORY, NO_MEMORY

#: Calls that make or measure a map.
_MAP_CALLS = frozenset({"explain", "check", "repeat"})


def failure_sentence(name: str, error: Exception) -> str:
    """Say what an unexpected failure of the call `name` means for the user."""
    # torch raises a RuntimeError that only says so when the memory of a processor runs out.
    text = str(error).lower()
    full = isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and ("out of memory" in text or "allocate memory" in text)
    )
    if name in _MAP_CALLS:
        return MAP_NO_MEMORY if full else MAP_FAILED
    return NO_MEMORY if full else FAILED


def serve(
    pipe: Connection,
    cancelled: Synchronized[int],
    device: str,
    models: tuple[str, ...],
    weights: dict[str, Path],
) -> None:
    """Answer calls until the other end of the pipe is closed.  Runs in the process of its own."""
    # Ctrl-C in a terminal reaches both processes; the window decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(5)  # the window comes first where cores are few
    analyser: Any = None
    while True:
        try:
            number, name, arguments = pipe.recv()
        except (EOFError, ConnectionError):
            return

        def progress(fraction: float, message: str, number: int = number) -> None:
            if cancelled.value >= number:
                raise Cancelled
            pipe.send((number, "progress", (fraction, message)))

        try:
            if analyser is None:
                progress(0.0, "Loading the network library")
                from ptx_viewer.analysis import Analyser

                analyser = Analyser(device, models=models, weights=weights)
            answer = (number, "done", getattr(analyser, name)(*arguments, progress=progress))
        except Cancelled:
            continue
        except ValueError as error:  # raised with a sentence for the user: a device, a model, weights
            answer = (number, "failed", (str(error), ""))
        except Exception as error:
            # The log file belongs to the other process.
            answer = (number, "failed", (failure_sentence(name, error), traceback.format_exc()))
        try:
            pipe.send(answer)
        except (ConnectionError, BrokenPipeError):
            return
