"""The reader on genuine files: every one opens or says why, and the values are the right ones."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ptx_viewer.study.errors import StudyError
from ptx_viewer.study.image import Image2D
from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan
from ptx_viewer.study.spacing import SpacingBasis
from ptx_viewer.study.stack import open_stack

#: What pydicom and its plugins cannot decode, with the sentence's essential word.
_NOT_DECODABLE = {
    "liver_deflate.dcm": "cannot be decoded",
    "liver_nonbyte_aligned_deflate.dcm": "cannot be decoded",
    "liver_rle.dcm": "cannot be decoded",
    "liver_nonbyte_aligned_rle.dcm": "cannot be decoded",
}


def load(path: Path, frame: int = 0) -> Image2D:
    (entry,) = scan([path]).instances()
    return read_image(entry, frame)


def test_every_dicom_file_opens_or_says_why(shared_data: Path) -> None:
    refused = {}
    files = sorted(path for path in (shared_data / "dicom").rglob("*") if path.is_file())
    assert len(files) > 100
    for path in files:
        catalogue = scan([path])
        entries = list(catalogue.instances())
        assert len(entries) + len(catalogue.unreadable) == 1
        for row in catalogue.unreadable:
            refused[path.name] = row.reason
        for entry in entries:
            for frame in range(entry.number_of_frames):
                try:
                    image = read_image(entry, frame)
                except StudyError as error:
                    refused[path.name] = str(error)
                    continue
                assert image.shape == (entry.rows, entry.columns)
                assert image.pixels.dtype == np.float32
                assert image.raw.dtype in (np.int16, np.int32, np.float32)
                assert image.raw.shape == image.shape
                assert np.isfinite(image.pixels).all()
                assert 0 <= image.pixels.min() < image.pixels.max() <= 1
                assert image.colour is None or image.colour.shape == (*image.shape, 3)
    python_files = {path.name for path in files if path.suffix == ".py"}
    assert set(refused) == python_files | set(_NOT_DECODABLE) | (
        {"emri_small_jpeg_2k_lossless_too_short.dcm"} & set(refused)
    )
    for name, words in _NOT_DECODABLE.items():
        assert words in refused[name]


def test_scanning_everything_accounts_for_every_file(shared_data: Path) -> None:
    folder = shared_data / "dicom"
    catalogue = scan([folder])
    listed = {entry.display_path for entry in catalogue.instances()}
    rows = {row.display_path for row in catalogue.unreadable}
    assert listed.isdisjoint(rows)
    assert listed | rows == {str(path) for path in folder.rglob("*.dcm")}


@pytest.mark.parametrize(
    ("picture", "encodings", "tolerance"),
    [
        ("wg04/CT1", ["J2KR", "JLSL", "RLE"], 0),
        ("wg04/CT2", ["J2KR", "JLSL", "RLE"], 0),
        ("wg04/RG3", ["J2KR", "JLSL"], 0),
        ("wg04/XA1", ["J2KR", "JLSL"], 0),
        ("wg04/CT2", ["J2KR", "JLSN"], 4),
        ("wg04/RG3", ["J2KR", "JLSN"], 10),
        ("wg04/XA1", ["J2KR", "JLSN"], 10),
    ],
)
def test_one_picture_in_several_encodings(
    shared_data: Path, picture: str, encodings: list[str], tolerance: int
) -> None:
    first, *others = (load(shared_data / "dicom" / f"{picture}_{name}.dcm") for name in encodings)
    for other in others:
        difference = np.abs(first.raw.astype(np.int64) - other.raw)
        assert difference.max() <= tolerance
        assert first.window == other.window
        assert first.inverted == other.inverted


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("US1_UNCR.dcm", "US1_J2KR.dcm"),
        ("SC_rgb.dcm", "SC_rgb_expb.dcm"),
        ("SC_rgb.dcm", "SC_rgb_16bit.dcm"),
        ("SC_rgb.dcm", "SC_rgb_32bit.dcm"),
        ("SC_rgb_16bit.dcm", "SC_rgb_expb_16bit.dcm"),
        ("OBXXXX1A.dcm", "OBXXXX1A_rle.dcm"),
        ("OBXXXX1A.dcm", "OBXXXX1A_expb.dcm"),
        ("JLSL_RGB_ILV0.dcm", "JLSL_RGB_ILV2.dcm"),
        ("color-pl.dcm", "color-px.dcm"),
    ],
)
def test_one_colour_picture_in_several_encodings(shared_data: Path, one: str, other: str) -> None:
    folder = shared_data / "dicom" / "pydicom-data"
    first, second = load(folder / one), load(folder / other)
    assert first.colour is not None
    assert second.colour is not None
    np.testing.assert_array_equal(first.colour, second.colour)


def test_frames_in_several_encodings(shared_data: Path) -> None:
    folder = shared_data / "dicom" / "pydicom-data"
    for frame in (0, 4, 9):
        plain = load(folder / "emri_small.dcm", frame).raw
        for name in ("RLE", "big_endian", "jpeg_2k_lossless", "jpeg_ls_lossless"):
            np.testing.assert_array_equal(load(folder / f"emri_small_{name}.dcm", frame).raw, plain)


def test_monochrome1_film_is_the_inverted_monochrome2_one(shared_data: Path) -> None:
    folder = shared_data / "dicom" / "chest"
    dark, bright = load(folder / "monochrome1-siim.dcm"), load(folder / "siim-jpeg-baseline-normal.dcm")
    np.testing.assert_array_equal(dark.raw, bright.raw)
    np.testing.assert_allclose(dark.pixels, 1 - bright.pixels, atol=1e-6)


def test_studies_show_the_films_they_were_made_from(shared_data: Path) -> None:
    """Every encoding of bits, polarity and compression shows the source PNG's greys."""
    with (shared_data / "studies-truth.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["mask"]]
    assert rows
    for row in rows:
        image = load(shared_data / row["file"])
        source = np.asarray(Image.open(shared_data / "siim" / "images" / Path(row["mask"]).name).convert("L"))
        assert image.shape == source.shape
        grey = source.astype(np.float64).ravel()
        correlation = np.corrcoef(image.pixels.ravel(), grey)[0, 1]
        assert correlation > 0.97, row["study"]  # the window clips a little; a wrong polarity gives -1


def test_calibration_of_the_studies(shared_data: Path) -> None:
    found = {}
    for number in range(7):
        (entry,) = scan([shared_data / "studies" / f"PTX{number:04d}"]).instances()
        spacing = read_image(entry).spacing
        assert spacing is not None
        found[number] = (round(spacing.row_mm, 4), spacing.basis)
    assert found == {
        0: (0.4582, SpacingBasis.ERMF),  # 0.504 / 1.1
        1: (0.42, SpacingBasis.UNKNOWN),
        2: (0.36, SpacingBasis.CALIBRATED),
        3: (0.4582, SpacingBasis.ERMF),
        4: (0.42, SpacingBasis.UNKNOWN),
        5: (0.36, SpacingBasis.CALIBRATED),
        6: (0.4582, SpacingBasis.ERMF),
    }


def test_real_ct_in_two_encodings(shared_data: Path) -> None:
    (series,) = scan([shared_data / "studies" / "CT-LUNG30"]).series()
    stack = open_stack(series)
    assert len(stack) == 30
    assert stack.notices == ()
    assert stack.positions is not None
    np.testing.assert_allclose(np.diff(stack.positions), -8)
    for index in (0, 15, 29):
        image = stack.image(index)
        assert image.raw_unit == "HU"
        air_outside = image.raw[:40, :40]
        assert -1024 <= np.median(air_outside) <= -950
        assert image.orientation.row_direction == "L"
        assert image.orientation.column_direction == "P"


def test_lookup_tables_of_the_test_pattern(shared_data: Path) -> None:
    folder = shared_data / "dicom" / "pydicom-data"
    assert load(folder / "mlut_18.dcm").raw.max() == 65535
    voi = load(folder / "vlut_04.dcm")
    assert voi.pixels.min() == 0
    assert voi.pixels.max() == 1
