"""The reader's own measurements in the report: on the film and in the table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2
import pytest

from ptx_viewer.measure.annotation import Annotation, AnnotationKind
from ptx_viewer.rendering import ANNOTATION_COLOUR
from ptx_viewer.report.pdf import write_pdf


@pytest.fixture
def measured(films, tmp_path: Path) -> Path:
    """A report with a ruler of 40 columns and a rectangle."""
    content = films.content()
    annotations = (
        Annotation("ruler-1", AnnotationKind.RULER, ((60.0, 20.0), (60.0, 60.0))),
        Annotation("rectangle-1", AnnotationKind.RECTANGLE, ((10.0, 10.0), (20.0, 30.0))),
    )
    content = replace(content, review=replace(content.review, annotations=annotations))
    path = tmp_path / "report.pdf"
    write_pdf(content, path)
    return path


def page_with(path: Path, text: str) -> tuple[str, np.ndarray]:
    document = pypdfium2.PdfDocument(path)
    try:
        for page in document:
            words = " ".join(page.get_textpage().get_text_range().split())
            if text in words:
                return words, page.render(scale=3).to_numpy()[..., 2::-1].copy()
    finally:
        document.close()
    raise AssertionError(f"no page says {text!r}")


def test_the_numbers_stand_in_a_table_with_their_method(measured: Path, films) -> None:
    image = films.content().image
    words, _ = page_with(measured, "Numbers of these measurements")
    length = 40 * image.spacing.column_mm
    assert f"ruler 1 {length:.1f} mm straight line; calibration: {image.spacing.basis.value}" in words
    inside = image.raw[10:21, 10:31]
    assert f"mean {inside.mean():.1f}" in words
    assert f"SD {inside.std():.1f}" in words


def test_they_are_drawn_on_the_film(measured: Path) -> None:
    _, picture = page_with(measured, "Measured by the reader")
    near = (np.abs(picture.astype(int) - ANNOTATION_COLOUR) <= 30).all(axis=-1)
    rows = near.sum(axis=1)
    # A horizontal line: 40 of the film's 100 columns, in one row of the page.
    assert rows.max() > 80
    assert near.sum() > 250


def test_a_report_without_them_says_nothing_of_them(films, tmp_path: Path) -> None:
    write_pdf(films.content(), tmp_path / "plain.pdf")
    with pytest.raises(AssertionError, match="no page"):
        page_with(tmp_path / "plain.pdf", "Measured by the reader")
