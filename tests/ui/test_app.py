"""Starting and ending the program's window."""

from __future__ import annotations

import signal
import sys

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from ptx_viewer.ui import app
from ptx_viewer.ui.main_window import MainWindow


@pytest.fixture
def started(monkeypatch, tmp_path, engine):
    """Run the program with `step` called every few milliseconds while its window is open."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("ptx_viewer.review.store.default_path", lambda: tmp_path / "reviews.sqlite3")
    monkeypatch.setattr(app, "Engine", lambda **_models: engine)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    before = signal.getsignal(signal.SIGINT)

    def run(paths, step):
        timer = QTimer()
        timer.setInterval(10)
        timer.timeout.connect(
            lambda: [
                step(w) for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow) and w.isVisible()
            ]
        )
        timer.start()
        return app.run(paths)

    yield run
    signal.signal(signal.SIGINT, before)


def test_the_window_opens_what_it_was_given_and_ends_with_status_0(started, positive, engine):
    shown = []

    def step(window):
        if window.pane.image is not None:
            shown.append(window.pane.image.reference.file)
            window.close()

    assert started([positive], step) == 0
    assert shown == [positive]
    assert engine.closed


def test_an_unexpected_error_is_logged_and_told_and_the_window_stays(started, caplog):
    told = []

    def step(window):
        if not told:
            sys.excepthook(KeyError, KeyError("x"), None)
            told.append(window.messages.text)
            window.close()

    assert started([], step) == 0
    assert told[0].startswith("Something unexpected happened")
    assert any("unexpected error" in record.message for record in caplog.records)
