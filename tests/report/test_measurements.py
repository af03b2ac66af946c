"""Measurements on paper and in findings.json, from the film to the page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pypdfium2
import pytest
from pypdf import PdfReader

from models.prediction import Side
from ptx_viewer.measure.construction import Construction, Segment
from ptx_viewer.measure.film import measure_film
from ptx_viewer.measure.remeasure import move_segment
from ptx_viewer.measure.view import FilmView, Posture, Projection
from ptx_viewer.rendering import ANNOTATION_COLOUR
from ptx_viewer.report import wording
from ptx_viewer.report.findings import ImageRecord, write_findings
from ptx_viewer.report.pdf import write_pdf
from ptx_viewer.study.image import Orientation

HILUM = "lateral distance at the hilum"


@pytest.fixture
def measured(films):
    """Return the measurements of a strip of air along the right chest wall: 10 columns of 0.4 mm."""
    lungs = films.analysis().lung_fields
    air = np.zeros(lungs.right.shape, dtype=bool)
    air[15:90, 10:20] = True
    view = FilmView(Projection.PA, Posture.ERECT)
    probability = np.where(air, np.float32(0.9), np.float32(0.1))
    spacing = films.image().spacing
    return measure_film({Side.RIGHT: air}, lungs, spacing, "attention-unet", view, probability, 0.5)


def rendered(path: Path, page: int) -> np.ndarray:
    document = pypdfium2.PdfDocument(path)
    picture = np.asarray(document[page].render(scale=3).to_pil().convert("RGB"))
    document.close()
    return picture


def whole_text(path: Path) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(path).pages)


def test_findings_json_holds_interval_lines_and_classes(films, measured, tmp_path) -> None:
    analysis = films.analysis(measurements=measured)
    record = ImageRecord.of(films.image(), analysis)
    path = write_findings(tmp_path, [record], (), "0.1.0", films.content().created)
    document = json.loads(path.read_text(encoding="utf-8"))
    schema = json.loads((Path(__file__).parents[2] / "resources/findings.schema.json").read_text("utf-8"))
    jsonschema.validate(document, schema, cls=jsonschema.Draft202012Validator)
    written = {m["name"]: m for m in document["images"][0]["measurements"]}
    hilum = written[HILUM]
    assert hilum["value"] == pytest.approx(4.0)
    # The detector's plane: up to 1.2 times too large.
    assert hilum["interval"] == [pytest.approx(4.0 / 1.2), pytest.approx(4.0)]
    (segment,) = hilum["construction"]["segments"]
    assert segment["name"] == "hilum"
    assert sorted((segment["start"][1], segment["end"][1])) == [9.5, 19.5]
    assert written["size class, BTS 2010"]["category"] == "small"
    assert written["pneumothorax area"]["construction"] is None
    assert all(m["edited"] is False for m in written.values())


def test_the_table_states_interval_class_and_edit(films, measured, tmp_path) -> None:
    (line,) = next(m for m in measured if m.name == HILUM).construction.segments
    longer = replace(line, end=(line.end[0], line.start[1] + 60))
    edited = move_segment(measured, "right", "attention-unet", longer, films.image().spacing)
    path = tmp_path / "report.pdf"
    write_pdf(films.content(measurements=edited, review=None), path)
    text = whole_text(path)
    # 60 columns of 0.4 mm, of which 1 / 1.2 may be true.
    assert "24.0 mm, edited by the reader" in text
    assert "20.0 to 24.0" in text
    assert "24.0 mm: large, edited by the reader" in text
    assert "Interval: magnification of 1.0 to 1.2." in text
    assert "BTS 2023: size alone no longer decides what is done" in text


@pytest.mark.parametrize("orientation", [Orientation("L", "F", True), Orientation("R", "F", True)])
def test_the_film_shows_the_lines_where_they_are(films, measured, tmp_path, orientation) -> None:
    path = tmp_path / "report.pdf"
    content = films.content(
        image=films.image(orientation=orientation), measurements=measured, review=None, attributions=()
    )
    write_pdf(content, path)
    pages = [rendered(path, page) for page in range(len(PdfReader(path).pages))]
    distance = [np.abs(page.astype(int) - ANNOTATION_COLOUR).max(axis=2) < 12 for page in pages]
    (shown,) = [mask for mask in distance if mask.sum() > 100]
    assert "Lines of the measurements" in whole_text(path)
    # The patient's right lies at the left of the usual display; stored mirrored, the lines, drawn in the
    # source's columns 9.5 to 19.5, come out at the right of the turned film.
    columns = np.flatnonzero(shown.any(axis=0))
    middle = shown.shape[1] / 2
    lines_left = (columns < middle).mean() > 0.5
    assert lines_left is np.bool_(orientation.row_direction == "L")


@pytest.mark.parametrize("towards", [-1, 1])
def test_a_label_in_the_report_leaves_its_line_free(films, measured, tmp_path, towards) -> None:
    """Whichever way the line runs, on either half of the film."""
    shift = next(m for m in measured if m.name == HILUM)
    columns = films.image().shape[1]
    drawn = []
    for middle in (0.4, 0.6):
        start = (40.0, middle * columns)
        end = (40.0, start[1] + towards * 0.1 * columns)
        lines = Construction((Segment("hilum", start, end),))
        content = films.content(
            measurements=(replace(shift, construction=lines, category=None),), review=None, attributions=()
        )
        path = tmp_path / f"{middle}.pdf"
        write_pdf(content, path)
        pages = [rendered(path, page) for page in range(len(PdfReader(path).pages))]
        masks = [np.abs(page.astype(int) - ANNOTATION_COLOUR).max(axis=2) < 12 for page in pages]
        # The longest unbroken run of the lines' colour in one row is the line itself.
        drawn.append(max(longest_run(row) for mask in masks for row in mask if row.any()))
    # Beside its ends, at most 12 pixels of a hidden line were left.
    assert drawn[0] == pytest.approx(drawn[1], abs=2)
    assert drawn[0] > 40


def longest_run(row: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.pad(row.astype(np.int8), 1)))
    return int((edges[1::2] - edges[::2]).max())


def test_a_report_without_lines_has_no_such_film(films, tmp_path) -> None:
    path = tmp_path / "report.pdf"
    write_pdf(films.content(), path)
    assert "Lines of the measurements" not in whole_text(path)


def test_numbers_are_written_without_more_digits_than_they_have(films) -> None:
    area, collins = films.measurements()
    assert wording.value(area) == "123 mm²"
    assert wording.value(collins) == "not valid"
    assert wording.interval(replace(area, interval=(98.76, 130.2))) == "99 to 130"
    shift = replace(area, value=-0.04, unit="mm", interval=(-0.04, 0.3))
    assert (wording.value(shift), wording.interval(shift)) == ("0.0 mm", "0.0 to 0.3")
    assert wording.interval(collins) == ""


def test_report_and_findings_json_state_a_rotated_patient(films, tmp_path) -> None:
    review = replace(films.review(), patient_rotated=True)
    path = tmp_path / "report.pdf"
    write_pdf(films.content(review=review), path)
    assert "Rotation: the patient is rotated (reader's judgement)." in whole_text(path)
    write_pdf(films.content(review=None), path, overwrite=True)
    assert "Rotation: not assessed." in whole_text(path)

    arm = replace(films.image().acquisition, positioner_type="CARM", positioner_angles=(30.0, 0.0))
    image = films.image(acquisition=arm)
    records = [
        ImageRecord.of(films.image(), films.analysis(), review=review),
        ImageRecord.of(image, films.analysis()),
    ]
    found = write_findings(tmp_path / "out", records, (), "0.1.0", films.content().created)
    document = json.loads(found.read_text(encoding="utf-8"))
    schema = json.loads((Path(__file__).parents[2] / "resources/findings.schema.json").read_text("utf-8"))
    jsonschema.validate(document, schema, cls=jsonschema.Draft202012Validator)
    views = [entry["view"] for entry in document["images"]]
    assert [view["patient_rotated"] for view in views] == [True, False]
    assert views[0]["oblique"] is None
    assert (views[1]["projection"], views[1]["oblique"]) == (
        "oblique",
        "the beam is turned by 30° about the patient (positioner primary angle)",
    )
    write_pdf(films.content(image=image, review=None), path, overwrite=True)
    assert "Rotation: the beam is turned by 30° about the patient" in whole_text(path)
