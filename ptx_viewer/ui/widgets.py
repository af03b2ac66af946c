"""Small building blocks of the panels."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from . import theme
from .icons import icon


def label(text: str = "", role: str = "", *, wrap: bool = True) -> QLabel:
    """Return a plain-text label; what files and readers wrote is never taken for markup."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    return made


class ActionButton(QPushButton):
    """A button that follows an action: what it says, its tooltip and whether it can be used."""

    def __init__(self, action: QAction, *, role: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._action = action
        self.setCheckable(action.isCheckable())
        if role:
            self.setProperty("role", role)
        action.changed.connect(self._follow)
        self.clicked.connect(action.trigger)
        self._follow()

    def _follow(self) -> None:
        self.setText(self._action.iconText())
        self.setToolTip(self._action.toolTip())
        self.setEnabled(self._action.isEnabled())
        self.setChecked(self._action.isChecked())


class ElidedLabel(QLabel):
    """One line of plain text that ends in dots where its room ends: no text can widen it."""

    def __init__(self, role: str = "quiet") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._colour = QColor(theme.QUIET if role == "quiet" else theme.TEXT)
        self.setProperty("role", role)

    def minimumSizeHint(self) -> QSize:
        """Ask for no width: what does not fit is cut."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Write as much as fits."""
        painter = QPainter(self)
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.setPen(self._colour)
        painter.drawText(room, int(self.alignment()), text)
        painter.end()


class ElidedButton(QPushButton):
    """A button whose words end in dots where its room ends; what does not fit widens nothing."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the button with as much of its words as fits."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        room = self.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, self)
        option.text = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, room.width()
        )
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        painter.end()


def icon_button(name: str, tooltip: str) -> QToolButton:
    """Return a small button with an icon."""
    button = QToolButton()
    button.setIcon(icon(name))
    button.setToolTip(tooltip)
    button.setAccessibleName(tooltip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def row(*widgets: QWidget, stretch: int | None = None) -> QHBoxLayout:
    """Return `widgets` beside each other; the one numbered `stretch` takes the spare width."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(6)
    for index, widget in enumerate(widgets):
        layout.addWidget(widget, 1 if index == stretch else 0)
    if stretch is None:
        layout.addStretch(1)
    return layout


class CalmComboBox(QComboBox):
    """Scrolling the column past it does not change it: the wheel counts only while it has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the column."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class CalmSlider(QSlider):
    """A horizontal slider that leaves the wheel to the column, unless it has the focus."""

    def __init__(self, low: int, high: int, value: int, tooltip: str) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(low, high)
        self.setValue(value)
        self.setToolTip(tooltip)
        self.setAccessibleName(tooltip.split("  ", maxsplit=1)[0])

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the column."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class Section(QWidget):
    """A titled part of the right-hand column that folds away."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._header = QToolButton()
        self._header.setText(title)
        self._header.setCheckable(True)
        self._header.setChecked(True)
        self._header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._header.setArrowType(Qt.ArrowType.DownArrow)
        self._header.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._header.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._header.setObjectName("section-header")
        self._header.toggled.connect(self.set_open)
        self.body = QWidget()
        self.rows = QVBoxLayout(self.body)
        self.rows.setContentsMargins(10, 2, 8, 8)
        self.rows.setSpacing(5)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._header)
        layout.addWidget(self.body)

    @property
    def title(self) -> str:
        """The heading."""
        return self._header.text()

    def set_open(self, is_open: bool) -> None:
        """Fold or unfold."""
        self._header.setChecked(is_open)
        self._header.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self.body.setVisible(is_open)


def clear(layout: QVBoxLayout | QHBoxLayout) -> None:
    """Remove and delete everything in `layout`."""
    while layout.count():
        taken = layout.takeAt(0)
        widget = taken.widget()
        if widget is not None:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()
        elif taken.layout() is not None:
            clear(taken.layout())
