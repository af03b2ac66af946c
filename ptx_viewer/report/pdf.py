"""The PDF report: one film after another, each on pages of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fpdf.errors import FPDFException

from .atomic import write_atomically
from .content import ReportContent
from .errors import ReportError
from .page import Page
from .sections import write_film

TITLE = "Pneumothorax review report"


def write_pdf(contents: ReportContent | Sequence[ReportContent], path: Path, overwrite: bool = False) -> None:
    """Write the report of one film, or of several in the given order.

    Parameters
    ----------
    contents : ReportContent or sequence of ReportContent
        The first one's version and time stand for the document.
    path : Path
    overwrite : bool
        Replace a file that is already there.

    Raises
    ------
    FileExistsError
        If there is a file and `overwrite` is false.
    ReportError
        If the report cannot be laid out or written; the file that was there stays untouched.
    ValueError
        If there is nothing to report.
    """
    films = [contents] if isinstance(contents, ReportContent) else list(contents)
    if not films:
        raise ValueError("a report needs at least one film")
    if not overwrite and path.exists():
        # Before the work of laying it out, and again by write_atomically.
        raise FileExistsError(f"{path} already exists.")
    write_atomically(path, _render(films), overwrite=overwrite)


def _render(films: Sequence[ReportContent]) -> bytes:
    first = films[0]
    program = f"ptx-viewer {first.program_version}"
    page = Page(program, first.created)
    # File managers and printers show these: they must not carry the patient's name.
    page.set_title(TITLE)
    page.set_subject("Findings of a chest film review, for research and education")
    page.set_creator(program)
    page.set_lang("en")
    page.set_creation_date(first.created)
    try:
        for film in films:
            write_film(page, film)
        return bytes(page.output())
    except (FPDFException, ValueError) as error:
        raise ReportError(f"The report could not be laid out: {error}.") from error
