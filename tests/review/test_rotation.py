"""The reader's word that the patient is rotated: kept, undone, locked, and what it switches off."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from ptx_viewer.measure.hemithorax import NAME as SHARE
from ptx_viewer.measure.validity import ROTATED
from ptx_viewer.measure.view import FilmView, Posture, Projection
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review import database
from ptx_viewer.review.edits import Clock, ReviewLocked, set_rotated, sign
from ptx_viewer.review.from_analysis import review_from_analysis, update_from_analysis
from ptx_viewer.review.history import EditHistory
from ptx_viewer.review.measured import current_measurements
from ptx_viewer.review.review import ImageReview
from ptx_viewer.review.store import ReviewStore


def test_it_is_written_down_once_and_can_be_taken_back(clock: Clock) -> None:
    said = set_rotated(ImageReview("1#0"), True, clock=clock)
    assert set_rotated(said, True) is said
    back = set_rotated(said, False, clock=clock)
    assert [(e.action, e.detail) for e in back.audit] == [
        ("patient's rotation changed", "the patient is rotated"),
        ("patient's rotation changed", "not said to be rotated"),
    ]
    with pytest.raises(ReviewLocked):
        set_rotated(sign(back, "A. Reader"), True)


def test_it_is_a_step_of_the_history() -> None:
    history = EditHistory(ImageReview("1#0"))
    history.push(set_rotated(history.current, True))
    assert not history.undo().patient_rotated
    assert history.redo().patient_rotated


def test_a_new_analysis_keeps_it(analysis: ImageAnalysis) -> None:
    said = set_rotated(review_from_analysis(analysis), True)
    assert update_from_analysis(said, analysis).patient_rotated


def test_it_comes_back_from_the_store(path: Path) -> None:
    with ReviewStore(path) as store:
        store.save(set_rotated(ImageReview("1#0"), True))
        store.save(ImageReview("2#0"))
    with ReviewStore(path) as store:
        loaded = [store.load(key) for key in ("1#0", "2#0")]
    assert [review.patient_rotated for review in loaded if review is not None] == [True, False]


def test_a_review_of_a_program_that_did_not_know_of_it_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", database.MIGRATIONS[:2])
        ReviewStore(path).close()
    with sqlite3.connect(path) as older:
        assert older.execute("PRAGMA user_version").fetchone() == (2,)
        older.execute(
            "INSERT INTO review (image_key, verdict, signed, finding, measured, document)"
            " VALUES ('1#0', 'open', 0, 0, 0, ?)",
            (json.dumps({"image_key": "1#0", "impression": "Apical."}),),
        )
    older.close()
    with ReviewStore(path) as store:
        loaded = store.load("1#0")
        assert loaded is not None
        assert (loaded.impression, loaded.patient_rotated) == ("Apical.", False)
        store.save(set_rotated(loaded, True))
        again = store.load("1#0")
    assert again is not None
    assert again.patient_rotated


def test_it_switches_measurements_off(analysis: ImageAnalysis) -> None:
    view = FilmView(Projection.PA, Posture.ERECT)
    review = review_from_analysis(analysis)
    (share, *_) = (m for m in current_measurements(review, analysis, None, view) if m.name == SHARE)
    assert share.valid
    found = current_measurements(set_rotated(review, True), analysis, None, view)
    assert {m.why_not for m in found if m.name == SHARE} == {ROTATED}
