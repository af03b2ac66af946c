"""The WHY panel: every state of a map, every question, and two maps side by side."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from explain.methods import METHODS
from ptx_viewer.results import AnalysisOptions
from ptx_viewer.ui.analyst import Request
from ptx_viewer.ui.keys import Act
from ptx_viewer.ui.map_entry import CheckState, MapState
from ptx_viewer.ui.reading import AnalysisState

#: Milliseconds; nothing is to fail because a machine is busy.
PATIENCE = 120_000
SHIFT = Qt.KeyboardModifier.ShiftModifier


def rendered(viewport) -> np.ndarray:
    """What the viewport shows, uint8 [H, W, 3]."""
    image = viewport.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


@pytest.fixture
def reviewed(window, open_film, positive):
    open_film(window, positive)
    window.column.findings.style_.setCurrentIndex(2)  # masks hidden, so that only maps have colour
    return window


@pytest.fixture
def colour_at(screen_point):
    """Return the colour of a film's pixel on a viewport, as integers."""

    def look(viewport, row: int, column: int) -> np.ndarray:
        point = screen_point(viewport, row, column)
        return rendered(viewport)[point.y(), point.x()].astype(int)

    return look


def entry(window, method: str):
    why = window.column.why
    return window.explanations.entry(why.choice.key_of(window.pane, method))


def settle(qtbot, window, method: str) -> None:
    """Wait until a map and all that is measured of it are there."""

    def there() -> bool:
        now = entry(window, method)
        return now.attribution is not None and now.check is CheckState.NONE

    qtbot.waitUntil(there, timeout=PATIENCE)


def test_a_method_is_asked_for_by_its_number_and_answers_with_map_caption_and_verdict(
    reviewed, engine, qtbot, colour_at
):
    viewport, rows = reviewed.grid.active, reviewed.column.why.rows_
    assert list(rows) == list(METHODS)
    assert rows["shap"].status.text() == "not yet"
    assert not rows["shap"].looks.isVisible()
    grey = colour_at(viewport, 100, 170)
    qtbot.keyClick(viewport, Qt.Key.Key_4)
    settle(qtbot, reviewed, "shap")
    assert engine.maps == [("attention-unet", "shap", "image score")]
    row = rows["shap"]
    assert row.toggle.isChecked()
    assert row.status.text() == "1.5 s"
    assert row.status.toolTip() == (
        "SHAP of Attention U-Net: image score, 2 regions, baseline blurred film, 100 samples, seed 0, 1.5 s"
    )
    assert row.verdict.text() == "Explains the score better than chance: weakly"
    assert "edge map 0.40, the model's own mask 0.20" in row.verdict.toolTip()
    # What draws at random was repeated, after the verdict was there.
    assert engine.checks == [("check", "shap"), ("repeat", "shap")]
    assert "Over 3 seeds: rank correlation 0.91" in row.verdict.toolTip()
    # Two colours: red speaks for, blue against; the bar is centred on zero.
    support, opposition = colour_at(viewport, 60, 55), colour_at(viewport, 100, 170)
    assert support[0] > support[2] + 60
    assert opposition[2] > opposition[0] + 60
    assert not np.array_equal(opposition, grey)
    assert row.signs.isVisible()
    assert not row.colour_map.isVisible()
    # The same number hides it, and nothing is computed again.
    qtbot.keyClick(viewport, Qt.Key.Key_4)
    assert np.array_equal(colour_at(viewport, 100, 170), grey)
    qtbot.keyClick(viewport, Qt.Key.Key_4)
    assert len(engine.maps) == 1


def test_a_running_map_shows_progress_and_is_cancelled_alone(reviewed, engine, qtbot):
    engine.map_go.clear()
    viewport, rows = reviewed.grid.active, reviewed.column.why.rows_
    qtbot.keyClick(viewport, Qt.Key.Key_2)
    qtbot.keyClick(viewport, Qt.Key.Key_5)
    qtbot.waitUntil(lambda: rows["integrated-gradients"].status.text() == "50%", timeout=PATIENCE)
    assert rows["integrated-gradients"].bar.isVisible()
    assert rows["integrated-gradients"].bar.value() == 500
    assert rows["lime"].status.text() == "waiting"
    assert reviewed.status.work_text == "Explaining: Integrated gradients  (1 waiting)"
    rows["integrated-gradients"].cancel.click()
    assert rows["integrated-gradients"].status.text() == "cancelled"
    assert not rows["integrated-gradients"].bar.isVisible()
    qtbot.waitUntil(lambda: entry(reviewed, "lime").state is MapState.RUNNING, timeout=PATIENCE)
    # One key stops everything that was asked for.
    qtbot.keyClick(viewport, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    assert rows["lime"].status.text() == "cancelled"
    engine.map_go.set()
    # Asking again begins anew.
    qtbot.keyClick(viewport, Qt.Key.Key_5)
    qtbot.keyClick(viewport, Qt.Key.Key_5)
    settle(qtbot, reviewed, "lime")


def test_a_failed_map_says_why_and_can_be_asked_for_again(reviewed, engine, qtbot, caplog):
    engine.map_failure = "There is not enough memory to explain this image."
    row = reviewed.column.why.rows_["occlusion"]
    row.toggle.click()
    qtbot.waitUntil(lambda: row.status.text() == "failed", timeout=PATIENCE)
    assert row.note.text() == "There is not enough memory to explain this image."
    assert row.note.property("role") == "problem"
    assert not row.looks.isVisible()
    engine.map_failure = ""
    row.toggle.click()
    row.toggle.click()
    settle(qtbot, reviewed, "occlusion")
    assert not row.note.isVisible()


def test_a_check_gives_way_to_what_the_reader_asks_for_and_goes_on_afterwards(reviewed, engine, qtbot):
    engine.check_go.clear()
    viewport, rows = reviewed.grid.active, reviewed.column.why.rows_
    qtbot.keyClick(viewport, Qt.Key.Key_6)
    verdict = rows["occlusion"].verdict
    qtbot.waitUntil(lambda: verdict.text() == "How far to trust it: measuring, 50%", timeout=PATIENCE)
    assert reviewed.status.work_text == "Checking Occlusion"
    qtbot.keyClick(viewport, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: entry(reviewed, "integrated-gradients").attribution is not None, timeout=PATIENCE)
    assert rows["occlusion"].verdict.text().startswith("How far to trust it: meas")
    # An analysis goes first as well.
    reading = reviewed.pane.reading
    reviewed.analyst.request(Request(reading.key, "again", lambda: reading.image, AnalysisOptions()))
    qtbot.waitUntil(lambda: len(engine.asked) == 2, timeout=PATIENCE)
    qtbot.waitUntil(lambda: reading.state is AnalysisState.DONE, timeout=PATIENCE)
    engine.check_go.set()
    for method in ("occlusion", "integrated-gradients"):
        settle(qtbot, reviewed, method)
        assert rows[method].verdict.text() == "Explains the score better than chance: weakly"


def test_space_takes_the_map_off_the_film_and_brings_it_back(reviewed, qtbot, colour_at):
    viewport = reviewed.grid.active
    bare = colour_at(viewport, 60, 55)
    qtbot.keyClick(viewport, Qt.Key.Key_1)
    with_map = colour_at(viewport, 60, 55)
    assert not np.array_equal(with_map, bare)
    qtbot.keyClick(viewport, Qt.Key.Key_Space)
    assert np.array_equal(colour_at(viewport, 60, 55), bare)
    assert reviewed.column.why._hidden.isVisible()
    qtbot.keyClick(viewport, Qt.Key.Key_Space)
    assert np.array_equal(colour_at(viewport, 60, 55), with_map)


def test_superpixels_appear_on_demand_for_methods_that_have_them(reviewed, qtbot, screen_point):
    viewport, rows = reviewed.grid.active, reviewed.column.why.rows_
    qtbot.keyClick(viewport, Qt.Key.Key_1)
    assert not rows["grad-cam"].borders.isVisible()
    qtbot.keyClick(viewport, Qt.Key.Key_4)
    settle(qtbot, reviewed, "shap")
    before = rendered(viewport)
    rows["shap"].borders.click()
    changed = (rendered(viewport) != before).any(axis=2)
    # The two superpixels meet between columns 119 and 120.
    border = screen_point(viewport, 100, 120).x()
    assert np.abs(np.flatnonzero(changed.any(axis=0)) - border).max() <= 4
    assert changed.any(axis=1).sum() > 0.5 * viewport.height()


def test_a_finding_and_a_region_can_be_asked_about(reviewed, engine, qtbot, screen_point):
    why, viewport = reviewed.column.why, reviewed.grid.active
    texts = [why.target.itemText(i) for i in range(why.target.count())]
    assert texts[:2] == ["The image score", "Right · 0.93, Attention U-Net"]
    why.target.setCurrentIndex(1)
    why.target.activated.emit(1)
    qtbot.keyClick(viewport, Qt.Key.Key_4)
    settle(qtbot, reviewed, "shap")
    assert engine.maps[-1] == ("attention-unet", "shap", "finding (right)")

    # A box is dragged; the map that is shown follows the question.
    qtbot.keyClick(viewport, Qt.Key.Key_E, SHIFT)
    assert why._hint.text().startswith("Drag a box")
    drag(viewport, screen_point(viewport, 50, 40), screen_point(viewport, 70, 60))
    assert not why._hint.isVisible()
    settle(qtbot, reviewed, "shap")
    assert engine.maps[-1] == ("attention-unet", "shap", "region")
    mask = reviewed.pane.why.target.mask
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == pytest.approx((50, 70, 40, 60), abs=1)
    assert why.target.currentText() == "The drawn region"
    # The drag asked a question: it neither windowed the film nor changed a finding.
    assert viewport.window == reviewed.pane.image.window
    assert len(reviewed.pane.reading.review.findings) == 1

    # The brush asks as well, and Esc gives up.
    qtbot.keyClick(viewport, Qt.Key.Key_B, SHIFT)
    qtbot.keyClick(viewport, Qt.Key.Key_Escape)
    assert reviewed.asking.act is None
    assert viewport.tool.value == "window/level"


def test_a_map_below_the_cut_off_is_not_shown_as_a_finding(window, open_film, negative, qtbot, colour_at):
    open_film(window, negative)
    viewport, row = window.grid.active, window.column.why.rows_["occlusion"]
    bare = colour_at(viewport, 60, 55)
    qtbot.keyClick(viewport, Qt.Key.Key_6)
    settle(qtbot, window, "occlusion")
    assert row.note.text() == "No evidence above the cut-off: score 0.03, cut-off 0.41."
    assert np.array_equal(colour_at(viewport, 60, 55), bare)
    assert not row.looks.isVisible()
    row.anyway.click()
    assert not np.array_equal(colour_at(viewport, 60, 55), bare)


def test_what_does_not_apply_is_said_once_and_cannot_be_asked_for(
    new_window, engine, open_film, positive, qtbot
):
    engine.models = ("attention-unet", "mask-rcnn")
    engine.without_gradients = ("mask-rcnn",)
    window = open_film(new_window(), positive)
    why = window.column.why
    assert [why.model.itemText(i) for i in range(why.model.count())] == ["Attention U-Net", "Mask R-CNN"]
    why.model.setCurrentIndex(1)
    why.model.activated.emit(1)
    said = why.findChild(QLabel, "not-applicable")
    assert said.text() == (
        "Grad-CAM, integrated gradients and expected gradients need gradients, "
        "which Mask R-CNN does not offer."
    )
    for method in ("grad-cam", "integrated-gradients", "expected-gradients"):
        assert not why.rows_[method].toggle.isEnabled()
        assert why.rows_[method].status.text() == "n/a"
    qtbot.keyClick(window.grid.active, Qt.Key.Key_2)
    assert engine.maps == []
    qtbot.keyClick(window.grid.active, Qt.Key.Key_5)
    settle(qtbot, window, "lime")
    assert engine.maps == [("mask-rcnn", "lime", "image score")]


def test_two_models_are_compared_in_linked_viewports_under_one_cursor(
    new_window, engine, open_film, positive, qtbot, screen_point
):
    engine.models = ("attention-unet", "unet")
    window = open_film(new_window(), positive)
    why = window.column.why
    qtbot.keyClick(window.grid.active, Qt.Key.Key_6)
    settle(qtbot, window, "occlusion")
    qtbot.keyClick(window.grid.active, Qt.Key.Key_G, SHIFT)
    left, right = window.grid.viewports
    assert window.grid.count == 2
    assert window.actions_[Act.LAYOUT_TWO].isChecked()
    assert left.image is right.image
    assert window.grid.active is right
    assert why._which.text() == "Side by side: these rows are about the right film."
    why.model.setCurrentIndex(1)
    why.model.activated.emit(1)
    qtbot.keyClick(right, Qt.Key.Key_6)
    settle(qtbot, window, "occlusion")
    assert engine.maps == [
        ("attention-unet", "occlusion", "image score"),
        ("unet", "occlusion", "image score"),
    ]

    # What is done to one film happens to the other.
    qtbot.keyClick(right, Qt.Key.Key_R)
    right.set_window(100, 60)
    assert left.look == right.look
    qtbot.keyClick(right, Qt.Key.Key_L)

    # The cursor reads both maps: 1 and 0.5 where the gas is.
    move(left, screen_point(left, 60, 55))
    readouts = [viewport._readout for viewport in (left, right)]
    assert [readout.text for readout in readouts] == [
        "Occlusion (Attention U-Net) 1.00",
        "Occlusion (U-Net) 0.50",
    ]
    assert [readout.cross for readout in readouts] == [False, True]
    assert (readouts[1].row, readouts[1].column) == pytest.approx((60, 55), abs=1)

    # Both maps can go into the report; the left one stays when it ends.
    assert [attribution.model for attribution, _look in why.reported] == [
        "attention-unet", "attention-unet", "unet",
    ]  # fmt: skip
    window.grid.activate(0)
    qtbot.keyClick(left, Qt.Key.Key_G, SHIFT)
    assert window.grid.count == 1
    assert not window.comparison.on
    assert why.shown.model == "attention-unet"
    assert window.pane.reading is not None


def test_what_is_ticked_goes_into_the_report_as_it_is_drawn(reviewed, qtbot):
    why, viewport = reviewed.column.why, reviewed.grid.active
    qtbot.keyClick(viewport, Qt.Key.Key_6)
    settle(qtbot, reviewed, "occlusion")
    row = why.rows_["occlusion"]
    row.colour_map.setCurrentIndex(1)
    row.opacity.setValue(80)
    made = {attribution.method: look for attribution, look in why.reported}
    assert (made["occlusion"].colour_map, made["occlusion"].opacity) == ("viridis", 0.8)
    qtbot.keyClick(viewport, Qt.Key.Key_Comma)
    assert row.opacity.value() == 70
    row.in_report.click()
    assert "occlusion" not in {attribution.method for attribution, _look in why.reported}


def test_another_film_forgets_the_question_and_stops_what_was_asked(window, study, engine, qtbot):
    window.open([study])
    qtbot.waitUntil(
        lambda: window.pane.reading is not None and window.pane.reading.state is AnalysisState.DONE,
        timeout=PATIENCE,
    )
    engine.map_go.clear()
    qtbot.keyClick(window.grid.active, Qt.Key.Key_5)
    qtbot.waitUntil(lambda: window.explanations.asked, timeout=PATIENCE)
    key = window.pane.reading.key
    window.step_series(1)
    qtbot.waitUntil(
        lambda: window.pane.reading is not None and window.pane.reading.key != key, timeout=PATIENCE
    )
    assert window.pane.why.shown is None
    assert not window.explanations.asked
    engine.map_go.set()


def test_closing_the_window_while_a_map_is_checked_leaves_no_word_in_the_log(
    reviewed, engine, qtbot, caplog
):
    engine.check_go.clear()
    qtbot.keyClick(reviewed.grid.active, Qt.Key.Key_5)
    qtbot.waitUntil(lambda: entry(reviewed, "lime").check is CheckState.RUNNING, timeout=PATIENCE)
    # A second map waits for its check.
    qtbot.keyClick(reviewed.grid.active, Qt.Key.Key_6)
    qtbot.waitUntil(lambda: entry(reviewed, "occlusion").attribution is not None, timeout=PATIENCE)
    reviewed.close()
    QApplication.processEvents()
    assert engine.closed
    assert engine.checks.count(("check", "lime")) <= 2
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_rows_stay_in_line_and_inside_the_column_on_a_small_screen(reviewed, qtbot):
    reviewed.column.measures.hide()
    viewport = reviewed.grid.active
    for key in (Qt.Key.Key_4, Qt.Key.Key_5):
        qtbot.keyClick(viewport, key)
    settle(qtbot, reviewed, "lime")
    reviewed.resize(1024, 700)
    why = reviewed.column.why
    assert len({row.toggle.mapTo(why, QPoint(0, 0)).x() for row in why.rows_.values()}) == 1
    assert len({row.toggle.width() for row in why.rows_.values()}) == 1
    for row in why.rows_.values():
        for label in (row.status, row.verdict, row.note):
            if label.isVisible():
                assert label.mapTo(why, label.rect().topRight()).x() <= why.width()
                assert label.height() >= label.heightForWidth(label.width())
        assert row.toggle.fontMetrics().horizontalAdvance(row.toggle.text()) < row.toggle.width() - 18


def move(viewport, place: QPoint, button=Qt.MouseButton.NoButton) -> None:
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(place), viewport.mapToGlobal(QPointF(place)),
        Qt.MouseButton.NoButton, button, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(viewport, event)


def drag(viewport, start: QPoint, end: QPoint) -> None:
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    move(viewport, end, Qt.MouseButton.LeftButton)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)
