"""From worker threads back to the window: callbacks of jobs arrive on the GUI thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from ptx_viewer.jobs import Job, JobQueue
from ptx_viewer.progress import Progress

T = TypeVar("T")

#: Progress is shown at most this often (seconds); a scan of a thousand files must not flood the window.
_PROGRESS_INTERVAL = 0.05


def _nothing(*_arguments: object) -> None:
    return


class JobBridge(QObject):
    """A :class:`JobQueue` whose callbacks run on the thread that made the bridge.

    Parameters
    ----------
    name : str
        Prefix of the thread names.
    threads : int
        1 keeps jobs strictly one after another.
    """

    _posted = Signal(object)

    def __init__(self, name: str, threads: int = 1, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue = JobQueue(name, threads)
        self._closed = False
        self._posted.connect(self._call, Qt.ConnectionType.QueuedConnection)

    def submit(
        self,
        title: str,
        work: Callable[[Progress], T],
        *,
        done: Callable[[T], None] = _nothing,
        failed: Callable[[Exception], None] = _nothing,
        cancelled: Callable[[], None] = _nothing,
        progress: Callable[[float, str], None] = _nothing,
    ) -> Job[T]:
        """Queue `work`; each callback is called later on the GUI thread."""
        last = 0.0

        def on_progress(fraction: float, message: str) -> None:
            nonlocal last
            now = time.monotonic()
            if fraction >= 1.0 or now - last >= _PROGRESS_INTERVAL:
                last = now
                self._posted.emit(lambda: progress(fraction, message))

        job: Job[T] = Job(
            title,
            work,
            on_progress=on_progress,
            on_done=lambda result: self._posted.emit(lambda: done(result)),
            on_failed=lambda error: self._posted.emit(lambda: failed(error)),
            on_cancelled=lambda: self._posted.emit(cancelled),
        )
        if not self._closed:
            self._queue.submit(job)
        return job

    def close(self) -> None:
        """Cancel everything, wait for the threads, and drop what they still post."""
        if not self._closed:
            self._closed = True
            self._queue.close()

    def drain(self) -> None:
        """Wait until every job queued so far has ended, without cancelling; then close."""
        if not self._closed:
            self._closed = True
            self._queue.drain()

    def _call(self, callback: Callable[[], Any]) -> None:
        if not self._closed:
            callback()
