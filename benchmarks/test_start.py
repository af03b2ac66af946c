"""From the command to a window that takes clicks; the networks load in the background."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 3
# The same steps as ptx_viewer.ui.app.run, on a store of its own; ends at the first turn of the event loop.
_START = """
import os, sys
from pathlib import Path
from ptx_viewer import cli
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from ptx_viewer.engine import Engine
from ptx_viewer.review.store import ReviewStore
from ptx_viewer.ui.main_window import MainWindow
from ptx_viewer.ui.theme import apply_theme

if __name__ == "__main__":
    application = QApplication(sys.argv[:1])
    apply_theme(application)
    window = MainWindow(ReviewStore(Path(sys.argv[1])), Engine())
    window.show()
    QTimer.singleShot(0, lambda: (print("usable", flush=True), window.close(), application.quit()))
    application.exec()
"""


def test_start(figure, tmp_path):
    script = tmp_path / "start.py"
    script.write_text(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{_START}")
    seconds = []
    for run in range(RUNS):
        began = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, str(script), str(tmp_path / f"{run}.sqlite3")],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            assert process.stdout.readline() == "usable\n"
            seconds.append(time.perf_counter() - began)
    figure("start to a usable window", sorted(seconds)[RUNS // 2], "s", at_most=3.0)
