"""One row of HOW LARGE: name and value, and below them the method or why it does not apply."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QEnterEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from . import theme
from .measure_wording import RowText
from .widgets import ActionButton, ElidedLabel, clear, label, row

_EDITED = "edited"


class MeasureRow(QFrame):
    """A row that draws its construction while the mouse is over it and is selected by a click.

    Parameters
    ----------
    row_id : str
    action : QAction
        What the reader can do about the row when it is selected: take an own measurement away, or put
        a moved line back.
    own : bool
        Whether the reader drew it.
    """

    chosen = Signal(str)
    #: Identity when the mouse comes, ``""`` when it leaves.
    pointed = Signal(str)

    def __init__(self, row_id: str, action: QAction, *, own: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row_id = row_id
        self._action = action
        self._own = own
        self._text: RowText | None = None
        self._selected = False
        self.setObjectName("measure-row")
        self._name = label()
        self._value = label("", wrap=False)
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        self._brief = ElidedLabel()
        # A reason is read to its end.
        self._reason = label("", "quiet")
        self._details = QVBoxLayout()
        self._details.setSpacing(2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 2, 6, 3)
        layout.setSpacing(0)
        layout.addLayout(row(self._name, self._value, stretch=0))
        layout.addWidget(self._brief)
        layout.addWidget(self._reason)
        layout.addLayout(self._details)

    @property
    def selected(self) -> bool:
        """Whether the row is selected."""
        return self._selected

    def texts(self) -> list[str]:
        """Return everything that is written in the row, from top to bottom."""
        details = [self._details.itemAt(i).widget() for i in range(self._details.count())]
        below = [] if self._selected else [self._brief if self._brief.text() else self._reason]
        shown = [self._name, self._value, *below, *details]
        return [widget.text() for widget in shown if isinstance(widget, QLabel)]

    def show_text(self, text: RowText, *, selected: bool) -> None:
        """Write the row anew, as far as it changed."""
        if text == self._text and selected == self._selected:
            return
        self._text, self._selected = text, selected
        self._name.setText(text.name)
        self._value.setText(f"{text.value} · {_EDITED}" if text.edited else text.value)
        colour = theme.ACCENT if text.edited else theme.TEXT if text.valid else theme.FADED
        weight = "bold" if text.valid else "normal"
        self._value.setStyleSheet(f"font-weight: {weight}; color: {colour};")
        self._name.setStyleSheet("" if text.valid else f"color: {theme.FADED};")
        for shown, widget in ((text.valid, self._brief), (not text.valid, self._reason)):
            widget.setText(text.brief if shown else "")
            widget.setVisible(shown and not selected)
        self.setAccessibleName(f"{text.name}: {text.value}. {text.brief}")
        self.setToolTip("" if selected else "\n".join(text.details))
        self.setProperty("chosen", selected)
        self.style().unpolish(self)
        self.style().polish(self)
        clear(self._details)
        if selected:
            for line in text.details:
                self._details.addWidget(label(line, "quiet"))
            if self._own or text.edited:
                self._details.addLayout(row(ActionButton(self._action)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Select the row, or, when it is selected, none."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.chosen.emit("" if self._selected else self.row_id)
            event.accept()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Tell that the mouse points at the row."""
        super().enterEvent(event)
        self.pointed.emit(self.row_id)

    def leaveEvent(self, event: QEvent) -> None:
        """Tell that it does no more."""
        super().leaveEvent(event)
        self.pointed.emit("")
