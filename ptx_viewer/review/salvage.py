"""What can still be read of a damaged database, copied into a fresh one."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def salvage(damaged: Path, fresh: sqlite3.Connection) -> int:
    """Copy every review and analysis that is still readable, and return the number of reviews.

    An image is copied as a whole, with its arrays, or not at all.  The damaged file is opened for
    reading only.  Nothing is copied from another schema version.
    """
    try:
        source = sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return 0
    try:
        if _version(source) != _version(fresh):
            return 0
        _copy(source, fresh, "analysis")
        return _copy(source, fresh, "review")
    except sqlite3.Error:
        return 0
    finally:
        source.close()


def _copy(source: sqlite3.Connection, fresh: sqlite3.Connection, table: str) -> int:
    copied = 0
    for key in _readable_keys(source, table):
        try:
            rows = source.execute(f"SELECT * FROM {table} WHERE image_key = ?", (key,)).fetchall()
            arrays = source.execute(f"SELECT * FROM {table}_array WHERE image_key = ?", (key,)).fetchall()
            fresh.execute("BEGIN IMMEDIATE")
            for name, found in ((table, rows), (f"{table}_array", arrays)):
                for row in found:
                    fresh.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)
            fresh.execute("COMMIT")
        except (sqlite3.Error, UnicodeError):
            if fresh.in_transaction:
                fresh.execute("ROLLBACK")
        else:
            copied += len(rows)
    return copied


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
