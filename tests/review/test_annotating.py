from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from ptx_viewer.measure.annotation import AnnotationKind
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review import database
from ptx_viewer.review.annotating import (
    UnknownAnnotation,
    add_annotation,
    move_annotation,
    remove_annotation,
)
from ptx_viewer.review.edits import Clock, ReviewLocked, sign
from ptx_viewer.review.from_analysis import review_from_analysis
from ptx_viewer.review.history import EditHistory
from ptx_viewer.review.review import ImageReview
from ptx_viewer.review.store import ReviewStore

RULER, ANGLE = AnnotationKind.RULER, AnnotationKind.ANGLE
LINE = ((1.0, 2.0), (3.5, 4.25))


def test_measurements_are_numbered_by_kind_and_numbers_are_never_used_again(clock: Clock) -> None:
    review = add_annotation(ImageReview("1#0"), RULER, LINE, clock=clock)
    review = add_annotation(review, ANGLE, (*LINE, (9.0, 9.0)), clock=clock)
    review = add_annotation(review, RULER, LINE, clock=clock)
    assert [a.annotation_id for a in review.annotations] == ["ruler-1", "angle-1", "ruler-2"]
    review = remove_annotation(review, "ruler-2", clock=clock)
    review = add_annotation(review, RULER, LINE, clock=clock)
    assert [a.annotation_id for a in review.annotations] == ["ruler-1", "angle-1", "ruler-3"]
    assert [(e.action, e.detail) for e in review.audit[-2:]] == [
        ("own measurement removed", "ruler-2"),
        ("measured", "ruler-3"),
    ]


def test_moving_keeps_the_place_in_the_list_and_moving_nowhere_changes_nothing(clock: Clock) -> None:
    start = add_annotation(add_annotation(ImageReview("1#0"), RULER, LINE), RULER, LINE, clock=clock)
    moved = move_annotation(start, "ruler-1", ((0.0, 0.0), (1.0, 1.0)), clock=clock)
    assert [a.points for a in moved.annotations] == [((0.0, 0.0), (1.0, 1.0)), LINE]
    assert start.annotations[0].points == LINE
    assert move_annotation(moved, "ruler-1", ((0.0, 0.0), (1.0, 1.0))) is moved


def test_what_is_not_there_and_what_is_signed_is_refused() -> None:
    review = add_annotation(ImageReview("1#0"), RULER, LINE)
    with pytest.raises(UnknownAnnotation, match=r"^There is no measurement 'ruler-7' in this review\.$"):
        remove_annotation(review, "ruler-7")
    with pytest.raises(ValueError, match="ruler needs 2 points"):
        move_annotation(review, "ruler-1", (*LINE, (0.0, 0.0)))
    signed = sign(review, "A. Reader")
    for act in (
        lambda: add_annotation(signed, RULER, LINE),
        lambda: move_annotation(signed, "ruler-1", LINE),
        lambda: remove_annotation(signed, "ruler-1"),
    ):
        with pytest.raises(ReviewLocked, match=r"A\. Reader"):
            act()


def test_every_act_is_a_step_of_undo() -> None:
    history = EditHistory(ImageReview("1#0"))
    history.push(add_annotation(history.current, RULER, LINE))
    history.push(move_annotation(history.current, "ruler-1", ((0.0, 0.0), (1.0, 1.0))))
    history.push(remove_annotation(history.current, "ruler-1"))
    assert history.current.annotations == ()
    assert history.undo().annotations[0].points == ((0.0, 0.0), (1.0, 1.0))
    assert history.undo().annotations[0].points == LINE
    assert history.undo().annotations == ()
    assert history.redo().annotations[0].points == LINE


def test_they_come_back_from_the_store(path: Path, analysis: ImageAnalysis) -> None:
    review = add_annotation(review_from_analysis(analysis), RULER, LINE)
    with ReviewStore(path) as store:
        store.save(review)
    with ReviewStore(path) as store:
        loaded = store.load(analysis.image_key)
    assert loaded is not None
    assert loaded.annotations == review.annotations


def _store_of_version_one(path: Path, document: str) -> None:
    """Write the file that the first released version wrote."""
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as connection:
        for statement in database.MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {database.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute("INSERT INTO review VALUES ('1#0', 'open', 0, 0, ?)", (document,))
    connection.close()


FIRST_DOCUMENT = json.dumps(
    {
        "image_key": "1#0",
        "findings": [],
        "verdict": "open",
        "impression": "Kept from before.",
        "signed_by": "",
        "signed_at": None,
        "audit": [{"when": "2026-01-01T08:00:00+00:00", "action": "analysed", "detail": ""}],
    }
)


def test_a_review_of_the_first_version_opens_and_takes_measurements(path: Path) -> None:
    _store_of_version_one(path, FIRST_DOCUMENT)
    with ReviewStore(path) as store:
        loaded = store.load("1#0")
        assert loaded is not None
        assert (loaded.impression, loaded.annotations) == ("Kept from before.", ())
        store.save(add_annotation(loaded, RULER, LINE))
    with ReviewStore(path) as store:
        again = store.load("1#0")
    assert again is not None
    assert (again.impression, len(again.annotations)) == ("Kept from before.", 1)


def test_a_damaged_file_of_the_first_version_is_salvaged(path: Path) -> None:
    _store_of_version_one(path, FIRST_DOCUMENT)
    with sqlite3.connect(path) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'analysis'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    content = bytearray(path.read_bytes())
    content[(root - 1) * size : root * size] = b"\xff" * size
    path.write_bytes(content)
    with pytest.raises(database.DamagedError):
        ReviewStore(path)
    with ReviewStore(path) as store:
        loaded = store.load("1#0")
    assert loaded is not None
    assert loaded.impression == "Kept from before."
