"""The database file: made private, opened, migrated, and set aside when it is damaged."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from .salvage import salvage

#: "ptxr", so that no other program's file is taken for ours.
APPLICATION_ID = 0x70747872

#: Statements that lead from each schema version to the next; the version is their number.
#: Never change one that was released: add another.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # The columns before `document` answer the badges without reading the documents.
        """CREATE TABLE review (
            image_key TEXT PRIMARY KEY NOT NULL,
            verdict TEXT NOT NULL,
            signed INTEGER NOT NULL,
            finding INTEGER NOT NULL,
            document TEXT NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE analysis (
            image_key TEXT PRIMARY KEY NOT NULL,
            refused INTEGER NOT NULL,
            finding INTEGER NOT NULL,
            document TEXT NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE review_array (
            image_key TEXT NOT NULL, position INTEGER NOT NULL, data BLOB NOT NULL,
            UNIQUE (image_key, position)
        )""",
        """CREATE TABLE analysis_array (
            image_key TEXT NOT NULL, position INTEGER NOT NULL, data BLOB NOT NULL,
            UNIQUE (image_key, position)
        )""",
    ),
    (
        # The reader's own measurements came into the document.  A program that knows nothing of them
        # would drop them at its next save: the version alone keeps it away.
        "ALTER TABLE review ADD COLUMN measured INTEGER NOT NULL DEFAULT 0",
    ),
    (
        # So did the reader's word that the patient is rotated.
        "ALTER TABLE review ADD COLUMN rotated INTEGER NOT NULL DEFAULT 0",
    ),
)

#: How long a call waits for another process that is writing.
BUSY_SECONDS = 2.0


class StoreError(Exception):
    """The store cannot do what was asked; the message is a sentence for the user.

    Attributes
    ----------
    fresh_path : Path or None
        Where a fresh store can be opened so that the program can go on; None where that would
        not help.
    """

    def __init__(self, message: str, fresh_path: Path | None = None) -> None:
        super().__init__(message)
        self.fresh_path = fresh_path


class DamagedError(StoreError):
    """The database is damaged; its file was kept under another name."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the database at `path`, make it when there is none, and bring it to this version.

    The journal is a rollback journal, not WAL: WAL needs shared memory, which does not work on
    the network folders that home folders may lie on (sqlite.org/wal.html).  With
    ``synchronous=FULL`` a transaction that has returned survives a crash and a loss of power.

    Raises
    ------
    StoreError
        If the file cannot be opened, is locked, or is not ours; if a newer program wrote it, it is
        left as it is.
    DamagedError
        If it is damaged; it was renamed.
    """
    connection: sqlite3.Connection | None = None
    try:
        _make_private(path)
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = FULL")
        _migrate(connection, path)
        _check(connection)
    except (sqlite3.Error, OSError) as error:
        if connection is not None:
            connection.close()
        raise explained(error, path) from error
    except StoreError:
        if connection is not None:
            connection.close()
        raise
    return connection


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file is damaged or no database at all."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def explained(error: Exception, path: Path) -> StoreError:
    """Return what happened in a sentence.

    A damaged file is renamed on the way, and a fresh one takes its place with what could still be
    read.  The connection must have been closed when the file is damaged.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if is_damage(error):
        kept = set_aside(path)
        if kept is None:
            return StoreError(f"The reviews in {path} are damaged, and the file could not be renamed.")
        recovered = _start_afresh(path, kept)
        found = f"the program goes on with the {recovered} that could be read"
        if not recovered:
            found = "none could be read, and the program goes on with an empty one"
        return DamagedError(
            f"The reviews in {path} are damaged. The file was kept as {kept.name}; {found}.",
            fresh_path=path,
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(f"The reviews in {path} are in use by another program. Try again in a moment.")
    if code == sqlite3.SQLITE_FULL:
        return StoreError(f"The disk is full: the last change could not be saved in {path}.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM) or isinstance(error, PermissionError):
        return StoreError(f"There is no permission to write the reviews in {path}.")
    return StoreError(f"The reviews in {path} cannot be read or written: {error}.")


def set_aside(path: Path) -> Path | None:
    """Rename the file to ``<name>.damaged-<n>`` with the first free n; None when that fails.

    Its rollback journal goes with it: without it the file may not be recoverable.
    """
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        path.rename(kept)
        journal = path.with_name(f"{path.name}-journal")
        if journal.exists():
            journal.rename(kept.with_name(f"{kept.name}-journal"))
    except OSError:
        return None
    return kept


def _start_afresh(path: Path, kept: Path) -> int:
    connection = open_database(path)
    try:
        return salvage(kept, connection)
    finally:
        connection.close()


def _make_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Made before SQLite does, so that nobody else can read it at any time; SQLite gives its
    # journal the same permissions.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    # Read before any lock is asked for: opening must not wait for a writer when there is nothing to do.
    if _version(connection, path) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Again under the lock: another process may just have done it.
        for statements in MIGRATIONS[_version(connection, path) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: Path) -> int:
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])
    sibling = path.with_name(f"{path.stem}.v{len(MIGRATIONS)}{path.suffix}")
    if application != APPLICATION_ID and tables:
        raise StoreError(f"{path} is a database of another program. It was left as it is.", sibling)
    if version > len(MIGRATIONS):
        raise StoreError(
            f"The reviews in {path} were written by a newer version of this program. They were left as they "
            "are; update the program to see them.",
            sibling,
        )
    return version


def _check(connection: sqlite3.Connection) -> None:
    # The trees of the two small tables: a full check would read every map.
    for table in ("review", "analysis"):
        problem = connection.execute(f"PRAGMA quick_check('{table}')").fetchone()[0]
        if problem != "ok":
            error = sqlite3.DatabaseError(problem)
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
