"""Change since the prior film: in the PDF and in findings.json."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pypdf import PdfReader

import resources
from ptx_viewer.measure.change import Change
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.report.content import PriorFilm
from ptx_viewer.report.findings import ImageRecord, write_findings
from ptx_viewer.report.pdf import write_pdf
from ptx_viewer.study.image import ImageReference

THEN = Measurement(
    "pneumothorax area", 812.0, "mm²", "pixels", "right", "attention-unet", interval=(700.0, 900.0)
)
NOW = replace(THEN, value=123.4, model="reader", interval=(110.0, 130.0))
APEX = Measurement("apex distance", 12.0, "mm", "straight", "right", "attention-unet")


@pytest.fixture
def prior() -> PriorFilm:
    changes = (
        Change("pneumothorax area", "right", "mm²", THEN, NOW, 123.4 - 812.0),
        Change("apex distance", "right", "mm", APEX, APEX, None, "the calibrations differ: a then, b now"),
        Change(
            "pneumothorax area", "left", "mm²", None, NOW, None,
            "nothing is outlined on this side of the prior film",
        ),
    )  # fmt: skip
    return PriorFilm("20240105", ImageReference("p.dcm", "p.dcm", "1.7", "1.8", "1.9", "1.1"), changes)


def words(path: Path) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(path).pages)


def test_the_report_prints_prior_now_and_change(films, prior, tmp_path):
    write_pdf(films.content(prior=prior), tmp_path / "report.pdf")
    text = words(tmp_path / "report.pdf")
    assert "Change since the prior film of 2024-01-05" in text
    assert "812 mm² 123 mm² -689 mm² outlined by Attention U-Net then, the reader now" in text
    assert "12.0 mm 12.0 mm not compared the calibrations differ: a then, b now" in text
    assert "nothing outlined" in text
    assert "Prior film: SOP instance UID 1.9." in text


def test_without_a_prior_film_nothing_is_said_of_one(films, prior, tmp_path):
    write_pdf(films.content(), tmp_path / "report.pdf")
    assert "prior film" not in words(tmp_path / "report.pdf")
    write_pdf(films.content(prior=replace(prior, changes=())), tmp_path / "empty.pdf")
    assert "Nothing is outlined on either film." in words(tmp_path / "empty.pdf")


def test_findings_hold_what_has_changed(films, prior, tmp_path):
    records = [ImageRecord.of(films.image(), films.analysis(), prior)]
    records.append(ImageRecord.of(films.image(), films.analysis()))
    path = write_findings(tmp_path, records, (), "0.1.0", datetime(2026, 3, 1, tzinfo=UTC))
    document = json.loads(path.read_text("utf-8"))
    schema = json.loads((Path(resources.__file__).parent / "findings.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(document)
    compared, alone = (image["prior"] for image in document["images"])
    assert alone is None
    assert (compared["study_date"], compared["sop_instance_uid"]) == ("2024-01-05", "1.9")
    area, apex, left = compared["changes"]
    assert area["difference"] == pytest.approx(-688.6)
    assert area["prior"] == {
        "value": 812.0, "interval": [700.0, 900.0], "model": "attention-unet", "category": None,
    }  # fmt: skip
    assert (area["current"]["model"], area["within_uncertainty"]) == ("reader", False)
    assert (apex["difference"], apex["why_not"]) == (None, "the calibrations differ: a then, b now")
    assert left["prior"] is None
