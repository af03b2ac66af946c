from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest

import resources
from models.training.films import read_grey
from models.training.manifest import read_manifest
from models.training.readers.run_length import encode_relative
from ptx_viewer.cli import main
from ptx_viewer.datasets.dicom_films import NOT_SQUARE, UNREADABLE, write_films
from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan

SAMPLE = Path(resources.__file__).parent / "sample_study"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The sample study's two films as a challenge folder, and a file that is none."""
    folder = tmp_path / "dicom-images-train"
    for number, path in enumerate(sorted(SAMPLE.glob("*.dcm"))):
        place = folder / f"study-{number}" / "series"
        place.mkdir(parents=True)
        shutil.copy(path, place)
    (folder / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 60)
    return folder


def test_dicom_films_become_pictures_as_displayed(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    left_out = write_films(tree, out)
    assert [(item.name, item.reason) for item in left_out] == [("broken.dcm", UNREADABLE)]
    entries = list(scan([tree]).instances())
    assert len(entries) == 2
    for entry in entries:
        grey = read_grey(out / "images" / f"{entry.sop_instance_uid}.png")
        shown = np.clip(read_image(entry).pixels, 0, 1) * 255
        assert grey.shape == shown.shape
        assert np.abs(grey - shown).max() <= 0.5 + 1e-3
    people = rows(out / "people.csv")
    assert [row["image_id"] for row in people] == sorted(entry.sop_instance_uid for entry in entries)
    # One person, by a digest and not by name or ID.
    assert len({row["patient"] for row in people}) == 1
    identity = read_image(entries[0]).patient
    assert identity.patient_id
    text = (out / "people.csv").read_text()
    assert identity.patient_id not in text
    # What is there is not decoded again.
    before = {path: path.stat().st_mtime_ns for path in (out / "images").iterdir()}
    write_films(tree, out)
    assert {path: path.stat().st_mtime_ns for path in (out / "images").iterdir()} == before


def test_a_film_whose_pixels_are_not_square_is_left_out(tree: Path, tmp_path: Path) -> None:
    path = next(tree.rglob("current*.dcm"))
    dataset = pydicom.dcmread(path)
    row_mm, column_mm = dataset.ImagerPixelSpacing
    dataset.ImagerPixelSpacing = [2 * row_mm, column_mm]
    dataset.save_as(path)
    left_out = write_films(tree, tmp_path / "out")
    assert [(item.name, item.reason, item.detail) for item in left_out if item.reason == NOT_SQUARE] == [
        (dataset.SOPInstanceUID, NOT_SQUARE, "2 times as high as wide")
    ]
    assert len(list((tmp_path / "out" / "images").iterdir())) == 1


def test_the_challenge_as_dicom_becomes_a_manifest(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uids = sorted(entry.sop_instance_uid for entry in scan([tree]).instances())
    drawn = np.zeros((1024, 1024), bool)
    drawn[100:300, 50:150] = True
    table = tmp_path / "train-rle.csv"
    table.write_text(f"ImageId, EncodedPixels\n{uids[0]}, -1\n{uids[1]}, {encode_relative(drawn)}\n")
    words = ["prepare", "siim-acr", str(tree), "--labels", str(table), "--out", str(tmp_path / "out")]
    words += [
        "--test",
        "0",
        "--validation",
        "0",
        "--folds",
        "0",
        "--any-view",
        "--coco",
        str(tmp_path / "c.json"),
    ]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "films of 1 patients" in printed
    assert f"1 left out: {UNREADABLE}" in printed
    entries = read_manifest(tmp_path / "out" / "manifest.csv")
    assert [entry.part for entry in entries] == ["train"] * len(entries)
    outlined = [entry.film for entry in entries if entry.film.mask is not None]
    assert [film.film_id for film in outlined] == [uids[1]]
    np.testing.assert_array_equal(read_grey(outlined[0].mask) > 0, drawn)
    document = json.loads((tmp_path / "c.json").read_text())
    assert document["annotations"][0]["bbox"] == [50, 100, 100, 200]
    assert (tmp_path / document["images"][0]["file_name"]).is_file()
    assert {row["name"] for row in rows(tmp_path / "out" / "left-out.csv")} >= {"broken.dcm"}


def test_films_of_an_earlier_manifest_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, seeds in (("one", range(4)), ("two", range(3, 8))):
        (tmp_path / name / "images").mkdir(parents=True)
        for seed in seeds:
            coarse = np.random.default_rng(seed).random((9, 9)).astype(np.float32)
            grey = cv2.resize(coarse, (96, 96), interpolation=cv2.INTER_CUBIC).clip(0, 1) * 255
            assert cv2.imwrite(str(tmp_path / name / "images" / f"{name}-{seed}.png"), grey.astype(np.uint8))
    plain = ["--any-view", "--folds", "0"]
    assert main(["prepare", "folder", str(tmp_path / "one"), "--out", str(tmp_path / "a"), *plain]) == 0
    earlier = str(tmp_path / "a" / "manifest.csv")
    words = ["prepare", "folder", str(tmp_path / "two"), "--out", str(tmp_path / "b"), "--earlier", earlier]
    assert main([*words, *plain]) == 0
    assert "1 left out: the film repeats another one" in capsys.readouterr().out
    left = rows(tmp_path / "b" / "left-out.csv")
    assert left == [
        {"name": "two-3", "reason": "the film repeats another one", "detail": "the same as one one-3"}
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["folder", "nowhere"], "there is no folder 'nowhere"),
        (["folder", "nowhere", "--test", "0.9", "--validation", "0.2"], "leave films to train on"),
        (["nih", ".", "--labels", "none.csv"], "none.csv cannot be read as a table"),
    ],
)
def test_what_cannot_be_prepared_is_said(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["prepare", *words, "--out", "out", "--any-view"]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_labels_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["prepare", "siim-acr", "x", "--out", "y"])
    assert "siim-acr needs --labels" in capsys.readouterr().err


def test_genuine_challenge_files_become_films(shared_data: Path, tmp_path: Path) -> None:
    left_out = write_films(shared_data / "dicom" / "chest", tmp_path)
    # Two of the three files bear the same SOPInstanceUID: which one a label means nobody can say.
    assert [item.name for item in left_out] == ["siim-jpeg-baseline-normal.dcm"]
    assert "the same id" in left_out[0].detail
    pictures = sorted((tmp_path / "images").iterdir())
    assert len(pictures) == 2
    entries = {entry.sop_instance_uid: entry for entry in scan([shared_data / "dicom" / "chest"]).instances()}
    for path in pictures:
        grey = read_grey(path)
        # The picture is the film as the viewer shows it: 8 bits, no more.
        assert np.abs(grey - 255 * read_image(entries[path.stem]).pixels).max() <= 0.5 + 1e-3
        assert grey.shape == (1024, 1024)
        assert grey.std() > 30
