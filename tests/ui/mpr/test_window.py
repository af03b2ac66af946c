"""A CT series in the window: planes on demand, segmenting with cancel, and what the panel says."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from ptx_viewer.ui.keys import Act
from ptx_viewer.ui.mpr import Plane
from ptx_viewer.ui.volume_desk import VolumeState


@pytest.fixture
def stack(window, ct_series, qtbot):
    window.open([ct_series])
    qtbot.waitUntil(lambda: window.pane.image is not None and window.actions_[Act.PLANES].isEnabled())
    return window


@pytest.fixture
def planes(stack, qtbot):
    stack.actions_[Act.PLANES].trigger()
    qtbot.waitUntil(lambda: stack.volumes.state is VolumeState.READ)
    return stack


def test_planes_replace_the_viewports_and_go_again(planes):
    assert planes.volume_review.view.isVisible()
    assert not planes.grid.isVisible()
    assert planes.actions_[Act.PLANES].isChecked()
    planes.actions_[Act.PLANES].trigger()
    assert planes.grid.isVisible()


def test_the_box_says_the_window_of_what_is_shown(stack, planes):
    box, view, film = planes.bar.window_box, planes.volume_review.view, planes.pane.viewport

    def said() -> tuple[float, float]:
        return box.center.value(), box.width_.value()

    assert said() == (view.window_.center, view.window_.width) == (-600, 1500)
    planes.actions_[Act.PLANES].trigger()
    assert said() == (film.window.center, film.window.width)
    assert said() != (-600, 1500)


def test_keys_scroll_and_window_the_planes(planes, qtbot):
    axial = planes.volume_review.view.views[Plane.AXIAL]
    before = axial.index
    qtbot.keyClick(axial, Qt.Key.Key_Down)
    assert axial.index == before + 1
    qtbot.keyClick(axial, Qt.Key.Key_End)
    assert axial.index == 4
    qtbot.keyClick(axial, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert planes.volume_review.view.window_.center == 40
    assert planes.bar.window_box.center.value() == 40


def test_the_panel_of_the_series_replaces_that_of_a_film(stack):
    assert stack.column.volume.isVisible()
    assert not stack.column.findings.isVisible()


def test_segmenting_can_be_cancelled(stack, engine, qtbot):
    engine.go.clear()
    stack.actions_[Act.ANALYSE].trigger()
    qtbot.waitUntil(lambda: stack.volumes.message == "Finding the lungs")
    assert stack.column.volume._bar.isVisible()
    stack.actions_[Act.CANCEL].trigger()
    qtbot.waitUntil(lambda: stack.volumes.state is VolumeState.CANCELLED)
    assert stack.column.volume._state.text() == "Cancelled. Nothing was kept."
    engine.go.set()
    stack.actions_[Act.ANALYSE].trigger()
    qtbot.waitUntil(lambda: stack.volumes.state is VolumeState.DONE)


def test_a_failure_is_a_sentence(stack, engine, qtbot):
    engine.failure = "The analysis process ended."
    stack.actions_[Act.ANALYSE].trigger()
    qtbot.waitUntil(lambda: stack.volumes.state is VolumeState.FAILED)
    assert stack.column.volume._state.text() == "This did not succeed: The analysis process ended."


def test_another_series_lets_go_of_the_volume(planes, positive, qtbot):
    planes.open([positive])
    qtbot.waitUntil(lambda: len(planes.library.items) == 2)
    film = next(item for item in planes.library.items if not item.stack)
    planes.show_item(film.key)
    qtbot.waitUntil(lambda: planes.volumes.state is VolumeState.CLOSED)
    assert planes.volume_review.view.volume is None
    assert planes.grid.isVisible()
    assert planes.column.findings.isVisible()
