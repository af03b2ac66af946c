"""Starting the window."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QApplication

from ptx_viewer.engine import Engine
from ptx_viewer.review.store import open_store

from .icons import icon
from .main_window import TITLE, MainWindow
from .theme import apply_theme


def run(paths: Sequence[Path]) -> int:
    """Show the window, open `paths` in the background, and return the exit status.

    Raises
    ------
    StoreError
        If no place for the reviews can be opened at all; the message is for the user.
    """
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName(TITLE)
    application.setWindowIcon(icon("logo"))
    apply_theme(application)
    store, notice = open_store()
    window = MainWindow(store, Engine())
    if notice is not None:
        window.messages.warn(notice)
    window.show()
    if paths:
        window.open(paths)
    return application.exec()
