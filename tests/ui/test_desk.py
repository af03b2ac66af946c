"""What the store has and what the networks say meet without either being lost."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from models.prediction import Side
from ptx_viewer.review.edits import add_finding
from ptx_viewer.review.review import ImageReview
from ptx_viewer.review.store import ReviewStore
from ptx_viewer.ui.reading import AnalysisState


@pytest.fixture
def film(positive):
    from ptx_viewer.study.read import read_image
    from ptx_viewer.study.scan import scan

    return read_image(next(scan([positive]).instances()))


@pytest.fixture
def drawn(film):
    mask = np.zeros(film.shape, dtype=np.bool_)
    mask[100:120, 150:170] = True
    return add_finding(ImageReview(film.reference.key), mask, Side.LEFT)


def test_a_review_begun_before_the_analysis_gets_its_suggestions_on_opening(
    new_window, open_film, positive, film, drawn, analysis_of, store_path
):
    with ReviewStore(store_path) as store:
        store.save(drawn)
        store.save_analysis(analysis_of(film))
    window = open_film(new_window(), positive)
    assert [f.finding_id for f in window.pane.reading.review.findings] == ["reader-1", "attention-unet-1"]


def test_an_analysis_that_ends_while_the_review_is_being_loaded_is_not_lost(
    new_window, positive, film, drawn, analysis_of, store_path, qtbot, monkeypatch
):
    with ReviewStore(store_path) as store:
        store.save(drawn)
    window = new_window()
    window.desk.analyse_films = False
    load, waiting, go = ReviewStore.load_analysis, threading.Event(), threading.Event()

    def slow(store, key):
        answer = load(store, key)
        waiting.set()
        assert go.wait(10)
        return answer

    monkeypatch.setattr(ReviewStore, "load_analysis", slow)
    window.open([positive])
    qtbot.waitUntil(waiting.is_set, timeout=10_000)
    assert window.pane.reading.state is AnalysisState.RESTORING
    window.analyst.analysed.emit(film.reference.key, analysis_of(film))
    go.set()
    qtbot.waitUntil(lambda: window.pane.reading.state is AnalysisState.DONE)
    assert [f.finding_id for f in window.pane.reading.review.findings] == ["reader-1", "attention-unet-1"]


def test_a_store_that_cannot_be_written_is_said_and_the_work_goes_on(
    window, open_film, positive, qtbot, monkeypatch
):
    from ptx_viewer.review.database import StoreError

    open_film(window, positive)

    def full(_store, _review):
        raise StoreError("The disk is full.")

    monkeypatch.setattr(ReviewStore, "save", full)
    window.pane.reading.accept("attention-unet-1")
    qtbot.waitUntil(lambda: window.messages.text == "The review could not be saved: The disk is full.")
    assert window.pane.reading.review.findings[0].decision.value == "accepted"


def test_what_was_saved_for_another_size_is_not_shown(
    new_window, open_film, positive, film, store_path, qtbot
):
    small = add_finding(ImageReview(film.reference.key), np.ones((10, 10), dtype=np.bool_), Side.LEFT)
    with ReviewStore(store_path) as store:
        store.save(small)
    window = open_film(new_window(), positive)
    assert [f.finding_id for f in window.pane.reading.review.findings] == ["attention-unet-1"]
    assert "another size" in window.messages.text
