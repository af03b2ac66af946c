"""``analyze`` on real films in every encoding that the studies come in."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from jsonschema import Draft202012Validator

import resources


@pytest.fixture(scope="module")
def run(tmp_path_factory, analyze, shared_data):
    studies = shared_data / "studies"
    return analyze(
        tmp_path_factory.mktemp("results"),
        *sorted(studies.glob("PTX*")), studies / "CT-LUNG30" / "1-10.dcm",
        *sorted((shared_data / "dicom" / "chest").glob("siim-*.dcm")),
        "--explain", "", "--no-report",
    )  # fmt: skip


def test_every_film_is_scored_and_the_ct_slice_refused(run):
    assert run.status == 0, run.complained
    refused = {Path(i["file"]).name: i["refused"] for i in run.findings["images"] if i["refused"]}
    assert list(refused) == ["1-10.dcm"]
    assert "CT" in refused["1-10.dcm"]
    scored = [image for image in run.findings["images"] if image["models"]]
    assert len(scored) == 9
    schema = json.loads((Path(resources.__file__).parent / "findings.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(run.findings)


def test_masks_lie_in_the_grid_of_the_films(run, shared_data):
    with (shared_data / "studies-truth.csv").open() as stream:
        truths = {f"{row['study']}": row["mask"] for row in csv.DictReader(stream)}
    for image in run.findings["images"]:
        for answer in image["models"].values():
            mask = run.picture(answer["mask"])
            assert mask.shape == (image["rows"], image["columns"])
            assert set(np.unique(mask)) <= {0, 255}
            assert run.picture(answer["probability"]).shape == mask.shape
            study = next((part for part in Path(image["file"]).parts if part in truths), None)
            if study is not None and truths[study]:
                truth = cv2.imread(str(shared_data / truths[study]), cv2.IMREAD_GRAYSCALE)
                assert truth.shape == mask.shape


def test_each_film_keeps_the_basis_of_its_millimetres(run):
    bases = {image["spacing"]["basis"] for image in run.findings["images"] if image["spacing"]}
    assert bases >= {"ERMF, estimated", "calibrated, type not stated", "unknown basis", "patient plane"}


def test_areas_are_pixels_times_spacing(run):
    for image in run.findings["images"]:
        spacing = image["spacing"]
        for answer in image["models"].values():
            for instance in answer["instances"]:
                if spacing is None:
                    assert instance["area_mm2"] is None
                else:
                    one = spacing["row_mm"] * spacing["column_mm"]
                    assert instance["area_mm2"] == pytest.approx(instance["area_pixels"] * one)
