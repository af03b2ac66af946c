"""The proof's rows on disk: a CSV that grows row by row, so that a run can be taken up again."""

from __future__ import annotations

import csv
import dataclasses
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from .proof_cases import Row

_FIELDS: Final = tuple(field.name for field in dataclasses.fields(Row))
_NUMBERS: Final = ("volume_ml", "volume_percent", "truth", "measured")


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a table, none if there is no file.

    Raises
    ------
    ValueError
        If the file is not such a table.
    """
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != _FIELDS:
            raise ValueError(f"{path} is not a table of this proof: move it away")
        return [_row(words) for words in reader]


def extend_table(
    path: Path,
    count: int,
    measure: Callable[[int], Iterator[Row]],
    progress: Callable[[int, int], None],
) -> list[Row]:
    """Measure the seeds below `count` that the table lacks, and return all rows of those seeds.

    A seed's rows are written together, after the last of them is known.
    """
    rows = read_rows(path)
    done = {row.seed for row in rows}
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(_FIELDS)
        for seed in range(count):
            if seed not in done:
                found = list(measure(seed))
                writer.writerows(map(_words, found))
                file.flush()
                rows += found
            progress(seed + 1, count)
    return [row for row in rows if row.seed < count]


def _words(row: Row) -> list[str]:
    return [
        "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
        for value in dataclasses.astuple(row)
    ]


def _row(words: dict[str, str]) -> Row:
    values: dict[str, object] = dict(words)
    values["seed"] = int(words["seed"])
    for name in _NUMBERS:
        number = float(words[name]) if words[name] else None
        values[name] = number if number is None or math.isfinite(number) else None
    return Row(**values)  # type: ignore[arg-type]
