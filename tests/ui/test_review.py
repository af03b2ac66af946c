"""Reviewing: findings, reasons, numbers; accept, correct, sign; and everything is there again."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QToolButton

from models.prediction import Side
from ptx_viewer.review.review import Decision, Verdict
from ptx_viewer.review.store import ReviewStore
from ptx_viewer.ui.keys import Act
from ptx_viewer.ui.reading import AnalysisState
from ptx_viewer.ui.viewport import MaskStyle


def rendered(viewport) -> np.ndarray:
    """What the viewport shows, uint8 [H, W, 4]."""
    image = viewport.grab().toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    return np.frombuffer(image.constBits(), dtype=np.uint8).reshape(image.height(), image.width(), 4).copy()


def colourful(picture: np.ndarray) -> int:
    """Number of pixels that are not grey."""
    rgb = picture[..., :3].astype(int)
    return int(((rgb.max(axis=2) - rgb.min(axis=2)) > 40).sum())


def stroke(qtbot, viewport, start: QPoint, end: QPoint) -> None:
    """Drag with the left button as a reader does."""
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 6):
        QTest.mouseMove(viewport, start + (end - start) * step / 5)
        qtbot.wait(1)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)


def saved(qtbot, path, key, test):
    """Wait until the store file itself holds a review for which `test` is true."""

    def there():
        with ReviewStore(path) as store:
            review = store.load(key)
            return review is not None and test(review)

    qtbot.waitUntil(there, timeout=5000)


@pytest.fixture
def reviewed(window, open_film, positive):
    return open_film(window, positive)


def test_the_finding_is_listed_with_side_score_and_threshold(reviewed):
    rows = reviewed.column.findings.finding_rows()
    assert len(rows) == 1
    finding = reviewed.pane.reading.review.findings[0]
    assert rows[0].findChild(QPushButton).text() == f"{finding.side.value.capitalize()} · 0.93"
    assert reviewed.column.findings.face_texts() == [
        "Pneumothorax suggested by Attention U-Net (score 0.93, threshold 0.41)"
    ]


def test_no_finding_is_never_called_normal(window, open_film, negative):
    open_film(window, negative)
    assert window.column.findings.face_texts() == [
        "No pneumothorax found by Attention U-Net (score 0.03, threshold 0.41)"
    ]
    assert window.column.findings.finding_rows() == []


def test_choosing_a_finding_brings_it_to_the_middle(reviewed, qtbot):
    viewport = reviewed.grid.active
    probes = []
    viewport.cursorMoved.connect(probes.append)
    reviewed.column.findings.finding_rows()[0].findChild(QPushButton).click()
    assert not viewport.fitted
    QTest.mouseMove(viewport, viewport.rect().center())
    qtbot.waitUntil(lambda: bool(probes))
    # The drawn gas takes rows 40 to 79 and columns 35 to 74.
    assert (probes[-1].row, probes[-1].column) == (pytest.approx(59.5, abs=1), pytest.approx(54.5, abs=1))


def test_the_heatmap_is_toggled_and_changes_the_film(reviewed, qtbot):
    reviewed.column.findings.style_.setCurrentIndex(2)  # masks hidden, so that only the heatmap has colour
    viewport = reviewed.grid.active
    without = colourful(rendered(viewport))
    qtbot.keyClick(viewport, Qt.Key.Key_G)
    with_map = colourful(rendered(viewport))
    assert with_map > without + 1000
    strong = rendered(viewport)
    row = reviewed.column.why.rows_["grad-cam"]
    row.opacity.setValue(20)
    assert not np.array_equal(rendered(viewport), strong)
    faint = rendered(viewport)
    row.colour_map.setCurrentIndex(1)
    assert not np.array_equal(rendered(viewport), faint)
    qtbot.keyClick(viewport, Qt.Key.Key_G)
    assert colourful(rendered(viewport)) == without


def test_an_explanation_says_target_seconds_and_how_far_to_trust_it(reviewed):
    row = reviewed.column.why.rows_["grad-cam"]
    assert row.status.text() == "0.4 s"
    assert row.status.toolTip() == "Grad-CAM of Attention U-Net: image score, decoder, 0.4 s"
    assert row.verdict.text() == "Explains the score better than chance: yes"
    assert "Deletion AUC 0.21 (random map 0.45; low is good)" in row.verdict.toolTip()
    assert "Insertion AUC 0.74 (random map 0.52; high is good)" in row.verdict.toolTip()


def test_measurements_come_with_method_and_unit(reviewed, qtbot):
    measures = reviewed.column.measures
    qtbot.waitUntil(lambda: len(measures.texts()) > 0)
    reading = reviewed.pane.reading
    area = next(m for m in reading.measurements if m.name == "pneumothorax area")
    expected = reading.review.findings[0].mask.sum() * reading.image.spacing.pixel_area_mm2
    assert area.value == pytest.approx(expected)
    assert any(text.endswith("mm²") for text in measures.texts())
    assert any(area.method in text for text in measures.texts())


def test_mask_styles_change_what_is_drawn(reviewed, qtbot):
    viewport = reviewed.grid.active
    outline = colourful(rendered(viewport))
    qtbot.keyClick(viewport, Qt.Key.Key_M)
    assert reviewed.column.findings.mask_style[0] is MaskStyle.FILL
    fill = colourful(rendered(viewport))
    qtbot.keyClick(viewport, Qt.Key.Key_M)
    hidden = colourful(rendered(viewport))
    assert fill > outline > hidden


def test_accept_reject_reopen_by_key_and_by_button(reviewed, qtbot):
    reading = reviewed.pane.reading
    viewport = reviewed.grid.active
    qtbot.keyClick(viewport, Qt.Key.Key_A)
    assert reading.review.findings[0].decision is Decision.ACCEPTED
    assert not reviewed.actions_[Act.ACCEPT].isEnabled()
    qtbot.keyClick(viewport, Qt.Key.Key_X)
    assert reading.review.findings[0].decision is Decision.REJECTED
    qtbot.waitUntil(lambda: reading.measurements == ())
    row = reviewed.column.findings.finding_rows()[0]
    row.findChild(QToolButton, Act.REOPEN.value).click()
    assert reading.review.findings[0].decision is Decision.SUGGESTED
    reviewed.column.findings.finding_rows()[0].findChild(QToolButton, Act.ACCEPT.value).click()
    assert reading.review.findings[0].decision is Decision.ACCEPTED


def test_painting_changes_mask_and_numbers_and_can_be_undone(reviewed, qtbot):
    reading = reviewed.pane.reading
    viewport = reviewed.grid.active
    qtbot.waitUntil(lambda: bool(reading.measurements))
    before = reading.review.findings[0].mask
    area_before = reading.measurements[0].value
    qtbot.keyClick(viewport, Qt.Key.Key_B)
    middle = viewport.rect().center()
    stroke(qtbot, viewport, middle, middle + QPoint(40, 30))
    painted = reading.review.findings[0].mask
    assert painted.sum() > before.sum()
    assert not (before & ~painted).any()
    qtbot.waitUntil(lambda: reading.measurements[0].model == "reader")
    assert reading.measurements[0].value > area_before
    qtbot.keyClick(viewport, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(reading.review.findings[0].mask, before)
    qtbot.keyClick(viewport, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(reading.review.findings[0].mask, painted)
    qtbot.keyClick(viewport, Qt.Key.Key_E)
    stroke(qtbot, viewport, middle, middle + QPoint(40, 30))
    assert reading.review.findings[0].mask.sum() < painted.sum()


def test_a_finding_drawn_in_a_lung_takes_its_side_from_there(
    window, open_film, negative, qtbot, screen_point
):
    open_film(window, negative)
    reading = window.pane.reading
    viewport = window.grid.active
    qtbot.keyClick(viewport, Qt.Key.Key_F)
    assert window.adding.drawing
    stroke(qtbot, viewport, screen_point(viewport, 90, 60), screen_point(viewport, 110, 60))
    assert [(f.finding_id, f.side) for f in reading.review.findings] == [("reader-1", Side.RIGHT)]
    drawn = reading.review.findings[0].mask
    assert drawn[90:111, 60].all()
    assert not drawn[:, 100:].any()
    assert not window.adding.drawing
    assert reading.selected.finding_id == "reader-1"
    qtbot.keyClick(viewport, Qt.Key.Key_Delete)
    assert reading.review.findings == ()


def test_a_finding_drawn_outside_the_lungs_asks_for_its_side(
    window, open_film, negative, qtbot, screen_point
):
    open_film(window, negative)
    reading = window.pane.reading
    viewport = window.grid.active
    qtbot.keyClick(viewport, Qt.Key.Key_F)
    stroke(qtbot, viewport, screen_point(viewport, 182, 120), screen_point(viewport, 183, 121))
    assert window.adding.asking
    question = window.column.findings.findChild(QPushButton, "side-left")
    assert question.isVisible()
    question.click()
    assert [f.side for f in reading.review.findings] == [Side.LEFT]
    assert not question.isVisible()


def test_a_review_is_saved_as_it_is_made_and_is_there_in_a_new_window(
    new_window, open_film, positive, engine, store_path, qtbot
):
    first = open_film(new_window(), positive)
    reading = first.pane.reading
    key = reading.key
    qtbot.keyClick(first.grid.active, Qt.Key.Key_B)
    middle = first.grid.active.rect().center()
    stroke(qtbot, first.grid.active, middle, middle + QPoint(30, 0))
    qtbot.keyClick(first.grid.active, Qt.Key.Key_A)
    painted = reading.review.findings[0].mask
    # In the file while the window is still open: a crash now loses nothing.
    saved(
        qtbot,
        store_path,
        key,
        lambda review: (
            review.findings[0].decision is Decision.ACCEPTED
            and np.array_equal(review.findings[0].mask, painted)
        ),
    )
    first.close()
    asked = len(engine.asked)
    second = open_film(new_window(), positive)
    restored = second.pane.reading
    assert len(engine.asked) == asked
    assert restored.review.findings[0].decision is Decision.ACCEPTED
    assert np.array_equal(restored.review.findings[0].mask, painted)
    assert restored.analysis.predictions[0].score == pytest.approx(0.93)
    qtbot.waitUntil(lambda: second.browser.badge_texts(second.pane.item.key) == ["● finding"])
    qtbot.keyClick(second.grid.active, Qt.Key.Key_G)
    assert second.column.why.shown.method == "grad-cam"


def test_the_impression_is_kept_on_closing_even_while_typing(new_window, open_film, positive, qtbot):
    first = open_film(new_window(), positive)
    qtbot.keyClick(first.grid.active, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    assert first.column.impression.text.hasFocus()
    # Single-letter shortcuts stay out of the way of typing.
    qtbot.keyClicks(first.column.impression.text, "apical rim, r")
    assert first.pane.reading.review.impression == ""
    assert first.pane.reading.review.findings[0].decision is Decision.SUGGESTED
    first.close()
    second = open_film(new_window(), positive)
    assert second.column.impression.text.toPlainText() == "apical rim, r"


def test_typing_is_taken_over_after_a_pause_and_when_the_field_is_left(reviewed, qtbot):
    panel, reading = reviewed.column.impression, reviewed.pane.reading
    panel.text.setFocus()
    qtbot.keyClicks(panel.text, "one")
    qtbot.waitUntil(lambda: reading.review.impression == "one", timeout=3000)
    qtbot.keyClicks(panel.text, " two")
    reviewed.grid.active.setFocus()
    assert reading.review.impression == "one two"
    panel.verdict.setCurrentIndex(1)
    panel.verdict.activated.emit(1)
    assert reading.review.verdict is Verdict.PNEUMOTHORAX


def test_what_is_typed_stays_with_its_film_when_another_is_chosen(window, study, qtbot):
    window.open([study])
    qtbot.waitUntil(
        lambda: window.pane.reading is not None and window.pane.reading.state is AnalysisState.DONE,
        timeout=10_000,
    )
    first = window.pane.reading
    key = first.key
    qtbot.keyClicks(window.column.impression.text, "first film")
    qtbot.keyClick(window.column.impression.text, Qt.Key.Key_PageDown)
    window.step_series(1)
    qtbot.waitUntil(lambda: window.pane.reading is not None and window.pane.reading.key != key)
    assert window.column.impression.text.toPlainText() == ""
    window.step_series(-1)
    qtbot.waitUntil(lambda: window.column.impression.text.toPlainText() == "first film")


def test_signing_needs_a_name_locks_and_can_be_withdrawn(reviewed, qtbot):
    panel, reading = reviewed.column.impression, reviewed.pane.reading
    viewport = reviewed.grid.active
    panel.sign.click()
    assert not reading.locked
    assert "name" in reviewed.messages.text
    qtbot.keyClicks(panel.name, "Dr. Example")
    qtbot.keyClick(viewport, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert reading.locked
    assert panel.signed_text.startswith("Signed by Dr. Example, ")
    assert panel.text.isReadOnly()
    assert not reviewed.actions_[Act.ACCEPT].isEnabled()
    assert not reviewed.actions_[Act.UNDO].isEnabled()
    before = reading.review
    qtbot.keyClick(viewport, Qt.Key.Key_A)
    qtbot.keyClick(viewport, Qt.Key.Key_B)
    middle = viewport.rect().center()
    stroke(qtbot, viewport, middle, middle + QPoint(20, 0))
    assert reading.review is before
    panel.sign.click()
    assert not reading.locked
    qtbot.keyClick(viewport, Qt.Key.Key_A)
    assert reading.review.findings[0].decision is Decision.ACCEPTED
