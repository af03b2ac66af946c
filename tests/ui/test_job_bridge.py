"""Callbacks of background work arrive on the thread of the window."""

from __future__ import annotations

import threading

import pytest

from ptx_viewer.ui.job_bridge import JobBridge


@pytest.fixture
def bridge(qtbot):
    made = JobBridge("bridge-test")
    yield made
    made.close()


def test_work_runs_elsewhere_and_its_result_comes_back_here(qtbot, bridge):
    seen = []
    bridge.submit(
        "Work",
        lambda _progress: threading.get_ident(),
        done=lambda ident: seen.append((ident, threading.get_ident())),
    )
    qtbot.waitUntil(lambda: bool(seen))
    worker, receiver = seen[0]
    assert receiver == threading.get_ident()
    assert worker != receiver


def test_progress_and_failure_come_back_here(qtbot, bridge):
    seen = []

    def work(progress):
        progress(1.0, "all of it")
        raise ValueError("broken")

    bridge.submit(
        "Work",
        work,
        progress=lambda fraction, message: seen.append((fraction, message, threading.get_ident())),
        failed=lambda error: seen.append(str(error)),
    )
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert seen == [(1.0, "all of it", threading.get_ident()), "broken"]


def test_a_cancelled_job_says_so(qtbot, bridge):
    seen = []
    started = threading.Event()

    def work(progress):
        started.set()
        while True:
            progress(0.5, "")

    job = bridge.submit("Work", work, cancelled=lambda: seen.append("cancelled"))
    assert started.wait(5)
    job.cancel()
    qtbot.waitUntil(lambda: bool(seen))


def test_a_thousand_steps_of_progress_do_not_flood_the_window(qtbot, bridge):
    seen = []

    def work(progress):
        for step in range(1000):
            progress(step / 1000, "")

    done = []
    bridge.submit(
        "Work", work, progress=lambda *step: seen.append(step), done=lambda _nothing: done.append(1)
    )
    qtbot.waitUntil(lambda: bool(done))
    assert 1 <= len(seen) < 100


def test_draining_finishes_what_is_queued(qtbot):
    bridge = JobBridge("drain-test")
    finished = []
    for number in range(5):
        bridge.submit("Work", lambda _progress, number=number: finished.append(number))
    bridge.drain()
    assert finished == [0, 1, 2, 3, 4]
