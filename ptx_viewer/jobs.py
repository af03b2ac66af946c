"""Background work: one queue, with progress and cancel, and no Qt.

Work runs on threads, so it must release the interpreter lock or be short in pure
Python; the networks run in a process of their own (:mod:`ptx_viewer.engine`), whose
calls look like any other job from here.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Generic, TypeVar

from .progress import Cancelled, Progress

T = TypeVar("T")
_log = logging.getLogger(__name__)


class JobState(StrEnum):
    """Life of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(Generic[T]):
    """One piece of background work.

    Callbacks are called on the worker's thread: a user interface passes functions that
    hand over to its own thread.
    """

    def __init__(
        self,
        title: str,
        work: Callable[[Progress], T],
        *,
        on_progress: Progress | None = None,
        on_done: Callable[[T], None] | None = None,
        on_failed: Callable[[Exception], None] | None = None,
        on_cancelled: Callable[[], None] | None = None,
    ) -> None:
        self.title = title
        self.state = JobState.WAITING
        self._work = work
        self._on_progress = on_progress
        self._on_done = on_done
        self._on_failed = on_failed
        self._on_cancelled = on_cancelled
        self._cancel = threading.Event()

    def cancel(self) -> None:
        """Ask the job to stop; it does so at its next progress call, or never starts."""
        self._cancel.set()

    @property
    def cancel_requested(self) -> bool:
        """Whether :meth:`cancel` was called."""
        return self._cancel.is_set()

    def run(self) -> None:
        """Do the work on this thread and report how it ended through the callbacks."""
        if self._cancel.is_set():
            self._finish_cancelled()
            return
        self.state = JobState.RUNNING
        try:
            result = self._work(self._progress)
        except Cancelled:
            self._finish_cancelled()
        except Exception as error:
            # The detail goes to the log, a sentence to the user.
            _log.exception("%s failed", self.title)
            self.state = JobState.FAILED
            if self._on_failed is not None:
                self._on_failed(error)
        else:
            self.state = JobState.DONE
            if self._on_done is not None:
                self._on_done(result)

    def _progress(self, fraction: float, message: str) -> None:
        if self._cancel.is_set():
            raise Cancelled
        if self._on_progress is not None:
            self._on_progress(fraction, message)

    def _finish_cancelled(self) -> None:
        self.state = JobState.CANCELLED
        if self._on_cancelled is not None:
            self._on_cancelled()


class JobQueue:
    """Runs jobs in order on a fixed number of threads.

    Parameters
    ----------
    name : str
        Prefix of the thread names.
    threads : int
        1 keeps jobs strictly one after another.
    """

    def __init__(self, name: str, threads: int = 1) -> None:
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
        self._jobs: set[Job[object]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, job: Job[T]) -> Job[T]:
        """Queue `job` and return it; after :meth:`close` it is cancelled at once, on this thread."""
        with self._lock:
            closed = self._closed
            if not closed:
                self._jobs.add(job)  # type: ignore[arg-type]
                self._pool.submit(self._run, job)  # type: ignore[arg-type]
        if closed:
            job.cancel()
            job.run()
        return job

    def close(self) -> None:
        """Cancel what waits and what runs, and wait until every thread has ended."""
        with self._lock:
            self._closed = True
            jobs = list(self._jobs)
        for job in jobs:
            job.cancel()
        self._pool.shutdown(wait=True)

    def drain(self) -> None:
        """Wait until every job queued so far has ended by itself, and every thread with it.

        The queue is then closed: what is submitted from now on is cancelled.
        """
        with self._lock:
            self._closed = True
        self._pool.shutdown(wait=True)

    def _run(self, job: Job[object]) -> None:
        try:
            job.run()
        except Exception:
            # Only a callback can fail here, and the pool would swallow it without a word.
            _log.exception("a callback of %s failed", job.title)
        finally:
            with self._lock:
                self._jobs.discard(job)
