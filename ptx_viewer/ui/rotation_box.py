"""Whether the patient stood straight: what the header says, and the reader's word."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from ptx_viewer.measure.view import film_view

from .keys import KEY_OF, Act
from .measure_wording import sentence
from .reading import Reading
from .widgets import label

_TIP = (
    "Switches off what rests on the midline or compares the sides. No header tells that a patient stood "
    "turned, and the program does not assess it"
)


class RotationBox(QWidget):
    """A box to check where the reader sees that the patient is rotated; the action does it."""

    def __init__(self, actions: dict[Act, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._action = actions[Act.ROTATED]
        self.box = QCheckBox(KEY_OF[Act.ROTATED].short)
        self.box.setToolTip(f"{_TIP}  ({KEY_OF[Act.ROTATED].shown})")
        self._stated = label("", "quiet")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 0, 0, 4)
        layout.setSpacing(2)
        layout.addWidget(self.box)
        layout.addWidget(self._stated)
        self._action.enabledChanged.connect(self.box.setEnabled)
        self.box.setEnabled(self._action.isEnabled())
        self.box.clicked.connect(self._on_click)

    def refresh(self, reading: Reading | None) -> None:
        """Show what is said of the film of `reading`."""
        self.setVisible(reading is not None)
        if reading is None:
            return
        rotated = reading.review.patient_rotated
        self.box.setChecked(rotated)
        oblique = film_view(reading.image).oblique
        said = [f"By the file, {oblique}." if oblique else "", "The reader's judgement." if rotated else ""]
        self._stated.setText(sentence(" ".join(filter(None, said))) if any(said) else "")
        self._stated.setVisible(any(said))

    def _on_click(self) -> None:
        # The action says how it stands: a signed review keeps what it says.
        self._action.trigger()
        self.box.setChecked(self._action.isChecked())
