"""QActions made from the table of keys, and the rule that a focused control keeps its own keys."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QComboBox,
    QWidget,
)

from .icons import icon
from .keys import KEYS, Act

_EXCLUSIVE = (
    (
        Act.TOOL_WINDOW,
        Act.TOOL_PAN,
        Act.TOOL_ZOOM,
        Act.TOOL_SCROLL,
        Act.TOOL_BRUSH,
        Act.TOOL_ERASER,
        Act.TOOL_SELECT,
        Act.TOOL_RULER,
        Act.TOOL_ANGLE,
        Act.TOOL_ELLIPSE,
        Act.TOOL_RECTANGLE,
    ),
    (Act.LAYOUT_ONE, Act.LAYOUT_TWO, Act.LAYOUT_FOUR),
)

_MOVING = frozenset(
    {
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
    }
)


def make_actions(parent: QObject) -> dict[Act, QAction]:
    """Return one QAction for every row of the table."""
    actions: dict[Act, QAction] = {}
    for key in KEYS:
        action = QAction(key.title, parent)
        action.setIconText(key.short or key.title)
        action.setObjectName(key.act.value)
        action.setShortcuts([QKeySequence(text) for text in key.keys])
        action.setToolTip(key.tooltip)
        action.setCheckable(key.checkable)
        if key.icon:
            action.setIcon(icon(key.icon))
        actions[key.act] = action
    for members in _EXCLUSIVE:
        group = QActionGroup(parent)
        for act in members:
            group.addAction(actions[act])
    return actions


def keeps_key(focused: QWidget | None, event: QKeyEvent) -> bool:
    """Whether the focused control uses a key itself, so that no shortcut may take it.

    Lists, sliders and drop-down boxes move with the arrows, and a focused button is pressed
    with space; text fields tell Qt on their own.
    """
    if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
        return False
    if isinstance(focused, (QAbstractItemView, QAbstractSlider, QComboBox)):
        return event.key() in _MOVING or event.key() == Qt.Key.Key_Space
    return isinstance(focused, QAbstractButton) and event.key() == Qt.Key.Key_Space
