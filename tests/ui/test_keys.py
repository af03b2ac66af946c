"""The table of keys is complete, and everything that shows keys is made from it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLabel

import resources
from ptx_viewer.ui.keys import KEY_OF, KEYS, Act


def test_every_action_is_in_the_table_once_and_has_a_key():
    assert Counter(key.act for key in KEYS) == Counter(Act)
    assert all(key.keys for key in KEYS)


def test_no_two_actions_share_a_key():
    used = Counter(QKeySequence(text).toString() for key in KEYS for text in key.keys)
    assert [text for text, times in used.items() if times > 1] == []
    assert "" not in used


def test_every_icon_has_a_drawing():
    icons = Path(resources.__file__).parent / "icons"
    assert [key.icon for key in KEYS if key.icon and not (icons / f"{key.icon}.svg").is_file()] == []


def test_every_action_of_the_window_has_its_keys_and_says_them_in_its_tooltip(window):
    for key in KEYS:
        action = window.actions_[key.act]
        assert [s.toString() for s in action.shortcuts()] == [
            QKeySequence(text).toString() for text in key.keys
        ]
        assert key.shown in action.toolTip()
        assert action in window.actions()


def test_the_cheat_sheet_shows_every_action_with_its_key(window, qtbot):
    window.actions_[Act.CHEAT_SHEET].trigger()
    assert window.cheat_sheet.isVisible()
    assert window.cheat_sheet.size() == window.centralWidget().size()
    texts = {label.text() for label in window.cheat_sheet.findChildren(QLabel)}
    assert [key.title for key in KEYS if key.title not in texts] == []
    assert [key.shown for key in KEYS if key.shown not in texts] == []
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.cheat_sheet.isVisible()


@pytest.mark.parametrize(
    ("act", "ohif"),
    [
        (Act.ROTATE_RIGHT, "R"),
        (Act.ROTATE_LEFT, "L"),
        (Act.FLIP_HORIZONTAL, "H"),
        (Act.FLIP_VERTICAL, "V"),
        (Act.INVERT, "I"),
        (Act.TOOL_ZOOM, "Z"),
        (Act.FIT, "="),
        (Act.NEXT_SLICE, "Down"),
        (Act.NEXT_SERIES, "PgDown"),
        (Act.UNDO, "Ctrl+Z"),
    ],
)
def test_keys_are_those_of_ohif(act, ohif):
    assert KEY_OF[act].keys[0] == ohif
