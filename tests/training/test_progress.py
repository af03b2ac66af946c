from __future__ import annotations

import io
import logging

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

from models.training.progress import Reporter, reporting


def test_without_a_terminal_every_twentieth_step_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), reporting(60, 10) as report:
        for step in range(11, 41):
            report.step(step, {"total": step / 10})
        report.validated(40, {"dice": 0.51234})
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split("  ")[0] for line in lines] == [
        "step 20/60",
        "step 40/60",
        "step 40 validation: dice 0.5123",
    ]
    assert "total 2.000" in lines[0]
    assert "min left" in lines[0]


def test_a_bar_shows_how_far_the_run_is() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    columns = (TextColumn("{task.completed}/{task.total}"), TextColumn("{task.description}"))
    with Progress(*columns, console=console, auto_refresh=False) as bar:
        report = Reporter(60, 10, bar)
        assert bar.tasks[0].completed == 10
        report.step(31, {"total": 0.5})
        assert (bar.tasks[0].completed, bar.tasks[0].total) == (31, 60)
        assert bar.tasks[0].description == "total 0.500"
        report.validated(31, {"dice": 0.4})
    assert "step 31 validation: dice 0.4000" in console.file.getvalue()
