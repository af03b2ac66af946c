"""``python main.py prove-measurements``: measure a hundred digital thoraxes and write the comparison."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Final

from .proof_cases import network_rows, true_mask_rows
from .proof_ct import CT_COUNT, ct_rows
from .proof_report import write_report
from .proof_table import extend_table, read_rows

#: Tables of the proof and what fills them, cheapest first.
TABLES: Final = {
    "true-mask": true_mask_rows,
    "network": network_rows,
    "ct": ct_rows,
}


def prove(words: list[str]) -> int:
    """Run the command; return 0, 1 when writing failed, 2 for a wrong request."""
    parser = argparse.ArgumentParser(
        prog="ptx-viewer prove-measurements",
        description="Compare every measurement with the truth of digital thoraxes.  A stopped run is taken "
        "up where it ended; delete a table to measure it anew, as after a change of the network.",
    )
    parser.add_argument("--out", type=Path, default=Path("docs/measurement"), metavar="DIR")
    parser.add_argument(
        "--count",
        type=int,
        default=100,
        help=f"number of thoraxes; of them at most {CT_COUNT} by CT",
    )
    parser.add_argument(
        "--only", choices=(*TABLES, "report"), help="fill one table, or write the report of what is there"
    )
    chosen = parser.parse_args(words)
    if chosen.count < 2:
        sys.stderr.write(f"a comparison needs two thoraxes or more, got {chosen.count}\n")
        return 2
    try:
        chosen.out.mkdir(parents=True, exist_ok=True)
        for name, measure in TABLES.items():
            if chosen.only in (None, name):
                count = min(chosen.count, CT_COUNT) if measure is ct_rows else chosen.count
                extend_table(chosen.out / f"{name}.csv", count, measure, _Progress(name))
        rows = [row for name in TABLES for row in read_rows(chosen.out / f"{name}.csv")]
        write_report(chosen.out, rows)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"Could not write to {chosen.out}: {error.strerror or error}\n")
        return 1
    return 0


class _Progress:
    """Says at most every ten seconds how far a table is."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._said = time.monotonic()

    def __call__(self, done: int, count: int) -> None:
        now = time.monotonic()
        if done == count or now - self._said > 10.0:
            self._said = now
            sys.stdout.write(f"{self._name}: {done} of {count}\n")
            sys.stdout.flush()
