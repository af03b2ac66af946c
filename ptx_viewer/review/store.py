"""Where reviews and analyses are kept: one SQLite database in the user's data folder.

Images and CT series are known by their UIDs; names, dates and other identities of patients are not stored.
What a reader types into the impression is stored as typed.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
import platformdirs
from numpy.typing import NDArray

from ptx_viewer.results import ImageAnalysis, VolumeAnalysis

from . import codec
from .database import DamagedError, StoreError, explained, is_damage, open_database
from .documents import DocumentError, from_document, to_document
from .review import Decision, ImageReview, Verdict
from .volume import VolumeReview, series_key

__all__ = ["ImageStatus", "ReviewStore", "StoreError", "default_path", "open_store"]

D = TypeVar("D", ImageReview, ImageAnalysis, VolumeReview, VolumeAnalysis)


@dataclass(frozen=True)
class ImageStatus:
    """What the badges of an image show.

    Attributes
    ----------
    analysed : bool
        Whether an analysis is stored.
    refused : bool
        Whether the analysis did not score the image, or only by override.
    finding : bool
        Whether a finding stands: one that is not rejected and not empty, or, as long as there is
        no review, one that a model suggests.
    verdict : Verdict
    signed : bool
    """

    analysed: bool = False
    refused: bool = False
    finding: bool = False
    verdict: Verdict = Verdict.OPEN
    signed: bool = False


def default_path() -> Path:
    """Return where the reviews lie: the user's data folder, never beside the DICOM files."""
    return platformdirs.user_data_path("ptx_viewer", appauthor=False) / "reviews.sqlite3"


def open_store(path: Path | None = None) -> tuple[ReviewStore, str | None]:
    """Open the store; when the one at `path` is damaged or of a newer version, a fresh one.

    Returns
    -------
    store : ReviewStore
    notice : str or None
        What happened to the reviews that could not be opened, in a sentence for the user.

    Raises
    ------
    StoreError
        If no store can be opened at all.
    """
    try:
        return ReviewStore(path), None
    except StoreError as error:
        if error.fresh_path is None:
            raise
        return ReviewStore(error.fresh_path), str(error)


class ReviewStore:
    """Keeps reviews and analyses; every save is one transaction.

    One connection behind a lock: it may be used from any thread.

    Parameters
    ----------
    path : Path or None
        The database file; None for :func:`default_path`.  It is made when there is none, readable
        by the user alone.

    Raises
    ------
    StoreError
        If the database cannot be opened.  A damaged one was then renamed to
        ``<name>.damaged-<n>``, never deleted, and opening again goes on with what could be read of
        it; one of a newer version is left as it is, and ``error.fresh_path`` says where to go on.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = default_path() if path is None else path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = open_database(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; closing twice does nothing."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def load(self, image_key: str) -> ImageReview | None:
        """Return the review of an image, or None; its masks are read-only.

        Raises
        ------
        StoreError
            If it cannot be read.
        """
        return self._load(ImageReview, "review", image_key)

    def save(self, review: ImageReview) -> None:
        """Keep a review in place of the image's earlier one; masks are kept exactly.

        Raises
        ------
        StoreError
            If it cannot be saved; the earlier one is then still there.
        """
        measured = bool(review.annotations or review.moved_segments)
        self._save_review(review, measured=measured, rotated=review.patient_rotated)

    def load_volume(self, series_instance_uid: str) -> VolumeReview | None:
        """Return the review of a CT series, or None; its masks are read-only.

        Raises
        ------
        StoreError
            If it cannot be read.
        """
        return self._load(VolumeReview, "review", series_key(series_instance_uid))

    def save_volume(self, review: VolumeReview) -> None:
        """Keep a review in place of the series' earlier one; masks are kept exactly.

        Raises
        ------
        StoreError
            If it cannot be saved; the earlier one is then still there.
        """
        self._save_review(review, measured=bool(review.annotations), rotated=False)

    def load_volume_analysis(self, series_instance_uid: str) -> VolumeAnalysis | None:
        """Return the analysis of a CT series, or None; its labels are read-only.

        Raises
        ------
        StoreError
            If it cannot be read.
        """
        return self._load(VolumeAnalysis, "analysis", series_key(series_instance_uid))

    def save_volume_analysis(self, analysis: VolumeAnalysis) -> None:
        """Keep the analysis of a CT series in place of the earlier one; labels are kept exactly.

        Raises
        ------
        StoreError
            If it cannot be saved; the earlier one is then still there.
        """
        columns = {"refused": analysis.refused is not None, "finding": bool(analysis.sides)}
        self._save(analysis, "analysis", series_key(analysis.series_instance_uid), columns)

    def load_analysis(self, image_key: str) -> ImageAnalysis | None:
        """Return the analysis of an image, or None; its masks are read-only.

        Raises
        ------
        StoreError
            If it cannot be read.
        """
        return self._load(ImageAnalysis, "analysis", image_key)

    def save_analysis(self, analysis: ImageAnalysis) -> None:
        """Keep an analysis in place of the image's earlier one.

        Masks are kept exactly; probabilities and heatmaps with 16 bits, see
        :func:`~ptx_viewer.review.codec.encode_map` for the loss (below 2e-5).

        Raises
        ------
        StoreError
            If it cannot be saved; the earlier one is then still there.
        """
        columns = {
            "refused": analysis.refused is not None,
            "finding": any(prediction.present for prediction in analysis.answers),
        }
        self._save(analysis, "analysis", analysis.image_key, columns)

    def statuses(self, image_keys: Iterable[str]) -> dict[str, ImageStatus]:
        """Return the status of each image or series, in one query; unknown ones have the default status.

        Raises
        ------
        StoreError
            If the database cannot be read.
        """
        keys = list(image_keys)
        with self._working() as connection:
            rows = connection.execute(
                """SELECT wanted.value, analysis.image_key IS NOT NULL, coalesce(analysis.refused, 0),
                          coalesce(review.finding, analysis.finding, 0), review.verdict,
                          coalesce(review.signed, 0)
                   FROM json_each(?) AS wanted
                   LEFT JOIN analysis ON analysis.image_key = wanted.value
                   LEFT JOIN review ON review.image_key = wanted.value""",
                (json.dumps(keys),),
            ).fetchall()
        return {
            key: ImageStatus(
                bool(analysed), bool(refused), bool(finding), Verdict(verdict or Verdict.OPEN), bool(signed)
            )
            for key, analysed, refused, finding, verdict, signed in rows
        }

    def answered_by(self, image_keys: Iterable[str]) -> dict[str, tuple[tuple[str, str], ...]]:
        """Return, of each image with answers, the networks and their cards' ids; others are left out.

        Raises
        ------
        StoreError
            If the database cannot be read.
        """
        with self._working() as connection:
            rows = connection.execute(
                """SELECT analysis.image_key, made.value ->> 'model', made.value ->> 'card_id'
                   FROM json_each(?) AS wanted
                   JOIN analysis ON analysis.image_key = wanted.value AND json_valid(analysis.document)
                   JOIN json_each(analysis.document, '$.predictions') AS made""",
                (json.dumps(list(image_keys)),),
            ).fetchall()
        answers: dict[str, tuple[tuple[str, str], ...]] = {}
        for key, model, card_id in rows:
            answers[key] = (*answers.get(key, ()), (model, card_id))
        return answers

    def _load(self, cls: type[D], table: str, image_key: str) -> D | None:
        with self._working() as connection, _transaction(connection, "BEGIN"):
            row = connection.execute(
                f"SELECT document FROM {table} WHERE image_key = ?", (image_key,)
            ).fetchone()
            coded = connection.execute(
                f"SELECT data FROM {table}_array WHERE image_key = ? ORDER BY position", (image_key,)
            ).fetchall()
        if row is None:
            return None
        try:
            arrays: list[NDArray[np.generic]] = [codec.decode(data) for (data,) in coded]
            return from_document(cls, row[0], arrays)
        except (codec.CodecError, DocumentError) as error:
            raise StoreError(f"The stored {table} of this image cannot be read: {error}.") from error

    def _save_review(self, review: ImageReview | VolumeReview, *, measured: bool, rotated: bool) -> None:
        columns = {
            "verdict": review.verdict.value,
            "signed": bool(review.signed_by),
            "finding": any(f.decision is not Decision.REJECTED and f.mask.any() for f in review.findings),
            "measured": measured,
            "rotated": rotated,
        }
        self._save(review, "review", review.key, columns)

    def _save(self, value: object, table: str, key: str, columns: Mapping[str, object]) -> None:
        # Coded before the lock is taken: other threads need not wait for it.
        try:
            document, arrays = to_document(value)
            coded = [codec.encode(array) for array in arrays]
        except (codec.CodecError, DocumentError) as error:
            raise StoreError(f"The {table} of this image cannot be saved: {error}.") from error
        row = {"image_key": key, **columns, "document": document}
        names, places = ", ".join(row), ", ".join("?" * len(row))
        with self._working() as connection, _transaction(connection, "BEGIN IMMEDIATE"):
            connection.execute(f"DELETE FROM {table}_array WHERE image_key = ?", (key,))
            connection.execute(
                f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({places})", tuple(row.values())
            )
            connection.executemany(
                f"INSERT INTO {table}_array VALUES (?, ?, ?)",
                [(key, position, data) for position, data in enumerate(coded)],
            )

    @contextmanager
    def _working(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection to one thread and turn SQLite's errors into sentences."""
        with self._lock:
            if self._connection is None:
                raise StoreError("The review store is closed.")
            try:
                yield self._connection
            except sqlite3.Error as error:
                if is_damage(error):
                    self._connection.close()
                    self._connection = None
                failure = explained(error, self.path)
                if isinstance(failure, DamagedError):
                    self._connection = open_database(self.path)
                raise failure from error


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A failed COMMIT may already have rolled back.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
