"""findings.json and its pictures, read back as another program would."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from jsonschema import Draft202012Validator, ValidationError

import resources
from ptx_viewer.report.errors import ReportError
from ptx_viewer.report.findings import ImageRecord, write_findings
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.study.catalogue import Unreadable

ROOT = Path(__file__).parents[2]
ROWS, COLUMNS = 120, 100
UID = "1.2.826.0.1.3680043.8.498.42"
CREATED = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json.loads((Path(resources.__file__).parent / "findings.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def write(folder: Path, *records: ImageRecord, unreadable: tuple[Unreadable, ...] = ()) -> dict:
    path = write_findings(folder, records, unreadable, "0.1.0", CREATED)
    assert path == folder / "findings.json"
    return json.loads(path.read_text("utf-8"))


def read_png(folder: Path, relative: str) -> np.ndarray:
    picture = cv2.imread(str(folder / relative), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return picture


def test_whole_file_follows_the_schema_and_the_contract(films, tmp_path, validator):
    record = ImageRecord.of(films.image(), films.analysis())
    document = write(tmp_path, record, unreadable=(Unreadable("a/notes.txt", "Not a DICOM file."),))
    validator.validate(document)

    assert set(document) == {
        "schema_version", "program", "created", "images", "volumes", "reports", "unreadable"
    }  # fmt: skip
    assert document["created"] == "2026-03-01T14:05:00+00:00"
    assert document["unreadable"] == [{"file": "a/notes.txt", "reason": "Not a DICOM file."}]
    (image,) = document["images"]
    assert image["file"] == "study/film.dcm"
    assert image["sop_instance_uid"] == UID
    assert (image["rows"], image["columns"]) == (ROWS, COLUMNS)
    assert image["spacing"] == {"row_mm": 0.5, "column_mm": 0.4, "basis": "detector plane"}
    assert image["refused"] is None
    model = image["models"]["attention-unet"]
    assert (model["score"], model["threshold"], model["present"]) == (0.934, 0.41, True)
    assert (model["device"], model["seconds"]) == ("cpu", 1.25)
    assert (model["engine"], model["card_id"]) == ("torch", "attention-unet-1")
    assert image["consensus"] is None
    assert image["suggestions"] == [{"model": "attention-unet", "instance": 0}]
    # 30 rows x 20 columns at 0.5 mm x 0.4 mm.
    assert model["instances"] == [
        {"side": "right", "box": [10, 40, 30, 70], "score": 0.97, "area_pixels": 600, "area_mm2": 120.0}
    ]
    assert image["measurements"][0] == {
        "name": "pneumothorax area",
        "value": 123.4,
        "unit": "mm²",
        "method": "mask area, detector plane",
        "side": "right",
        "model": "attention-unet",
        "valid": True,
        "why_not": None,
        "interval": None,
        "interval_basis": None,
        "construction": None,
        "edited": False,
        "category": None,
    }
    assert image["measurements"][1]["value"] is None
    assert image["measurements"][1]["why_not"] == "not valid on a supine film"
    (explanation,) = image["explanations"]
    assert explanation["caption"] == "Grad-CAM of attention-unet: image score, decoder.2, 0.8 s"
    assert explanation["below_cutoff"] is None
    assert explanation["provenance"]["layer"] == "decoder.2"
    assert explanation["faithfulness"]["deletion_auc"] == 0.11


def test_mask_is_the_mask_in_the_source_grid(films, tmp_path):
    document = write(tmp_path, ImageRecord.of(films.image(), films.analysis()))
    mask = read_png(tmp_path, document["images"][0]["models"]["attention-unet"]["mask"])
    assert mask.dtype == np.uint8
    assert np.array_equal(mask == 255, films.mask)
    assert np.array_equal(mask == 0, ~films.mask)


def test_probability_comes_back_within_one_step(films, tmp_path):
    analysis = films.analysis()
    document = write(tmp_path, ImageRecord.of(films.image(), analysis))
    stored = read_png(tmp_path, document["images"][0]["models"]["attention-unet"]["probability"])
    assert stored.dtype == np.uint16
    difference = stored.astype(np.float64) / 65535 - analysis.predictions[0].probability
    assert np.abs(difference).max() <= 1 / 65535
    assert (stored[0, 0], stored[-1, -1]) == (0, 65535)


def test_signed_heatmap_is_stored_around_the_middle(films, tmp_path, validator):
    heatmap = np.linspace(-1, 1, ROWS * COLUMNS, dtype=np.float32).reshape(ROWS, COLUMNS)
    signed = films.attribution(heatmap=heatmap, signed=True, faithfulness=None)
    document = write(tmp_path, ImageRecord.of(films.image(), films.analysis(attributions=(signed,))))
    validator.validate(document)
    (explanation,) = document["images"][0]["explanations"]
    assert explanation["provenance"]["signed"] is True
    assert explanation["provenance"]["encoding"].startswith("0..65535 = -1..1")
    stored = read_png(tmp_path, explanation["heatmap"])
    assert np.abs(stored / 65535 * 2 - 1 - heatmap).max() <= 2 / 65535


def test_two_maps_of_one_method_get_two_files(films, tmp_path):
    first, second = films.attribution(), films.attribution(target="finding 1")
    second.heatmap[:] = 0.5
    document = write(tmp_path, ImageRecord.of(films.image(), films.analysis(attributions=(first, second))))
    names = [explanation["heatmap"] for explanation in document["images"][0]["explanations"]]
    assert len(set(names)) == 2
    assert read_png(tmp_path, names[1]).min() == 32768


def test_a_map_below_the_cut_off_says_why(films, tmp_path, validator):
    below = films.attribution(below_cutoff="score 0.03, cut-off 0.41")
    document = write(tmp_path, ImageRecord.of(films.image(), films.analysis(attributions=(below,))))
    validator.validate(document)
    assert document["images"][0]["explanations"][0]["below_cutoff"] == "score 0.03, cut-off 0.41"


def test_refused_image_has_no_results(films, tmp_path, validator):
    analysis = ImageAnalysis(image_key=f"{UID}#0", refused="This is a lateral view.")
    document = write(tmp_path, ImageRecord.of(films.image(), analysis))
    validator.validate(document)
    image = document["images"][0]
    assert image["refused"] == "This is a lateral view."
    assert (image["models"], image["measurements"], image["explanations"]) == ({}, [], [])
    assert (image["consensus"], image["suggestions"]) == (None, [])
    assert [path.name for path in tmp_path.iterdir()] == ["findings.json"]


def test_uncalibrated_image_has_no_millimetres(films, tmp_path, validator):
    document = write(tmp_path, ImageRecord.of(films.image(spacing=None), films.analysis(measurements=())))
    validator.validate(document)
    image = document["images"][0]
    assert image["spacing"] is None
    assert image["models"]["attention-unet"]["instances"][0]["area_mm2"] is None
    assert image["models"]["attention-unet"]["instances"][0]["area_pixels"] == 600


def test_absent_pneumothorax_has_an_empty_mask(films, tmp_path, validator):
    absent = films.prediction(score=0.02, instances=())
    document = write(tmp_path, ImageRecord.of(films.image(), films.analysis(predictions=(absent,))))
    validator.validate(document)
    model = document["images"][0]["models"]["attention-unet"]
    assert (model["present"], model["instances"]) == (False, [])
    assert document["images"][0]["suggestions"] == []
    assert read_png(tmp_path, model["mask"]).max() == 0


def test_consensus_of_two_networks_and_how_far_they_agree(films, tmp_path, validator):
    document = write(tmp_path, ImageRecord.of(films.image(), films.two_opinions()))
    validator.validate(document)
    image = document["images"][0]
    made = image["consensus"]
    # Equal weights: .934 and .8; .8 and .6 or .1 of the pixels, cut at .5.
    assert made["score"] == pytest.approx(0.867)
    assert np.array_equal(read_png(tmp_path, made["mask"]) == 255, rectangle_of(50, 70, 10, 30))
    assert read_png(tmp_path, made["probability"])[45, 15] == round(0.4 * 65535)
    assert image["models"]["mask-rcnn"]["engine"] == "torchvision"
    assert made["engine"] == "torch, torchvision"
    # 600 and 400 pixels, 400 of them shared.
    (overlap,) = made["agreement"]["dice"]
    assert overlap == {"models": ["attention-unet", "mask-rcnn"], "value": pytest.approx(0.8)}
    assert made["agreement"]["sides"] == [
        {"side": "right", "seen_by": ["attention-unet", "mask-rcnn"], "word": "both"},
        {"side": "left", "seen_by": [], "word": "none"},
    ]
    assert made["statements"] == [
        "Attention U-Net sees a right lateral pneumothorax, Mask R-CNN a right basolateral one."
    ]
    assert image["suggestions"] == [{"model": "consensus", "instance": 0}]


def test_what_one_network_alone_sees_is_suggested_as_its_own(films, tmp_path, validator):
    document = write(tmp_path, ImageRecord.of(films.image(), films.two_opinions(alone=True)))
    validator.validate(document)
    image = document["images"][0]
    assert image["consensus"]["instances"] == []
    assert read_png(tmp_path, image["consensus"]["mask"]).max() == 0
    assert image["consensus"]["statements"] == [
        "Attention U-Net sees a right lateral pneumothorax, Mask R-CNN does not."
    ]
    assert image["suggestions"] == [{"model": "attention-unet", "instance": 0}]


def rectangle_of(top: int, bottom: int, left: int, right: int) -> np.ndarray:
    mask = np.zeros((ROWS, COLUMNS), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def test_another_run_removes_what_the_earlier_one_named_and_nothing_else(films, tmp_path):
    report = tmp_path / "reports" / "0001_1.2.pdf"
    report.parent.mkdir()
    report.write_bytes(b"%PDF")
    path = write_findings(
        tmp_path, [ImageRecord.of(films.image(), films.two_opinions())], (), "0.1.0", CREATED,
        reports=[report],
    )  # fmt: skip
    assert json.loads(path.read_text("utf-8"))["reports"] == ["reports/0001_1.2.pdf"]
    own = tmp_path / "masks" / "mine.png"
    own.write_bytes(b"mine")
    write(tmp_path, ImageRecord.of(films.image(), films.analysis(attributions=())))
    left = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()}
    stem = f"0001_{UID}_attention-unet.png"
    assert left == {"findings.json", "masks/mine.png", f"masks/{stem}", f"probabilities/{stem}"}


@pytest.mark.parametrize(
    "named",
    ["../outside.png", "masks/../../outside.png", "/outside.png", "outside.png", "a.pdf"],
)
def test_a_foreign_findings_file_removes_nothing_of_other_people(films, tmp_path, named):
    outside = tmp_path / "outside.png"
    outside.write_bytes(b"keep")
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("outside.png", "a.pdf"):
        (folder / name).write_bytes(b"keep")
    (folder / "findings.json").write_text(json.dumps({"images": [{"mask": named}]}), "utf-8")
    write(folder, ImageRecord.of(films.image(), films.analysis()))
    assert outside.exists()
    assert (folder / "outside.png").exists()
    assert (folder / "a.pdf").exists()


def test_a_folder_that_is_a_link_is_left_alone(films, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "theirs.png").write_bytes(b"keep")
    folder = tmp_path / "out"
    folder.mkdir()
    try:
        (folder / "heatmaps").symlink_to(elsewhere, target_is_directory=True)
    except OSError:
        pytest.skip("links cannot be made here")
    (folder / "findings.json").write_text('{"images": ["heatmaps/theirs.png"]}', "utf-8")
    write(folder, ImageRecord.of(films.image(), films.analysis(attributions=())))
    assert (elsewhere / "theirs.png").exists()


def test_a_damaged_findings_file_of_an_earlier_run_is_replaced(films, tmp_path):
    (tmp_path / "findings.json").write_bytes(b"\xff{")
    assert write(tmp_path, ImageRecord.of(films.image(), films.analysis()))["images"]


def test_names_are_safe_unique_and_without_patient_data(films, tmp_path, validator):
    image = films.image()
    hostile = replace(
        image.reference, sop_instance_uid="../../etc/passwd\n1.2", display_path="Müller 王/\udcff.dcm"
    )
    same = ImageRecord.of(replace(image, reference=hostile), films.analysis())
    frame = ImageRecord.of(replace(image, reference=replace(hostile, frame=3)), films.analysis())
    document = write(tmp_path, same, same, frame)
    validator.validate(document)
    assert document["images"][0]["file"] == "Müller 王/?.dcm"
    masks = [entry["models"]["attention-unet"]["mask"] for entry in document["images"]]
    assert len(set(masks)) == 3
    for name in masks:
        assert re.fullmatch(r"masks/000\d_1\.2(-frame3)?_attention-unet\.png", name)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(written) == 1 + 3 * 3
    assert not any("assw" in name or "Olivia" in name for name in written)


def test_not_a_number_never_reaches_the_json(films, tmp_path, validator):
    faithfulness = replace(films.attribution().faithfulness, deletion_auc=float("nan"))
    nothing = np.full((ROWS, COLUMNS), np.nan, np.float32)
    broken = films.attribution(faithfulness=faithfulness, heatmap=nothing)
    document = write(tmp_path, ImageRecord.of(films.image(), films.analysis(attributions=(broken,))))
    validator.validate(document)
    assert document["images"][0]["explanations"][0]["faithfulness"]["deletion_auc"] is None
    assert "NaN" not in (tmp_path / "findings.json").read_text("utf-8")


def test_score_that_is_no_number_is_an_error_and_not_an_absence(films, tmp_path):
    broken = films.prediction(score=float("nan"))
    with pytest.raises(ValueError, match="score of attention-unet"):
        write(tmp_path, ImageRecord.of(films.image(), films.analysis(predictions=(broken,))))
    assert not (tmp_path / "findings.json").exists()


def test_map_in_another_grid_is_refused(films, tmp_path):
    record = replace(ImageRecord.of(films.image(), films.analysis()), rows=ROWS + 1)
    with pytest.raises(ValueError, match=r"\(121, 100\)"):
        write(tmp_path, record)


def test_records_are_taken_one_by_one_and_unreadable_files_last(films, tmp_path):
    unreadable: list[Unreadable] = []
    mask_seen: list[bool] = []

    def analyse() -> Iterator[ImageRecord]:
        yield ImageRecord.of(films.image(), films.analysis())
        mask_seen.append(any((tmp_path / "masks").glob("0001_*.png")))
        unreadable.append(Unreadable("b.dcm", "It ends in the middle."))

    path = write_findings(tmp_path, analyse(), unreadable, "0.1.0", CREATED)
    assert mask_seen == [True]
    assert json.loads(path.read_text("utf-8"))["unreadable"][0]["file"] == "b.dcm"


def test_folder_that_is_a_file_gives_a_sentence(films, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ReportError, match="is a file, not a folder"):
        write_findings(tmp_path / "out", (), (), "0.1.0", CREATED)
    assert (tmp_path / "out").read_text() == "mine"


def test_time_without_a_zone_is_refused(tmp_path):
    with pytest.raises(ValueError, match="time zone"):
        write_findings(tmp_path, (), (), "0.1.0", datetime(2026, 3, 1))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("images", 0, "surprise"), 1),
        (("images", 0, "models", "attention-unet", "score"), 1.5),
        (("images", 0, "models", "attention-unet", "mask"), "/etc/passwd"),
        (("images", 0, "models", "attention-unet", "mask"), "masks/../../a.png"),
        (("images", 0, "measurements", 0, "value"), None),
        (("images", 0, "spacing", "basis"), "guess"),
        (("created",), "yesterday"),
    ],
)
def test_schema_refuses_what_the_contract_does_not_allow(films, tmp_path, validator, place, value):
    document = write(tmp_path, ImageRecord.of(films.image(), films.analysis()))
    parent = document
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    with pytest.raises(ValidationError):
        validator.validate(document)


def test_documentation_names_every_field_and_its_example_is_valid(validator):
    text = (ROOT / "docs" / "findings-json.md").read_text("utf-8")

    def fields(schema: object) -> Iterator[str]:
        if isinstance(schema, dict):
            yield from schema.get("properties", {})
            for value in schema.values():
                yield from fields(value)
        elif isinstance(schema, list):
            for value in schema:
                yield from fields(value)

    assert [name for name in set(fields(validator.schema)) if f"`{name}`" not in text] == []
    (example,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    validator.validate(json.loads(example))
