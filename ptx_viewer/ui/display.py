"""Whether a window can be shown here, found out without importing Qt into this process."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys

DEBIAN_LINE = (
    "sudo apt-get install libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libglib2.0-0 libx11-6 "
    "libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 "
    "libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0"
)
FEDORA_LINE = (
    "sudo dnf install libglvnd-egl libglvnd-glx libxkbcommon dbus-libs fontconfig glib2 libX11 "
    "xcb-util-cursor xcb-util-wm xcb-util-image xcb-util-keysyms xcb-util-renderutil libxkbcommon-x11"
)
_HEADLESS_PLATFORMS = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")
_IMPORT = "import PySide6.QtWidgets, PySide6.QtSvg"


def missing_display_reason() -> str | None:
    """Say why no window can be shown, or return None when one can.

    The import of Qt is tried in a short-lived process, because a library that cannot
    be loaded here would otherwise leave a half-imported Qt behind.

    Returns
    -------
    str or None
        One or two sentences for the user, with the packages to install.
    """
    if sys.platform.startswith("linux") and not _has_linux_display():
        return "no display was found (DISPLAY and WAYLAND_DISPLAY are not set)"
    if importlib.util.find_spec("PySide6") is None:
        return "PySide6 is not installed; install the program again with its dependencies"
    trial = subprocess.run(
        [sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=False, timeout=60
    )
    if trial.returncode == 0:
        return None
    return explain_import_failure(trial.stderr)


def explain_import_failure(message: str) -> str:
    """Turn the dynamic linker's words about a Qt import into what the user can do.

    Parameters
    ----------
    message : str
        What Python printed when the import failed.
    """
    library = re.search(r"(lib[\w.+-]+\.so[\w.]*)", message)
    if library is None:
        last = message.strip().splitlines()[-1] if message.strip() else "no message"
        return f"Qt cannot be loaded: {last}"
    return (
        f"Qt cannot be loaded because the system library {library.group(1)} is missing.\n"
        f"Debian, Ubuntu: {DEBIAN_LINE}\n"
        f"Fedora: {FEDORA_LINE}"
    )


def _has_linux_display() -> bool:
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    if platform in _HEADLESS_PLATFORMS:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
