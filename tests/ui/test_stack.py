"""A CT series is one stack with its own presets, and is never analysed unasked."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from ptx_viewer.study.image import Window
from ptx_viewer.ui.reading import AnalysisState
from ptx_viewer.ui.volume_desk import VolumeState


@pytest.fixture
def stack(window, ct_series, qtbot):
    window.open([ct_series])
    qtbot.waitUntil(
        lambda: window.pane.reading is not None and window.pane.reading.state is AnalysisState.NOT_ANALYSED
    )
    return window


def test_a_series_is_one_row_and_opens_in_its_middle(stack):
    items = [(first, second) for kind, first, second in stack.browser.row_texts() if kind == "item"]
    assert items == [("CT · 5", "Five slices")]
    assert stack.grid.active.slice_count == 5
    assert stack.grid.active.slice_index == 2


def test_arrows_scroll_and_the_review_follows_the_slice(stack, qtbot):
    film = stack.grid.active
    before = stack.pane.reading.key
    value = int(film.image.raw[0, 0])
    qtbot.keyClick(film, Qt.Key.Key_Down)
    assert film.slice_index == 3
    assert abs(int(film.image.raw[0, 0]) - value) == 1
    qtbot.waitUntil(lambda: stack.pane.reading is not None and stack.pane.reading.key != before)
    assert stack.pane.reading.key == film.image.reference.key
    qtbot.keyClick(film, Qt.Key.Key_End)
    assert film.slice_index == 4
    qtbot.keyClick(film, Qt.Key.Key_Home)
    assert film.slice_index == 0
    qtbot.keyClick(film, Qt.Key.Key_Up)
    assert film.slice_index == 0


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Qt.Key.Key_1, Window(40, 400)),
        (Qt.Key.Key_2, Window(-600, 1500)),
        (Qt.Key.Key_3, Window(50, 350)),
        (Qt.Key.Key_4, Window(480, 2500)),
    ],
)
def test_ct_presets(stack, qtbot, key, expected):
    film = stack.grid.active
    film.set_window(1, 2)
    qtbot.keyClick(film, key, Qt.KeyboardModifier.AltModifier)
    assert film.window == expected
    assert stack.bar.window_box.preset.currentIndex() == key.value - Qt.Key.Key_1.value
    assert stack.bar.window_box.center.value() == expected.center


def test_a_series_is_segmented_only_on_demand(stack, engine, qtbot):
    assert engine.asked == []
    assert "has not been segmented" in stack.column.volume._state.text()
    qtbot.keyClick(stack.grid.active, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: stack.volumes.state is VolumeState.DONE)
    # Slices of one value each hold no lungs.
    assert stack.column.volume._state.text() == "Not segmented: no lungs were found in it."
    assert engine.asked == []

