from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review import database
from ptx_viewer.review.edits import set_impression
from ptx_viewer.review.from_analysis import review_from_analysis
from ptx_viewer.review.review import ImageReview
from ptx_viewer.review.store import ReviewStore, StoreError

MakeAnalysis = Callable[..., ImageAnalysis]


def test_two_threads_use_one_store(store: ReviewStore, make_analysis: MakeAnalysis) -> None:
    problems: list[BaseException] = []
    start = threading.Barrier(2, timeout=30)

    def work(name: str) -> None:
        try:
            review = review_from_analysis(make_analysis("attention-unet", image_key=f"{name}#0"))
            start.wait()
            for number in range(25):
                review = set_impression(review, f"{name} {number}")
                store.save(review)
                store.save(ImageReview("shared#0", impression=name * 50))
                store.statuses([f"{name}#0", "shared#0"])
                loaded, shared = store.load(f"{name}#0"), store.load("shared#0")
                assert loaded is not None
                assert loaded.impression == f"{name} {number}"
                assert shared is not None
                assert shared.impression in {"a" * 50, "b" * 50}
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []


def test_two_stores_on_one_file_see_each_others_saves(path: Path) -> None:
    with ReviewStore(path) as one, ReviewStore(path) as other:
        one.save(ImageReview("1#0", impression="from one"))
        loaded = other.load("1#0")
        assert loaded is not None
        assert loaded.impression == "from one"
        other.save(replace(loaded, impression="from the other"))
        assert getattr(one.load("1#0"), "impression", None) == "from the other"


_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
"""


def test_a_lock_of_another_process_is_a_sentence_and_nothing_is_lost(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with ReviewStore(path) as store:
        store.save(ImageReview("1#0", impression="before"))
        with subprocess.Popen(
            [sys.executable, "-c", _LOCK, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            assert other.stdout.readline() == "locked\n"
            for attempt in (
                lambda: store.save(ImageReview("1#0", impression="after")),
                lambda: store.load("1#0"),
                lambda: store.statuses(["1#0"]),
                lambda: ReviewStore(path),
            ):
                with pytest.raises(StoreError, match="in use by another program") as caught:
                    attempt()
                assert caught.value.fresh_path is None
            other.stdin.write("\n")
            other.stdin.flush()
            other.wait(30)
        assert getattr(store.load("1#0"), "impression", None) == "before"
        store.save(ImageReview("1#0", impression="after"))
    assert list(path.parent.iterdir()) == [path]


_SAVE_FOR_EVER = """
import itertools, sys
from pathlib import Path
import numpy as np
from models.prediction import Side
from ptx_viewer.review.review import Finding, ImageReview
from ptx_viewer.review.store import ReviewStore
store = ReviewStore(Path(sys.argv[1]))
for number in itertools.count(1):
    mask = np.random.default_rng(number).random((1500, 1500)) < 0.5
    finding = Finding("reader-1", "reader", Side.LEFT, None, None, mask)
    store.save(ImageReview("1#0", (finding,), impression=str(number)))
    print(number, flush=True)
"""


def intact(path: Path) -> int:
    """Return the number of the review that is stored, after checking that it is whole."""
    with ReviewStore(path) as store:
        assert store._connection is not None
        assert store._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        loaded = store.load("1#0")
    assert loaded is not None
    number = int(loaded.impression)
    expected = np.random.default_rng(number).random((1500, 1500)) < 0.5
    np.testing.assert_array_equal(loaded.findings[0].mask, expected)
    return number


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
@pytest.mark.parametrize("saves", [1, 4, 9])
def test_a_killed_program_loses_at_most_the_last_save(path: Path, saves: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _SAVE_FOR_EVER, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as program:
        assert program.stdout is not None
        for _ in range(saves):
            finished = int(program.stdout.readline())
        program.kill()
        rest = program.stdout.read().split()
    finished = int(rest[-1]) if rest else finished
    assert program.returncode == -9
    # What was reported as saved is there; the one that was under way may be.
    assert intact(path) in {finished, finished + 1}


_DIE_INSIDE = """
import os, signal, sys
from pathlib import Path
import numpy as np
from models.prediction import Side
from ptx_viewer.review.review import Finding, ImageReview
from ptx_viewer.review.store import ReviewStore
store = ReviewStore(Path(sys.argv[1]))
# A small cache spills changed pages into the database file before the transaction ends.
store._connection.execute("PRAGMA cache_size = 4")
def save(number):
    mask = np.random.default_rng(number).random((1500, 1500)) < 0.5
    finding = Finding("reader-1", "reader", Side.LEFT, None, None, mask)
    store.save(ImageReview("1#0", (finding,), impression=str(number)))
save(1)
def die(statement):
    if statement.startswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
store._connection.set_trace_callback(die)
save(2)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
@pytest.mark.parametrize("statement", ["INSERT OR REPLACE INTO review", "INSERT INTO review_array", "COMMIT"])
def test_killed_inside_a_transaction_the_earlier_review_is_whole(path: Path, statement: str) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", _DIE_INSIDE, str(path), statement],
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert finished.returncode == -9
    journal = path.with_name(f"{path.name}-journal")
    assert journal.exists()
    assert intact(path) == 1
    assert not journal.exists()
