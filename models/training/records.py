"""Tables of a run that grow line by line, and forget what a stopped run did after its last checkpoint."""

from __future__ import annotations

import csv
from pathlib import Path


def forget_after(path: Path, step: int) -> None:
    """Drop the rows of steps that a stopped run had made after its last checkpoint: they are made again."""
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *(row for row in rows if int(row[0]) <= step)])
    temporary.replace(path)


def append(path: Path, row: dict[str, float]) -> None:
    """Add a row; the first one gives the columns."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)
