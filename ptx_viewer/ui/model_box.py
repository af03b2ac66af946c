"""Whose answer is explained: a choice where several networks answered."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QWidget

from .widgets import CalmComboBox

_ASKS = "Whose answer is explained"


class ModelBox(CalmComboBox):
    """Lists the networks that answered; `activated` says that the reader chose another."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_ASKS)
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(CalmComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def show_models(self, titles: Sequence[str], current: int) -> None:
        """List networks by the titles of their cards; a list that is the same is left alone."""
        with QSignalBlocker(self):
            if list(titles) != [self.itemText(place) for place in range(self.count())]:
                self.clear()
                self.addItems(list(titles))
            self.setCurrentIndex(current)
        # On a narrow screen the box is shorter than some names.
        self.setToolTip(f"{_ASKS}: {self.currentText()}")
