"""Whether a window can be shown is found out without Qt in this process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ptx_viewer.ui.display import explain_import_failure, missing_display_reason


def test_the_check_imports_no_qt_into_its_own_process():
    code = (
        "import sys; from ptx_viewer.ui.display import missing_display_reason; missing_display_reason();"
        "sys.exit(any(name.startswith('PySide6') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_whole_user_interface_imports_no_torch():
    code = "import sys; import ptx_viewer.ui.main_window; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_offscreen_platform_is_a_display(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert missing_display_reason() is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can be without a display server")
def test_no_display_is_said_in_words(monkeypatch):
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert "no display" in missing_display_reason()


def test_a_missing_library_is_named_with_the_packages_to_install():
    reason = explain_import_failure("ImportError: libEGL.so.1: cannot open shared object file: No such file")
    assert "libEGL.so.1 is missing" in reason
    assert "apt-get install" in reason
    assert "libegl1" in reason
    assert "dnf install" in reason


def test_any_other_failure_keeps_its_last_line():
    assert (
        explain_import_failure("Traceback\nImportError: broken") == "Qt cannot be loaded: ImportError: broken"
    )
