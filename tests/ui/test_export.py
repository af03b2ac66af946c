"""The report is written in the background, and the window says where, or why not."""

from __future__ import annotations

import re

import pytest
from pypdf import PdfReader
from PySide6.QtWidgets import QFileDialog

from ptx_viewer.ui.keys import Act


def words(path) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in PdfReader(path).pages))


@pytest.fixture
def reviewed(window, open_film, positive):
    return open_film(window, positive)


def choose(monkeypatch, path):
    asked = []

    def dialog(_parent, _title, suggestion, _kinds):
        asked.append(suggestion)
        return str(path), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", dialog)
    return asked


def test_the_report_holds_what_the_reader_saw_and_wrote(reviewed, tmp_path, monkeypatch, qtbot):
    path = tmp_path / "report.pdf"
    asked = choose(monkeypatch, path)
    reviewed.pane.reading.accept("attention-unet-1")
    qtbot.keyClicks(reviewed.column.impression.text, "Small apical rim.")
    reviewed.actions_[Act.EXPORT].trigger()
    qtbot.waitUntil(lambda: reviewed.messages.text == f"The report was written to {path}", timeout=20_000)
    text = words(path)
    assert "Small apical rim." in text
    assert reviewed.pane.image.patient.patient_id in text
    assert "Attention U-Net" in text
    patient = reviewed.pane.image.patient
    assert patient.patient_id not in asked[0]
    assert patient.name.split("^")[0] not in asked[0]


def test_a_file_that_the_dialog_did_not_ask_about_is_not_overwritten(reviewed, tmp_path, monkeypatch, qtbot):
    (tmp_path / "report.pdf").write_text("precious")
    choose(monkeypatch, tmp_path / "report")
    reviewed.actions_[Act.EXPORT].trigger()
    qtbot.waitUntil(lambda: reviewed.messages.text.startswith("The report was not written:"), timeout=20_000)
    assert "exists" in reviewed.messages.text
    assert (tmp_path / "report.pdf").read_text() == "precious"


def test_a_folder_that_is_not_there_is_said(reviewed, tmp_path, monkeypatch, qtbot, caplog):
    choose(monkeypatch, tmp_path / "missing" / "report.pdf")
    reviewed.actions_[Act.EXPORT].trigger()
    qtbot.waitUntil(lambda: reviewed.messages.text.startswith("The report was not written:"), timeout=20_000)


def test_giving_up_in_the_dialog_writes_nothing(reviewed, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_arguments: ("", ""))
    reviewed.actions_[Act.EXPORT].trigger()
    assert list(tmp_path.glob("*.pdf")) == []
    assert reviewed.exporter.running == ""
