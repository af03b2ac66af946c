"""The lines between the packages: held by the import contracts, and true when the program runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_import_contracts_hold():
    # In a process of its own: import-linter switches off every logger that exists already.
    script = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("loaded", "kept_out"),
    [
        ("ptx_viewer.ui.main_window, ptx_viewer.ui.app, ptx_viewer.engine", {"torch", "captum", "timm"}),
        ("ptx_viewer.cli", {"torch", "PySide6", "pyqtgraph", "pydicom"}),
        ("ptx_viewer.batch, ptx_viewer.analysis, ptx_viewer.table", {"PySide6", "pyqtgraph"}),
    ],
)
def test_what_is_heavy_is_loaded_only_where_it_is_needed(loaded, kept_out):
    script = f"import sys, {loaded}; print(*sorted({kept_out!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_the_networks_that_the_viewer_shall_ask_are_checked_without_loading_them():
    script = (
        "import sys; from ptx_viewer.cli import main;"
        "status = main(['--models', 'attention-unet', 'nowhere']);"
        "print(status, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["2", "False"], done.stderr
    assert "there is no file or folder 'nowhere'" in done.stderr
