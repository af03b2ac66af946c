from __future__ import annotations

import gzip
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.training.films import Box, read_grey
from models.training.readers import nih, polygon, siim_acr
from models.training.readers.coco import coco_document, read_coco
from models.training.readers.folder import CONTRADICTION, NO_PICTURE, read_folder
from models.training.readers.nih import read_boxes, read_nih
from models.training.readers.run_length import (
    compress,
    decode_counts,
    decode_relative,
    decompress,
    encode_counts,
    encode_relative,
)
from models.training.readers.siim_acr import read_annotations, read_siim_acr, union


def picture(path: Path, shape: tuple[int, int] = (16, 16), value: int | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = np.random.default_rng(len(path.name)).integers(0, 255, shape).astype(np.uint8)
    if value is not None:
        grey[:] = value
    assert cv2.imwrite(str(path), grey)
    return path


def test_relative_runs_by_hand() -> None:
    """A grid of 3 rows, 4 columns: skip 1, take 2 (rest of column 0), skip 3 (column 1), take 1."""
    mask = decode_relative("1 2 3 1", (3, 4))
    assert mask.astype(int).tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0]]
    assert encode_relative(mask) == "1 2 3 1"
    assert not decode_relative(" -1", (3, 4)).any()
    assert encode_relative(np.zeros((3, 4), bool)) == "-1"
    assert encode_relative(np.ones((2, 3), bool)) == "0 6"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 2 3", "pairs"),
        ("", "pairs"),
        ("4 x", "whole numbers, found 'x'"),
        ("10 5", "do not fit an image of 3 rows and 4 columns"),
        ("-2 5", "pairs"),
    ],
)
def test_damaged_runs_are_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        decode_relative(text, (3, 4))


masks = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1)).map(
    lambda t: np.random.default_rng(t[2]).random((t[0], t[1])) < 0.4
)


@given(masks)
def test_every_kind_of_run_length_is_its_own_inverse(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(decode_relative(encode_relative(mask), mask.shape), mask)
    counts = encode_counts(mask)
    np.testing.assert_array_equal(decode_counts(counts, mask.shape), mask)
    assert decompress(compress(counts)) == counts


def test_compressed_counts_by_hand() -> None:
    """5 -> chr(48 + 5); 40 -> low five bits 8 with the continuation bit, then 1: chr(88), chr(49).

    The fourth count is written as its difference to the second, -36: low five bits of -36 are 28, with the
    continuation bit chr(108); the rest is -2, in five bits 30 whose sign bit is set: chr(78).
    """
    assert compress([5, 40, 3, 4]) == "5X13lN"
    assert decompress("5X13lN") == [5, 40, 3, 4]
    with pytest.raises(ValueError, match="end within a number"):
        decompress("5X")
    with pytest.raises(ValueError, match="character ' '"):
        decompress("5 1")


def test_the_challenges_masks_come_out_as_they_were_drawn(shared_data: Path) -> None:
    folder = shared_data / "siim"
    annotations = read_annotations(folder / "train-rle.csv.gz")
    assert len(annotations) == 11_997
    assert sum(bool(texts) for texts in annotations.values()) == 2_639
    assert max(len(texts) for texts in annotations.values()) == 10
    compared = 0
    for path in sorted((folder / "masks").glob("*.png")):
        drawn = read_grey(path) > 0
        if drawn.shape == (1024, 1024) and annotations.get(path.stem):
            mask = union(annotations[path.stem])
            np.testing.assert_array_equal(mask, drawn)
            compared += 1
    assert compared > 40


@pytest.mark.parametrize("stage", [1, 2])
def test_both_stages_of_the_challenge(tmp_path: Path, stage: int) -> None:
    header = "ImageId, EncodedPixels" if stage == 1 else "ImageId,EncodedPixels"
    blank = " " if stage == 1 else ""
    table = tmp_path / "train-rle.csv"
    table.write_text(
        f"{header}\none,{blank}-1\ntwo,{blank}10 5\ntwo,{blank}2058 4\nbad,{blank}9 x\ngone,{blank}-1\n"
    )
    folder = tmp_path / "dicom-images-train"
    for name in ("one", "two", "bad", "unlabelled"):
        picture(folder / f"study-{name}" / f"{name}.png")
    people = tmp_path / "people.csv"
    people.write_text("image_id,patient,view\ntwo,p7,AP\n")
    reading = read_siim_acr(folder, table, tmp_path / "masks", people)
    one, two = reading.films
    assert (one.film_id, one.positive, one.mask, one.patient) == ("one", False, None, "siim-acr-one")
    assert (two.positive, two.patient, two.view) == (True, "siim-acr-p7", "AP")
    drawn = np.argwhere(read_grey(two.mask).T.ravel() > 0).ravel().tolist()
    assert drawn == [*range(10, 15), *range(2058, 2062)]
    assert [(left.name, left.reason) for left in reading.left_out] == [
        ("bad", siim_acr.DAMAGED_LABEL),
        ("unlabelled", siim_acr.NOT_LABELLED),
        ("gone", siim_acr.NO_PICTURE),
    ]
    assert "'x'" in reading.left_out[0].detail


def test_a_contradiction_in_the_annotation_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ImageId,EncodedPixels\none,-1\none,1 2\n")
    with pytest.raises(ValueError, match=r"a\.csv says of one both"):
        read_annotations(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("ImageId,Pixels\n")
    with pytest.raises(ValueError, match=r"b\.csv has no column named 'EncodedPixels'"):
        read_annotations(tmp_path / "b.csv")
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress(b"ImageId,EncodedPixels\none,-1\n")[:-9])
    with pytest.raises(ValueError, match=r"c\.csv\.gz cannot be read as a table"):
        read_annotations(tmp_path / "c.csv.gz")


def test_nih_films_with_boxes(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "Image Index,Finding Labels,Follow-up #,Patient ID,View Position\n"
        "00000001_000.png,Effusion|Pneumothorax,0,1,AP\n00000001_001.png,No Finding,1,1,PA\n"
        "00000002_000.png,Hydropneumothorax,0,2,PA\n00000003_000.png,No Finding,0,3,PA\n"
    )
    (tmp_path / "boxes.csv").write_text(
        "Image Index,Finding Label,Bbox [x,y,w,h],,,\n00000001_000.png,Pneumothorax,1.5,2,30,40,,,\n"
        "00000001_000.png,Effusion,5,6,7,8,,,\n"
    )
    for number, name in enumerate(
        ["00000001_000.png", "00000001_001.png", "00000002_000.jpg", "00000009_000.png"]
    ):
        picture(tmp_path / f"images_{number // 2 + 1:03}" / "images" / name)
    reading = read_nih(tmp_path, tmp_path / "labels.csv", tmp_path / "boxes.csv")
    assert [(f.film_id, f.positive, f.patient, f.view) for f in reading.films] == [
        ("00000001_000", True, "nih-1", "AP"),
        ("00000001_001", False, "nih-1", "PA"),
        ("00000002_000", False, "nih-2", "PA"),
    ]
    assert reading.films[0].boxes == (Box(1.5, 2, 30, 40),)
    assert reading.films[1].boxes == ()
    assert [(left.name, left.reason) for left in reading.left_out] == [
        ("00000009_000.png", nih.NOT_LABELLED),
        ("00000003_000.png", nih.NO_PICTURE),
    ]


def test_the_real_nih_tables(shared_data: Path) -> None:
    labels = shared_data / "labels"
    boxes = read_boxes(labels / "BBox_List_2017.csv.gz")
    assert sum(len(group) for group in boxes.values()) == 98
    reading = read_nih(shared_data / "nih" / "images", labels / "Data_Entry_2017_v2020.csv.gz")
    assert len(reading.films) == 454
    assert len(reading.left_out) == 112_120 - 454
    # The collection's own table was made from the same labels.
    positive = {film.film_id for film in reading.films if film.positive}
    assert len(positive) == 22


def test_a_plain_folder(tmp_path: Path) -> None:
    for name in ("drawn", "empty", "bare", "called", "liar", "broken"):
        picture(tmp_path / "images" / f"{name}.png")
    picture(tmp_path / "images" / "bare.jpg")
    picture(tmp_path / "masks" / "drawn.png", value=1)
    picture(tmp_path / "masks" / "empty.png", value=0)
    picture(tmp_path / "masks" / "liar.png", value=1)
    picture(tmp_path / "masks" / "orphan.png", value=1)
    (tmp_path / "masks" / "broken.png").write_bytes(b"no picture")
    (tmp_path / "labels.csv").write_text(
        "file,pneumothorax,patient,view,drain\ncalled.png,1,7,AP,1\nbare.png,,7,,\nliar.png,0,8,PA,0\n"
    )
    reading = read_folder(tmp_path, "mine")
    films = {film.film_id: film for film in reading.films}
    assert {name: (f.positive, f.mask is not None) for name, f in films.items()} == {
        "bare": (False, False),
        "called": (True, False),
        "drawn": (True, True),
        "empty": (False, False),
    }
    assert films["called"].patient == films["bare"].patient == "mine-7"
    assert films["called"].view == "AP"
    assert (films["called"].drain, films["bare"].drain) == (True, None)
    assert {(left.name, left.reason) for left in reading.left_out} == {
        ("bare.png", "another film has the same name"),
        ("broken", "the mask cannot be read"),
        ("liar", CONTRADICTION),
        ("orphan", NO_PICTURE),
    }


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no folder '.*images'"):
        read_folder(tmp_path)
    picture(tmp_path / "images" / "a.png")
    (tmp_path / "labels.csv").write_text("file,pneumothorax\na.png,yes\n")
    with pytest.raises(ValueError, match=r"pneumothorax of a\.png is 'yes'; it must be 0 or 1"):
        read_folder(tmp_path)


def test_a_polygon_by_hand() -> None:
    """From (1, 1) to (4, 3): columns 1 to 3 and rows 1 to 2, edges of pixels."""
    mask = polygon.fill([1, 1, 4, 1, 4, 3, 1, 3], (5, 6))
    expected = np.zeros((5, 6), bool)
    expected[1:3, 1:4] = True
    np.testing.assert_array_equal(mask, expected)
    # A triangle covers half of the pixels that its long side crosses, or less.
    triangle = polygon.fill([0, 0, 4, 0, 0, 4], (4, 4))
    assert triangle[0, :3].all()
    assert not triangle[3, 1:].any()
    # What lies outside is cut off, not moved in.
    assert polygon.fill([-9, -9, 2, -9, 2, 9, -9, 9], (4, 4)).sum() == 8
    assert not polygon.fill([10, 10, 12, 10, 12, 12], (4, 4)).any()
    with pytest.raises(ValueError, match="three points"):
        polygon.fill([1, 1, 2, 2], (4, 4))


@pytest.mark.parametrize("encoding", ["polygon", "counts", "compressed"])
def test_films_go_out_as_coco_and_come_back(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "images").mkdir()
    rng = np.random.default_rng(4)
    noise = cv2.GaussianBlur(rng.random((60, 45)).astype(np.float32), (0, 0), 3)
    ring = np.zeros((60, 45), bool)
    ring[10:30, 10:30] = True
    ring[15:20, 15:20] = False
    drawings = {"blobs": noise > 0.52, "ring": ring}
    for name, mask in drawings.items():
        picture(tmp_path / "images" / f"{name}.png", (60, 45))
        (tmp_path / "masks").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "masks" / f"{name}.png"), mask.astype(np.uint8) * 255)
    picture(tmp_path / "images" / "none.png", (60, 45))
    films = read_folder(tmp_path, "coco").films
    document = coco_document(films, tmp_path / "images", encoding)
    (tmp_path / "out.json").write_text(json.dumps(document))
    reading = read_coco(tmp_path / "out.json", tmp_path / "images", tmp_path / "again")
    assert reading.left_out == ()
    assert {f.film_id: f.positive for f in reading.films} == {"blobs": True, "ring": True, "none": False}
    for film in reading.films:
        if film.mask is not None:
            np.testing.assert_array_equal(read_grey(film.mask) > 0, drawings[film.film_id])
    square = [a for a in document["annotations"] if a["bbox"] == [10, 10, 20, 20]]
    assert square[0]["area"] == 375
    kinds = {type(a["segmentation"]) for a in document["annotations"]}
    assert kinds == ({list, dict} if encoding == "polygon" else {dict})


def test_a_coco_file_of_someone_else(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a" / "1.png", (8, 8))
    picture(tmp_path / "in" / "a" / "2.png", (8, 8))
    picture(tmp_path / "outside.png", (8, 8))
    entry = {"height": 8, "width": 8}
    square = [[0, 0, 4, 0, 4, 4, 0, 4]]
    content = {
        "images": [
            {"id": "x", "file_name": "a/1.png", "patient": "p", "view": "AP", **entry},
            {"id": "y", "file_name": "a/2.png", **entry},
            {"id": "z", "file_name": "../outside.png", **entry},
            {"id": "w", "file_name": "gone.png", **entry},
        ],
        "annotations": [
            {"id": 1, "image_id": "x", "category_id": 3, "segmentation": square},
            {"id": 2, "image_id": "x", "category_id": 4, "segmentation": [[0, 0, 8, 0, 8, 8, 0, 8]]},
            {"id": 3, "image_id": "y", "category_id": 3, "segmentation": {"size": [4, 4], "counts": [16]}},
        ],
        "categories": [{"id": 3, "name": "Pneumothorax"}, {"id": 4, "name": "Lung"}],
    }
    path = tmp_path / "instances.json"
    path.write_text(json.dumps(content))
    reading = read_coco(path, tmp_path / "in", tmp_path / "masks")
    assert [(f.film_id, f.patient, f.view) for f in reading.films] == [("a_1", "coco-p", "AP")]
    assert (read_grey(reading.films[0].mask) > 0).sum() == 16
    assert {left.name: left.reason for left in reading.left_out} == {
        "a_2": "the annotation cannot be read",
        "../outside.png": "the annotation file lists a film that is not there",
        "gone.png": "the annotation file lists a film that is not there",
    }
    with pytest.raises(ValueError, match="no category 'nodule'; there are: Pneumothorax, Lung"):
        read_coco(path, tmp_path / "in", tmp_path / "masks", category="nodule")
    path.write_text("{}")
    with pytest.raises(ValueError, match="not a COCO instance document"):
        read_coco(path, tmp_path / "in", tmp_path / "masks")
    path.write_text("{")
    with pytest.raises(ValueError, match="cannot be read as JSON"):
        read_coco(path, tmp_path / "in", tmp_path / "masks")
