"""Every state of an analysis has its face: loading, running, refused, failed, cancelled."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QTextBrowser

from ptx_viewer.ui.keys import Act
from ptx_viewer.ui.reading import AnalysisState


def test_a_film_is_shown_while_the_models_load(window_loading, positive, engine, qtbot):
    window = window_loading
    window.open([positive])
    qtbot.waitUntil(
        lambda: window.pane.reading is not None and window.pane.reading.state is AnalysisState.WAITING
    )
    assert window.pane.image is not None
    qtbot.waitUntil(lambda: window.status.work_text == "Loading models")
    assert window.column.findings.face_texts() == ["Loading models; then this image is analysed."]
    engine.loaded.set()
    qtbot.waitUntil(lambda: window.pane.reading.state is AnalysisState.DONE, timeout=10_000)
    assert window.status.engine_text == "attention-unet-test, lung-fields-test on cpu"


@pytest.fixture
def window_loading(engine, new_window):
    engine.loaded.clear()
    return new_window()


def test_a_running_analysis_shows_progress_and_can_be_cancelled_and_repeated(
    window, open_film, positive, engine, qtbot
):
    engine.go.clear()
    open_film(window, positive, AnalysisState.RUNNING)
    qtbot.waitUntil(lambda: window.column.findings.face_texts()[-1] == "Attention U-Net")
    assert window.status.work_text == "Analysing: Attention U-Net"
    qtbot.keyClick(window.grid.active, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.pane.reading.state is AnalysisState.CANCELLED)
    assert window.column.findings.face_texts()[0] == "The analysis was cancelled."
    engine.go.set()
    qtbot.keyClick(window.grid.active, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.pane.reading.state is AnalysisState.DONE)
    assert len(window.column.findings.finding_rows()) == 1


def test_a_refused_image_gives_the_reason_and_can_be_scored_anyway(
    window, open_film, positive, engine, qtbot
):
    engine.refusal = "This looks like a lateral film."
    open_film(window, positive)
    assert window.column.findings.face_texts()[:2] == ["Not scored.", "This looks like a lateral film."]
    assert window.column.findings.finding_rows() == []
    qtbot.waitUntil(lambda: window.browser.badge_texts(window.pane.item.key) == ["refused"])
    button = next(b for b in window.column.findings.findChildren(QPushButton) if b.text() == "Score anyway")
    button.click()
    qtbot.waitUntil(lambda: bool(window.column.findings.finding_rows()))
    assert engine.asked[-1][1].override_refusal
    assert any(
        "on the reader's demand" in text and "lateral" in text for text in window.column.findings.face_texts()
    )


def test_a_failed_analysis_says_why_and_the_window_goes_on(
    window, open_film, positive, engine, qtbot, caplog
):
    engine.failure = "The memory of the device ran out."
    open_film(window, positive, AnalysisState.FAILED)
    assert window.column.findings.face_texts()[:2] == [
        "The analysis failed.",
        "The memory of the device ran out.",
    ]
    engine.failure = ""
    next(b for b in window.column.findings.findChildren(QPushButton) if b.text() == "Analyse").click()
    qtbot.waitUntil(lambda: window.pane.reading.state is AnalysisState.DONE)


def test_models_that_cannot_be_loaded_are_said_and_tried_again_on_demand(
    window_loading, open_film, positive, engine, qtbot, caplog
):
    window = window_loading
    engine.load_failure = "the weights are missing"
    window.open([positive])
    qtbot.waitUntil(
        lambda: window.pane.reading is not None and window.pane.reading.state is AnalysisState.WAITING
    )
    engine.loaded.set()
    qtbot.waitUntil(lambda: window.pane.reading.state is AnalysisState.FAILED)
    assert window.column.findings.face_texts()[1] == "The models could not be loaded: the weights are missing"
    assert window.status.engine_text == "Models not loaded"
    engine.load_failure = ""
    window.actions_[Act.ANALYSE].trigger()
    qtbot.waitUntil(lambda: window.pane.reading.state is AnalysisState.DONE)
    assert window.column.findings.finding_rows()


def test_every_film_can_be_analysed_without_being_opened(window, study, engine, qtbot):
    window.desk.analyse_films = False
    window.open([study])
    qtbot.waitUntil(
        lambda: window.pane.reading is not None and window.pane.reading.state is AnalysisState.NOT_ANALYSED
    )
    assert window.column.findings.face_texts()[0] == "This film has not been analysed."
    window.actions_[Act.ANALYSE_ALL].trigger()
    badges = window.browser.badge_texts
    qtbot.waitUntil(
        lambda: (
            sorted(text for item in window.library.items for text in badges(item.key))
            == ["no finding", "● finding"]
        ),
        timeout=10_000,
    )
    assert len(engine.asked) == 2


def test_the_reader_s_work_survives_a_new_analysis(window, open_film, positive, qtbot):
    open_film(window, positive)
    reading = window.pane.reading
    reading.reject("attention-unet-1")
    window.actions_[Act.ANALYSE].trigger()
    qtbot.waitUntil(lambda: reading.state is AnalysisState.RUNNING)
    qtbot.waitUntil(lambda: reading.state is AnalysisState.DONE)
    assert [f.decision.value for f in reading.review.findings] == ["rejected"]


def test_the_model_card_is_one_key_away_and_escapes_what_it_shows(window, open_film, positive, qtbot):
    open_film(window, positive)
    qtbot.keyClick(window.grid.active, Qt.Key.Key_K)
    dialog = window.networks
    assert [dialog.tabs.tabText(i) for i in range(dialog.tabs.count())] == ["Attention U-Net", "Lung fields"]
    text = dialog.tabs.currentWidget().toPlainText()
    assert "image ROC-AUC 0.95 [0.90, 0.99] (films of a test, n = 24)" in text
    assert "Knows no drains." in text
    assert "Films <of> a test" in text
    assert isinstance(dialog.tabs.currentWidget(), QTextBrowser)
