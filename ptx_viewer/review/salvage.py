"""What can still be read of a damaged database, copied into a fresh one."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def salvage(damaged: Path, fresh: sqlite3.Connection) -> int:
    """Copy every review and analysis that is still readable, and return the number of reviews.

    An image is copied as a whole, with its arrays, or not at all.  The damaged file is opened for
    reading only.  A file of an older schema version is copied into the columns that it has; nothing is
    copied from a newer one.
    """
    try:
        source = sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return 0
    try:
        if not 0 < _version(source) <= _version(fresh):
            return 0
        _copy(source, fresh, "analysis")
        return _copy(source, fresh, "review")
    except sqlite3.Error:
        return 0
    finally:
        source.close()


def _copy(source: sqlite3.Connection, fresh: sqlite3.Connection, table: str) -> int:
    copied = 0
    known = {name for _, name, *_ in fresh.execute(f"PRAGMA table_info({table})")}
    for key in _readable_keys(source, table):
        try:
            rows = source.execute(f"SELECT * FROM {table} WHERE image_key = ?", (key,))
            columns = [description[0] for description in rows.description]
            if not known.issuperset(columns):
                return copied
            found = rows.fetchall()
            arrays = source.execute(f"SELECT * FROM {table}_array WHERE image_key = ?", (key,)).fetchall()
            fresh.execute("BEGIN IMMEDIATE")
            _insert(fresh, table, columns, found)
            _insert(fresh, f"{table}_array", ["image_key", "position", "data"], arrays)
            fresh.execute("COMMIT")
        except (sqlite3.Error, UnicodeError):
            if fresh.in_transaction:
                fresh.execute("ROLLBACK")
        else:
            copied += len(found)
    return copied


def _insert(
    fresh: sqlite3.Connection, table: str, columns: list[str], rows: list[tuple[object, ...]]
) -> None:
    # By name: an older schema has fewer columns, and the fresh one fills the others.
    names, places = ", ".join(columns), ", ".join("?" * len(columns))
    fresh.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)


def _readable_keys(source: sqlite3.Connection, table: str) -> list[str]:
    # From both ends: a scan stops at the first damaged page, and most files have only one.
    keys: dict[str, None] = {}
    for order in ("ASC", "DESC"):
        try:
            for (key,) in source.execute(f"SELECT image_key FROM {table} ORDER BY image_key {order}"):
                keys[key] = None
        except (sqlite3.Error, UnicodeError):
            continue
    return list(keys)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
