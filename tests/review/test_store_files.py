from __future__ import annotations

import os
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from models.prediction import Side
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review import database
from ptx_viewer.review.edits import add_finding
from ptx_viewer.review.from_analysis import review_from_analysis
from ptx_viewer.review.review import ImageReview
from ptx_viewer.review.store import ReviewStore, StoreError, default_path, open_store


def test_the_default_is_the_users_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[object] = []

    def user_data_path(name: str, appauthor: object = None) -> Path:
        asked.append((name, appauthor))
        return tmp_path / "share" / "ptx_viewer"

    monkeypatch.setattr(platformdirs, "user_data_path", user_data_path)
    with ReviewStore() as store:
        assert store.path == default_path() == tmp_path / "share" / "ptx_viewer" / "reviews.sqlite3"
        assert store.path.is_file()
    assert asked[0] == ("ptx_viewer", False)


@pytest.mark.skipif(os.name != "posix", reason="permissions of files are POSIX")
def test_folder_file_and_journal_are_private(path: Path, analysis: ImageAnalysis) -> None:
    earlier = os.umask(0)
    try:
        with ReviewStore(path) as store:
            assert store._connection is not None
            modes: list[int] = []
            journal = path.with_name(f"{path.name}-journal")

            def look(statement: str) -> None:
                if statement == "COMMIT":
                    modes.append(stat.S_IMODE(journal.stat().st_mode))

            store._connection.set_trace_callback(look)
            store.save(review_from_analysis(analysis))
    finally:
        os.umask(earlier)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert modes == [0o600]


def test_saves_are_durable_and_need_no_shared_memory(store: ReviewStore) -> None:
    assert store._connection is not None
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_closed_store_says_so(path: Path) -> None:
    store = ReviewStore(path)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.load("1#0")


def test_a_full_disk_is_a_sentence_and_the_earlier_review_stays(
    store: ReviewStore, analysis: ImageAnalysis
) -> None:
    store.save(review_from_analysis(analysis))
    assert store._connection is not None
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    noise = np.random.default_rng(0).random((1000, 1000)) < 0.5
    with pytest.raises(StoreError, match="disk is full"):
        store.save(add_finding(ImageReview(analysis.image_key), noise, Side.LEFT))
    loaded = store.load(analysis.image_key)
    assert loaded is not None
    assert len(loaded.findings) == 2


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_a_folder_without_permission_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="no permission"):
            ReviewStore(tmp_path / "reviews.sqlite3")
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_in_place_of_the_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read or written"):
        ReviewStore(tmp_path)


def test_an_older_database_is_migrated_and_keeps_its_reviews(
    path: Path, analysis: ImageAnalysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ReviewStore(path) as store:
        store.save(review_from_analysis(analysis))
    further = ("ALTER TABLE review ADD COLUMN second_reader TEXT", "CREATE TABLE template (text TEXT)")
    monkeypatch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, further))
    for _ in range(2):  # the second time there is nothing left to do
        with ReviewStore(path) as store:
            loaded = store.load(analysis.image_key)
            assert loaded is not None
            assert len(loaded.findings) == 2
            assert store._connection is not None
            assert store._connection.execute("PRAGMA user_version").fetchone() == (len(database.MIGRATIONS),)
            assert store._connection.execute("SELECT second_reader FROM review").fetchall() == [(None,)]


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    path: Path, analysis: ImageAnalysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ReviewStore(path) as store:
        store.save(review_from_analysis(analysis))
    with monkeypatch.context() as patch:
        broken = ("ALTER TABLE review ADD COLUMN second_reader TEXT", "ALTER TABLE missing ADD COLUMN x")
        patch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, broken))
        with pytest.raises(StoreError, match="cannot be read or written"):
            ReviewStore(path)
    with ReviewStore(path) as store:
        assert store.load(analysis.image_key) is not None


def test_a_database_of_a_newer_version_is_left_alone_and_the_program_goes_on_beside_it(path: Path) -> None:
    with ReviewStore(path) as store:
        store.save(ImageReview("1#0", impression="kept"))
        assert store._connection is not None
        store._connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer version of this program") as caught:
        ReviewStore(path)
    assert caught.value.fresh_path == path.with_name("reviews.v3.sqlite3")
    store, notice = open_store(path)
    with store:
        assert store.path == path.with_name("reviews.v3.sqlite3")
        assert store.load("1#0") is None
        store.save(ImageReview("1#0", impression="fresh"))
    assert notice is not None
    assert "newer version" in notice
    assert path.read_bytes() == before


def test_the_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE song (title TEXT)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        ReviewStore(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_kept_under_another_name(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"these were reviews once" * 100)
    with pytest.raises(
        StoreError, match=r"are damaged.*kept as reviews\.sqlite3\.damaged-1; none could be read"
    ):
        ReviewStore(path)
    assert path.with_name("reviews.sqlite3.damaged-1").read_bytes() == b"these were reviews once" * 100
    with ReviewStore(path) as store:
        store.save(ImageReview("1#0", impression="fresh"))
    path.write_bytes(b"again")
    store, notice = open_store(path)
    store.close()
    assert notice is not None
    assert "damaged-2" in notice
    assert path.with_name("reviews.sqlite3.damaged-1").exists()
    assert path.with_name("reviews.sqlite3.damaged-2").read_bytes() == b"again"


def test_an_empty_file_is_a_fresh_database(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with ReviewStore(path) as store:
        store.save(ImageReview("1#0"))
        assert store.load("1#0") is not None


def test_a_truncated_database_is_kept_and_the_program_goes_on(path: Path) -> None:
    with ReviewStore(path) as store:
        for number in range(50):
            store.save(ImageReview(f"{number}#0", impression="x" * 2000))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    store, notice = open_store(path)
    with store:
        assert notice is not None
        assert "damaged" in notice
        store.save(ImageReview("new#0"))
        assert store.load("new#0") is not None
    assert path.with_name("reviews.sqlite3.damaged-1").stat().st_size == len(content) // 2


def test_what_can_be_read_of_a_damaged_database_is_carried_over(path: Path, analysis: ImageAnalysis) -> None:
    noise = np.random.default_rng(0).random((40, 60)) < 0.5
    keys = [f"{number:03d}#0" for number in range(60)]
    with ReviewStore(path) as store:
        store.save_analysis(analysis)
        for key in keys:
            review = add_finding(ImageReview(key), noise, Side.LEFT)
            store.save(replace(review, impression=key + "x" * 1500))
        assert store._connection is not None
        (page_size,) = store._connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(path.read_bytes())
    place = content.index(b"030#0xxxx") // page_size * page_size
    content[place : place + page_size] = b"\xff" * page_size
    path.write_bytes(content)

    with pytest.raises(StoreError, match=r"goes on with the 5\d that could be read"):
        ReviewStore(path)
    assert path.with_name("reviews.sqlite3.damaged-1").read_bytes() == content
    with ReviewStore(path) as store:
        loaded = {key: store.load(key) for key in keys}
        assert store.load_analysis(analysis.image_key) is not None
    lost = [key for key, review in loaded.items() if review is None]
    assert "030#0" in lost
    assert len(lost) < 10
    for key, review in loaded.items():
        if review is not None:
            assert review.impression == key + "x" * 1500
            np.testing.assert_array_equal(review.findings[0].mask, noise)


def test_damage_that_shows_only_later_is_a_sentence_and_the_store_goes_on(path: Path) -> None:
    noise = np.random.default_rng(0).random((1000, 1000)) < 0.5
    store = ReviewStore(path)
    store.save(add_finding(ImageReview("1#0"), noise, Side.LEFT))
    assert store._connection is not None
    (root,) = store._connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE name = 'review_array'"
    ).fetchone()
    (page_size,) = store._connection.execute("PRAGMA page_size").fetchone()
    store.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * page_size)
        file.write(b"\xff" * page_size)

    with ReviewStore(path) as store:
        with pytest.raises(StoreError, match="are damaged"):
            store.load("1#0")
        assert path.with_name("reviews.sqlite3.damaged-1").exists()
        store.save(ImageReview("1#0", impression="fresh"))
        loaded = store.load("1#0")
        assert loaded is not None
        assert loaded.impression == "fresh"


@pytest.mark.parametrize(
    "statement",
    ["UPDATE review SET document = '{'", "UPDATE review_array SET data = x'00'", "DELETE FROM review_array"],
)
def test_one_unreadable_review_does_not_touch_the_others(
    store: ReviewStore, analysis: ImageAnalysis, statement: str
) -> None:
    store.save(review_from_analysis(analysis))
    store.save(ImageReview("other#0", impression="readable"))
    assert store._connection is not None
    store._connection.execute(f"{statement} WHERE image_key = '{analysis.image_key}'")
    with pytest.raises(StoreError, match="stored review of this image cannot be read"):
        store.load(analysis.image_key)
    assert store.load("other#0") is not None
    assert store.statuses([analysis.image_key])[analysis.image_key].finding
    store.save(review_from_analysis(analysis))
    assert store.load(analysis.image_key) is not None
