"""How long the window's event loop stands still while the networks load and work."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt, QTimer

from ptx_viewer.engine import Engine
from ptx_viewer.review.store import ReviewStore
from ptx_viewer.ui.main_window import MainWindow
from ptx_viewer.ui.reading import AnalysisState
from ptx_viewer.ui.theme import apply_theme

PHASES = {
    None: "the study is opened",
    AnalysisState.WAITING: "the models load",
    AnalysisState.RUNNING: "a model runs",
}


@pytest.mark.timeout(300)
def test_window_gap(film, stored, figure, qtbot, qapp, tmp_path):
    apply_theme(qapp)
    window = MainWindow(ReviewStore(tmp_path / "reviews.sqlite3"), Engine())
    qtbot.addWidget(window)
    window.show()
    largest = dict.fromkeys(PHASES, 0.0)
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        reading = window.pane.reading
        phase = None if reading is None else reading.state
        if phase in largest:
            largest[phase] = max(largest[phase], now - last)
        last = now

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start(5)
    window.open([film.parent])

    def ended() -> bool:
        reading = window.pane.reading
        return reading is not None and reading.state in (AnalysisState.DONE, AnalysisState.FAILED)

    qtbot.waitUntil(ended, timeout=250_000)
    timer.stop()
    assert window.pane.reading.state is AnalysisState.DONE
    window.close()
    for phase, what in PHASES.items():
        figure(f"largest event-loop gap while {what}, {stored}", 1000 * largest[phase], "ms", at_most=100)
