"""IMPRESSION: the reader's own words, verdict and signature."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from ptx_viewer.review.review import Verdict

from .keys import KEY_OF, Act
from .reading import AnalysisState, Reading
from .widgets import ActionButton, CalmComboBox, Section, label, row

#: Typing is taken over after this pause, and at once when the field is left (milliseconds).
TYPING_PAUSE_MS = 500

_VERDICTS = (
    (Verdict.OPEN, "No verdict yet"),
    (Verdict.PNEUMOTHORAX, "Pneumothorax"),
    (Verdict.NONE_FOUND, "No pneumothorax found"),
)


class ImpressionPanel(Section):
    """Edits the active reading; nothing typed is lost when the image changes or the window closes."""

    def __init__(self, actions: dict[Act, QAction], parent: QWidget | None = None) -> None:
        super().__init__("IMPRESSION", parent)
        self._reading: Reading | None = None
        self.text = QPlainTextEdit()
        self.text.setPlaceholderText(f"Free text  ({KEY_OF[Act.IMPRESSION].shown})")
        self.text.setAccessibleName("Impression")
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(84)
        self.text.textChanged.connect(self._on_typed)
        self.text.installEventFilter(self)
        self.verdict = CalmComboBox()
        self.verdict.setAccessibleName("Verdict")
        self.verdict.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for _verdict, text in _VERDICTS:
            self.verdict.addItem(text)
        self.verdict.activated.connect(self._on_verdict)
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name of the reader")
        self.name.setAccessibleName("Name of the reader")
        self.name.returnPressed.connect(actions[Act.SIGN].trigger)
        self.sign = ActionButton(actions[Act.SIGN])
        self._signed = label("", "quiet")
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        self._pause.timeout.connect(self.flush)
        self.rows.addWidget(self.text)
        self.rows.addWidget(self.verdict)
        self.rows.addWidget(self._signed)
        self.rows.addLayout(row(self.name, self.sign, stretch=0))
        self._sign_action = actions[Act.SIGN]
        self.refresh(None)

    @property
    def signed_text(self) -> str:
        """Who signed, as shown."""
        return self._signed.text()

    def flush(self) -> None:
        """Take over what was typed so far."""
        self._pause.stop()
        reading = self._reading
        if reading is not None and not reading.locked:
            reading.set_impression(self.text.toPlainText())

    def refresh(self, reading: Reading | None) -> None:
        """Show `reading`; what was typed for the one before is kept with that one."""
        if reading is not self._reading:
            if self._pause.isActive():
                self.flush()
            self._reading = reading
        usable = reading is not None and reading.state is not AnalysisState.RESTORING
        locked = reading is not None and reading.locked
        self.setEnabled(usable)
        self.text.setReadOnly(locked)
        self.verdict.setEnabled(not locked)
        self.name.setVisible(not locked)
        self._sign_action.setIconText("Unsign" if locked else "Sign")
        self._sign_action.setEnabled(usable)
        self._signed.setVisible(locked)
        review = reading.review if reading is not None else None
        if review is not None and review.signed_at is not None:
            when = review.signed_at.strftime("%Y-%m-%d %H:%M UTC")
            self._signed.setText(f"Signed by {review.signed_by}, {when}. Unsign to change anything.")
        impression = review.impression if review is not None else ""
        # While the reader types, the field is ahead of the review.
        if not self._pause.isActive() and impression != self.text.toPlainText():
            with QSignalBlocker(self.text):
                self.text.setPlainText(impression)
        verdict = review.verdict if review is not None else Verdict.OPEN
        self.verdict.setCurrentIndex([known for known, _text in _VERDICTS].index(verdict))

    def toggle_signature(self) -> None:
        """Sign with the name given, or withdraw the signature."""
        if self._reading is None:
            return
        self.flush()
        if self._reading.locked:
            self._reading.unsign()
        else:
            self._reading.sign(self.name.text())
            if not self._reading.locked:
                self.name.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the text over when the field loses the focus."""
        if watched is self.text and event.type() == QEvent.Type.FocusOut and self._pause.isActive():
            self.flush()
        return super().eventFilter(watched, event)

    def _on_typed(self) -> None:
        self._pause.start()

    def _on_verdict(self, index: int) -> None:
        if self._reading is not None:
            self._reading.set_verdict(_VERDICTS[index][0])
