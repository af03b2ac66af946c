"""What an analysis found, as a table on the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ptx_viewer import DISCLAIMER
from ptx_viewer.batch import BatchResult


def print_result(result: BatchResult, out: Path, console: Console | None = None) -> None:
    """Print the findings, what could not be read, and where the files are."""
    console = console or Console()
    several_lines = any("\n" in row.finding for row in result.rows)
    table = Table(title="Findings", title_justify="left", show_lines=several_lines)
    for heading in ("Image", "Finding", "Score", "Size"):
        table.add_column(heading, overflow="fold")
    for row in result.rows:
        table.add_row(escape(row.file), escape(row.finding), row.score, row.size)
    if result.rows:
        console.print(table)
    for title, problems in (("Left out", result.left_out), ("Could not be read", result.unreadable)):
        for problem in problems:
            console.print(
                f"{title}: {escape(problem.display_path)}: {escape(problem.reason)}", soft_wrap=True
            )
    if not result.rows and not result.unreadable:
        console.print("No images were found.")
    places = [("findings", result.findings)]
    if result.reports:
        places.append(("reports", out / "reports"))
    if any(row.score or not row.finding.startswith("refused") for row in result.rows):
        places.append(("masks", out / "masks"))
    if result.explained:
        places.append(("heatmaps", out / "heatmaps"))
    for what, place in places:
        console.print(f"{what + ':':<10}{escape(str(place))}", soft_wrap=True)
    console.print(DISCLAIMER)
