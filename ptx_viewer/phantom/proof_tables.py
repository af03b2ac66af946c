"""Tables of the proof's document."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .agreement import agreement
from .proof_cases import Row


def agreement_table(
    title: str,
    groups: dict[str, list[Row]],
    values: Callable[[Sequence[Row]], tuple[np.ndarray, np.ndarray]],
) -> list[str]:
    """Return the lines of a table with bias, limits of agreement and correlation, a row for each group."""
    lines = [f"| {title} | n | bias | limits of agreement | r | largest |", "|---|---|---|---|---|---|"]
    for method, rows in groups.items():
        found = agreement(*values(rows))
        unit = f", {rows[0].unit}" if rows[0].unit else ""
        digits = 0 if found.largest >= 100 else 2
        lines.append(
            f"| {method}{unit} | {found.count} | {found.bias:+.{digits}f} | {found.lower:+.{digits}f} to "
            f"{found.upper:+.{digits}f} | {found.correlation:.3f} | {found.largest:.{digits}f} |"
        )
    return [*lines, ""]


def target_line(name: str, good: np.ndarray, largest: str) -> str:
    """Return a row of the table of targets."""
    share = f"{int(good.sum())} of {len(good)}"
    return f"| {name} | {'yes' if good.all() else 'not always'} | {share} | {largest} |"
