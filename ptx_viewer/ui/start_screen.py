"""The face of the window before anything is open."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QProgressBar, QVBoxLayout, QWidget

from .icons import picture
from .keys import KEY_OF, Act
from .library import Library
from .widgets import ActionButton, label, row

DISCLAIMER = "For research and education, not a medical device."


class StartScreen(QWidget):
    """Says what to do; while a scan runs, how far it is."""

    def __init__(self, actions: dict[Act, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("start-screen")
        logo = QLabel()
        logo.setPixmap(picture("logo", 56))
        logo.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = label("Open a study to begin", "heading")
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text = label("", "quiet")
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setFixedWidth(320)
        self._bar.setTextVisible(False)
        self._open_folder = ActionButton(actions[Act.OPEN_FOLDER], role="primary")
        self._open_files = ActionButton(actions[Act.OPEN_FILES])
        self._cancel = ActionButton(actions[Act.CANCEL])
        buttons = row(self._open_folder, self._open_files, self._cancel)
        buttons.insertStretch(0, 1)
        disclaimer = label(DISCLAIMER, wrap=False)
        disclaimer.setObjectName("disclaimer")
        disclaimer.setAlignment(Qt.AlignmentFlag.AlignCenter)

        layout = QVBoxLayout(self)
        layout.setSpacing(14)
        layout.addStretch(2)
        layout.addWidget(logo)
        layout.addWidget(self._title)
        layout.addWidget(self._text)
        layout.addWidget(self._bar, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addLayout(buttons)
        layout.addStretch(3)
        layout.addWidget(disclaimer)
        layout.setContentsMargins(24, 24, 24, 16)
        self.show_empty()

    def refresh(self, library: Library) -> None:
        """Say how things stand while there is no image to show."""
        if library.scanning:
            self.show_scanning(library.progress, library.message)
        elif library.catalogue.unreadable:
            self.show_empty("Nothing that was opened could be read; the list says why")
        elif library.paths:
            self.show_empty("No images were found there")
        else:
            self.show_empty(library.message)

    def show_empty(self, message: str = "") -> None:
        """Say what to do; `message` says why nothing is open when something was tried."""
        self._title.setText(message or "Open a study to begin")
        self._text.setText(
            "Drop a folder, DICOM files, a .zip or PNG and JPEG films onto this window, "
            "or open them here. Nothing leaves this machine.\n"
            f"Press {KEY_OF[Act.CHEAT_SHEET].shown} for all keys."
        )
        self._show(scanning=False)

    def show_scanning(self, fraction: float, message: str) -> None:
        """Say how far a scan is."""
        self._title.setText("Looking for images")
        self._text.setText(message)
        self._bar.setValue(round(1000 * fraction))
        self._show(scanning=True)

    def _show(self, *, scanning: bool) -> None:
        self._bar.setVisible(scanning)
        self._cancel.setVisible(scanning)
        self._open_folder.setVisible(not scanning)
        self._open_files.setVisible(not scanning)
