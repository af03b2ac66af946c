from __future__ import annotations

import logging
import threading

import pytest

from ptx_viewer.jobs import Job, JobQueue, JobState
from ptx_viewer.progress import Cancelled, Progress

WAIT = 10.0  # seconds until a hanging test gives up


def worker_threads(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(name)]


def test_the_result_and_the_progress_arrive_in_order() -> None:
    seen: list[object] = []

    def work(progress: Progress) -> int:
        progress(0.25, "reading")
        progress(1.0, "done")
        return 42

    job = Job("count", work, on_progress=lambda f, m: seen.append((f, m)), on_done=seen.append)
    assert job.state is JobState.WAITING
    job.run()
    assert seen == [(0.25, "reading"), (1.0, "done"), 42]
    assert job.state is JobState.DONE


def test_work_runs_on_a_named_thread_of_the_queue() -> None:
    names: list[str] = []
    done = threading.Event()
    queue = JobQueue("study-reader")
    queue.submit(
        Job("name", lambda _: names.append(threading.current_thread().name), on_done=lambda _: done.set())
    )
    assert done.wait(WAIT)
    queue.close()
    assert names[0].startswith("study-reader")


def test_a_failure_reaches_only_its_own_callback_and_the_log(caplog: pytest.LogCaptureFixture) -> None:
    failures: list[Exception] = []
    others: list[object] = []

    def work(progress: Progress) -> None:
        raise ValueError("no pixels")

    job = Job(
        "read",
        work,
        on_done=others.append,
        on_failed=failures.append,
        on_cancelled=lambda: others.append("cancelled"),
    )
    with caplog.at_level(logging.ERROR):
        job.run()
    assert job.state is JobState.FAILED
    assert [str(failure) for failure in failures] == ["no pixels"]
    assert others == []
    assert "read failed" in caplog.text


def test_cancelled_before_it_starts_the_work_is_never_called() -> None:
    called: list[str] = []
    job = Job("never", lambda _: called.append("work"), on_cancelled=lambda: called.append("cancelled"))
    job.cancel()
    assert job.cancel_requested
    job.run()
    assert called == ["cancelled"]
    assert job.state is JobState.CANCELLED


def test_cancelled_while_it_runs_it_stops_at_the_next_progress() -> None:
    started, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    reached: list[str] = []

    def work(progress: Progress) -> str:
        started.set()
        go_on.wait(WAIT)
        progress(0.5, "half")
        reached.append("past the cancellation point")
        return "result"

    queue = JobQueue("cancel")
    job = queue.submit(Job("long", work, on_done=reached.append, on_cancelled=ended.set))
    assert started.wait(WAIT)
    assert job.state is JobState.RUNNING
    job.cancel()
    go_on.set()
    assert ended.wait(WAIT)
    queue.close()
    assert reached == []
    assert job.state is JobState.CANCELLED


def test_work_may_clean_up_when_it_is_cancelled() -> None:
    cleaned: list[str] = []

    def work(progress: Progress) -> None:
        job.cancel()
        try:
            progress(0.1, "")
        except Cancelled:
            cleaned.append("temporary file removed")
            raise

    job: Job[None] = Job("tidy", work)
    job.run()
    assert cleaned == ["temporary file removed"]
    assert job.state is JobState.CANCELLED


def test_jobs_of_one_thread_run_in_the_order_they_were_submitted() -> None:
    order: list[int] = []
    done = threading.Event()
    queue = JobQueue("ordered")
    for number in range(50):
        queue.submit(Job(str(number), lambda _, n=number: order.append(n)))
    queue.submit(Job("last", lambda _: done.set()))
    assert done.wait(WAIT)
    queue.close()
    assert order == list(range(50))


def test_a_queue_with_two_threads_runs_two_jobs_at_once() -> None:
    met = threading.Barrier(2, timeout=WAIT)
    ended = [threading.Event(), threading.Event()]
    queue = JobQueue("pair", threads=2)
    jobs = [queue.submit(Job("meet", lambda _: met.wait(), on_done=lambda _, e=e: e.set())) for e in ended]
    assert all(event.wait(WAIT) for event in ended)
    queue.close()
    assert [job.state for job in jobs] == [JobState.DONE, JobState.DONE]


def test_a_failed_job_does_not_stop_the_next() -> None:
    done = threading.Event()
    queue = JobQueue("robust")

    def fail(progress: Progress) -> None:
        raise RuntimeError("broken")

    queue.submit(Job("fail", fail))
    queue.submit(Job("next", lambda _: done.set()))
    assert done.wait(WAIT)
    queue.close()


def test_close_cancels_what_runs_and_what_waits_and_leaves_no_thread() -> None:
    started, ended = threading.Event(), threading.Event()
    ran: list[str] = []

    def work(progress: Progress) -> None:
        started.set()
        while True:
            progress(0.0, "working")
            ended.wait(0.001)

    queue = JobQueue("closing", threads=2)
    running = queue.submit(Job("running", work))
    also = queue.submit(Job("running too", work))
    waiting = queue.submit(Job("waiting", lambda _: ran.append("waiting")))
    assert started.wait(WAIT)
    queue.close()
    assert [running.state, also.state, waiting.state] == [JobState.CANCELLED] * 3
    assert ran == []
    assert worker_threads("closing") == []


def test_closing_twice_does_nothing() -> None:
    queue = JobQueue("twice")
    queue.submit(Job("one", lambda _: None))
    queue.close()
    queue.close()
    assert worker_threads("twice") == []


def test_a_job_submitted_after_closing_is_cancelled_at_once() -> None:
    queue = JobQueue("late")
    queue.close()
    told: list[str] = []
    job = queue.submit(
        Job("late", lambda _: told.append("ran"), on_cancelled=lambda: told.append("cancelled"))
    )
    assert job.state is JobState.CANCELLED
    assert told == ["cancelled"]


def test_a_callback_that_fails_is_logged_and_the_queue_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Event()
    queue = JobQueue("callback")

    def broken(_result: object) -> None:
        raise RuntimeError("the window is gone")

    job = queue.submit(Job("shown", lambda _: 1, on_done=broken))
    with caplog.at_level(logging.ERROR):
        queue.submit(Job("next", lambda _: done.set()))
        assert done.wait(WAIT)
        queue.close()
    assert job.state is JobState.DONE
    assert "the window is gone" in caplog.text


def test_drain_lets_everything_queued_end_by_itself() -> None:
    ran: list[int] = []
    queue = JobQueue("draining")
    jobs = [queue.submit(Job(str(n), lambda _, n=n: ran.append(n))) for n in range(20)]
    queue.drain()
    assert ran == list(range(20))
    assert {job.state for job in jobs} == {JobState.DONE}
    assert worker_threads("draining") == []
    assert queue.submit(Job("late", lambda _: ran.append(20))).state is JobState.CANCELLED
    queue.close()
    assert ran == list(range(20))
