"""``analyze`` on a folder as it comes from a disc: a film, and much that is none."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from pydicom.uid import CTImageStorage, EnhancedSRStorage
from pypdf import PdfReader

import resources

FAMILY, GIVEN, NUMBER = "Mühlenbrock", "Anneliese", "PID-73519"
FILM = "film.dcm"
REFUSED = {
    "slice.dcm": "CT",
    "hand.dcm": "hand",
    "lateral.dcm": "lateral",
    "colour.png": "colour",
    "blank.png": "blank",
}
UNREADABLE = {"cut-short.dcm", "words.dcm", "nothing.dcm"}
LEFT_OUT = {"report.dcm", "second-copy.dcm"}


@pytest.fixture(scope="module")
def run(tmp_path_factory, analyze, write_dicom, sample_film):
    folder = tmp_path_factory.mktemp("disc")
    film = write_dicom(
        folder / FILM, sample_film,
        PatientName=f"{FAMILY}^{GIVEN}", PatientID=NUMBER, SpecificCharacterSet="ISO_IR 192",
        ImagerPixelSpacing=[0.5, 0.4],
    )  # fmt: skip
    small = np.ascontiguousarray(sample_film[::2, ::2])
    write_dicom(
        folder / "slice.dcm", small.astype(np.int16), SOPClassUID=CTImageStorage, Modality="CT",
        RescaleSlope=1, RescaleIntercept=-1024, WindowCenter=40, WindowWidth=400,
    )  # fmt: skip
    write_dicom(folder / "hand.dcm", small, BodyPartExamined="HAND")
    write_dicom(folder / "lateral.dcm", small, ViewPosition="LL")
    gradient = np.mgrid[:300, :300][0].astype(np.uint8)
    Image.fromarray(np.dstack([gradient, gradient.T, gradient[::-1]])).save(folder / "colour.png")
    Image.fromarray(np.full((300, 300), 7, dtype=np.uint8)).save(folder / "blank.png")
    (folder / "cut-short.dcm").write_bytes(film.read_bytes()[:100_000])
    (folder / "words.dcm").write_text("This is not an image.")
    (folder / "nothing.dcm").touch()
    shutil.copy(film, folder / "second-copy.dcm")
    report = write_dicom(folder / "report.dcm", small, SOPClassUID=EnhancedSRStorage, Modality="SR")
    _take_the_picture_away(report)
    # What a first run into a folder below the study left there is no film.
    out = folder / "results"
    (out / "masks").mkdir(parents=True)
    Image.fromarray(gradient).save(out / "masks" / "0001_earlier.png")
    return analyze(out, folder)


def _take_the_picture_away(path: Path) -> None:
    dataset = pydicom.dcmread(path)
    for keyword in ("PixelData", "Rows", "Columns"):
        del dataset[keyword]
    dataset.save_as(path)


@pytest.fixture(scope="module")
def film(run):
    return run.image(FILM)


@pytest.fixture(scope="module")
def answer(film):
    return film["models"]["attention-unet"]


def test_unreadable_files_make_the_status_1_and_are_listed_with_a_reason(run):
    assert run.status == 1, run.complained
    listed = {Path(row["file"]).name: row["reason"] for row in run.findings["unreadable"]}
    assert set(listed) == UNREADABLE
    for name, reason in listed.items():
        assert reason.endswith(".")
        assert f"{name}: {' '.join(reason.split())}" in run.words


def test_sound_files_without_a_picture_are_mentioned_and_do_no_harm(run):
    for name in LEFT_OUT:
        assert any(line.startswith("Left out: ") and f"{name}: " in line for line in run.printed.splitlines())


def test_what_is_no_frontal_chest_film_is_refused_with_the_reason(run):
    images = {Path(image["file"]).name: image for image in run.findings["images"]}
    assert set(images) == {FILM, *REFUSED}
    for name, word in REFUSED.items():
        assert word in images[name]["refused"]
        assert images[name]["models"] == {}
        assert images[name]["measurements"] == []
        assert images[name]["explanations"] == []
    assert run.printed.count("refused:") == len(REFUSED)
    assert images[FILM]["refused"] is None


def test_the_findings_follow_the_published_schema(run):
    schema = json.loads((Path(resources.__file__).parent / "findings.schema.json").read_text("utf-8"))
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(run.findings)


def test_every_named_picture_is_there_in_the_grid_of_the_image(run, film, answer):
    shape = (film["rows"], film["columns"])
    assert shape == (800, 720)
    mask = run.picture(answer["mask"])
    assert (mask.shape, mask.dtype) == (shape, np.uint8)
    assert set(np.unique(mask)) <= {0, 255}
    probability = run.picture(answer["probability"])
    assert (probability.shape, probability.dtype) == (shape, np.uint16)
    named = {"findings.json"}
    for other in [*film["models"].values(), film["consensus"]]:
        if other is None:
            continue
        named |= {other["mask"], other["probability"]}
    for explanation in film["explanations"]:
        heatmap = run.picture(explanation["heatmap"])
        assert (heatmap.shape, heatmap.dtype) == (shape, np.uint16)
        named.add(explanation["heatmap"])
    written = {name for name in run.files if not name.startswith("reports/")}
    assert written - {"masks/0001_earlier.png"} == named


def test_the_answer_agrees_with_itself(run, film, answer):
    assert answer["present"] == (answer["score"] >= answer["threshold"])
    if not answer["present"]:
        assert answer["instances"] == []
    mask = run.picture(answer["mask"]) > 0
    assert mask.sum() == sum(instance["area_pixels"] for instance in answer["instances"])
    outside = mask.copy()
    for instance in answer["instances"]:
        left, top, right, bottom = instance["box"]
        outside[top:bottom, left:right] = False
        assert instance["area_mm2"] == pytest.approx(instance["area_pixels"] * 0.5 * 0.4)
    assert not outside.any()
    assert film["spacing"] == {"row_mm": 0.5, "column_mm": 0.4, "basis": "detector plane"}
    answers = film["models"] | {"consensus": film["consensus"]}
    suggested = {
        (each["model"], answers[each["model"]]["instances"][each["instance"]]["side"])
        for each in film["suggestions"]
    }
    assert {(m["model"], m["side"]) for m in film["measurements"]} == suggested


def test_the_explanation_states_method_target_and_how_far_to_trust_it(film):
    assert [(e["method"], e["model"]) for e in film["explanations"]] == [
        ("grad-cam", model) for model in film["models"]
    ]
    explanation = film["explanations"][0]
    assert explanation["target"] == "image score"
    assert explanation["caption"].startswith("Grad-CAM of attention-unet: image score, ")
    below = film["models"]["attention-unet"]["score"] < film["models"]["attention-unet"]["threshold"]
    assert explanation["below_cutoff"] or not below
    assert explanation["provenance"]["library"].startswith("captum ")
    faithfulness = explanation["faithfulness"]
    assert faithfulness["verdict"] in {"yes", "weakly", "no"}
    assert faithfulness["repeatability"] is None  # Grad-CAM draws nothing at random
    assert all(0 <= value <= 1 for key, value in faithfulness.items() if key.endswith("_auc"))


def test_each_scored_film_has_a_report_and_no_other(run, film):
    (name,) = [name for name in run.files if name.startswith("reports/")]
    assert film["sop_instance_uid"] in name
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(run.out / name).pages).split())
    assert FAMILY in text
    assert NUMBER in text
    assert "not a medical device" in text
    assert "Attention U-Net" in text


def test_names_and_numbers_of_patients_are_in_no_log_and_no_file_name(run):
    logs = [path for path in run.home.rglob("*.log*") if path.is_file()]
    if sys.platform.startswith("linux"):
        assert logs, "the log was not found where it was looked for"
    written = "".join(path.read_text("utf-8") for path in logs) + run.complained + "\n".join(run.files)
    for private in (FAMILY, GIVEN, NUMBER, FAMILY.encode().hex()):
        assert private not in written


def test_neither_network_nor_display_libraries_are_tried(run):
    assert run.tried == ""


def test_the_table_says_what_was_found_and_where_the_files_are(run):
    assert f"{run.out / 'findings.json'}" in run.printed
    assert f"{run.out / 'reports'}" in run.printed
    assert "For research and education, not a medical device." in run.words
    assert "Traceback" not in run.printed + run.complained


@pytest.fixture(scope="module")
def wrong(program, tmp_path_factory):
    """How the program takes wrong usage, each in a run of its own."""
    folder = tmp_path_factory.mktemp("wrong")
    film = folder / "film.png"
    Image.fromarray(np.zeros((100, 100), dtype=np.uint8)).save(film)
    return lambda *words: program("analyze", film, *words), folder


def test_an_unknown_model_names_the_choices_on_one_line(wrong):
    run, folder = wrong
    done = run("--out", folder / "out", "--models", "crystal-ball")
    assert done.status == 2
    (line,) = done.complained.strip().splitlines()
    assert line.startswith("ptx-viewer: unknown model 'crystal-ball'; there are: attention-unet")
    assert not (folder / "out").exists()


def test_an_unknown_flag_is_wrong_usage(wrong):
    run, folder = wrong
    done = run("--out", folder / "out", "--fast")
    assert done.status == 2
    assert done.complained.startswith("usage: ")
    assert "--fast" in done.complained
    assert "Traceback" not in done.complained
