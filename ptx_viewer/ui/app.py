"""Starting the window."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType

from PySide6.QtWidgets import QApplication

from ptx_viewer.engine import Engine
from ptx_viewer.review.store import open_store

from .icons import icon
from .main_window import TITLE, MainWindow
from .theme import apply_theme

_log = logging.getLogger(__name__)


def run(
    paths: Sequence[Path],
    models: tuple[str, ...] = (),
    weights: Mapping[str, Path] = MappingProxyType({}),
) -> int:
    """Show the window, open `paths` in the background, and return the exit status.

    Parameters
    ----------
    paths : sequence of Path
    models : tuple of str
        Names of the networks to ask; empty for the main ones.
    weights : mapping of str to Path
        A user's own weights by the networks' names.

    Raises
    ------
    StoreError
        If no place for the reviews can be opened at all; the message is for the user.
    """
    # Ctrl-C in the terminal ends the program at once; every change is saved already.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName(TITLE)
    application.setWindowIcon(icon("logo"))
    apply_theme(application)
    store, notice = open_store()
    window = MainWindow(store, Engine(models=models, weights=weights), weights)
    sys.excepthook = partial(_unexpected, window)
    if notice is not None:
        window.messages.warn(notice)
    window.show()
    if paths:
        window.open(paths)
    return application.exec()


def _unexpected(
    window: MainWindow, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Log what no part of the window expected, and let the reader go on."""
    _log.error("unexpected error", exc_info=(kind, error, trace))
    window.messages.warn("Something unexpected happened; the log file has the details. The review is saved.")
