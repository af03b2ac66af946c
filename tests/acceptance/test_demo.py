"""``python main.py demo`` on a machine without a display, without Qt and without a network."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def run(program):
    return program("demo")


def test_it_ends_well_and_says_in_one_line_that_there_is_no_display(run):
    assert run.status == 0, run.complained
    said = [line for line in run.printed.splitlines() if "viewer" in line]
    assert said == [
        "The viewer was not opened: no display was found (DISPLAY and WAYLAND_DISPLAY are not set)"
    ]


def test_it_analyses_both_films_of_the_sample_and_nothing_else(run):
    images = run.findings["images"]
    assert sorted(Path(image["file"]).name for image in images) == [
        "current-with-pneumothorax.dcm",
        "prior-without-pneumothorax.dcm",
    ]
    for image in images:
        assert image["refused"] is None
        assert image["spacing"]["basis"] == "ERMF, estimated"
        assert image["models"]["attention-unet"]["probability"] in run.files
        assert [e["method"] for e in image["explanations"]] == ["grad-cam"] * len(image["models"])
        assert (image["consensus"] is not None) == (len(image["models"]) > 1)
    assert run.findings["unreadable"] == []


def test_it_prints_a_table_and_names_the_folders_that_it_wrote(run):
    assert "Findings" in run.words
    for name in ("findings.json", "reports", "masks", "heatmaps"):
        assert f"demo-output/{name}" in run.printed.replace("\\", "/")
        assert any(file.startswith(name) for file in run.files)
    assert len([name for name in run.files if name.endswith(".pdf")]) == 2


def test_neither_network_nor_display_libraries_are_tried(run):
    assert run.tried == ""
