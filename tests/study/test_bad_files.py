"""Every kind of bad file gets a sentence, and nothing else happens."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    BasicTextSRStorage,
    EncapsulatedPDFStorage,
    ExplicitVRBigEndian,
    GrayscaleSoftcopyPresentationStateStorage,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from ptx_viewer.study.errors import StudyError
from ptx_viewer.study.image import Image2D
from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan

Write = Callable[..., Path]
Reason = Callable[[Path], str]
ImageOf = Callable[..., Image2D]
CUT_SHORT = "The file is cut short: it holds less pixel data than its header announces."


def test_zero_bytes(tmp_path: Path, reason_of: Reason) -> None:
    path = tmp_path / "empty.dcm"
    path.touch()
    assert reason_of(path) == "The file is empty (zero bytes)."


@pytest.mark.parametrize("content", [b"hello", b"\x89PNG", b"%PDF-1.4" + b" " * 200, b"\0" * 1000, b"GIF89a"])
def test_not_dicom(tmp_path: Path, reason_of: Reason, content: bytes) -> None:
    path = tmp_path / "strange.dcm"
    path.write_bytes(content)
    assert reason_of(path) == "This is not a DICOM file, nor a PNG or JPEG picture."


def test_preamble_and_nothing_more(tmp_path: Path, reason_of: Reason) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(b"\0" * 128 + b"DICM")
    assert reason_of(path) == "The file is damaged: its DICOM header cannot be read."


def test_cut_short(write: Write, reason_of: Reason) -> None:
    path = write("a.dcm")
    path.write_bytes(path.read_bytes()[:-50])
    assert reason_of(path) == CUT_SHORT


def test_compressed_file_cut_short(write: Write, reason_of: Reason) -> None:
    path = write("a.dcm")
    ds = dcmread(path)
    ds.compress(RLELossless, generate_instance_uid=False)
    ds.save_as(path)
    path.write_bytes(path.read_bytes()[:-60])
    assert reason_of(path) == CUT_SHORT


def test_no_pixel_data(write: Write, reason_of: Reason) -> None:
    assert reason_of(write("a.dcm", PixelData=None)) == "The file holds no picture: it has no pixel data."


@pytest.mark.parametrize(
    ("sop_class", "modality", "meaning"),
    [
        (BasicTextSRStorage, "SR", "a structured report"),
        (GrayscaleSoftcopyPresentationStateStorage, "PR", "a presentation state (saved display settings)"),
        (EncapsulatedPDFStorage, "DOC", "a PDF document"),
    ],
)
def test_objects_that_are_no_pictures(write: Write, sop_class: str, modality: str, meaning: str) -> None:
    path = write("a.dcm", SOPClassUID=sop_class, Modality=modality, Rows=None, Columns=None, PixelData=None)
    (row,) = scan([path]).unreadable
    assert row.reason == f"The file holds {meaning}, not a picture."
    assert row.harmless


@pytest.mark.parametrize(("rows", "columns"), [(65535, 65535), (65535, 2000)])
def test_absurd_size_is_refused_before_memory_is_spent(
    write: Write, reason_of: Reason, rows: int, columns: int
) -> None:
    reason = reason_of(write("a.dcm", Rows=rows, Columns=columns))
    assert reason == (
        f"The file states a picture of {columns} × {rows} pixels; more than 100 million are not opened."
    )


@pytest.mark.parametrize("keyword", ["Rows", "Columns"])
def test_missing_size(write: Write, reason_of: Reason, keyword: str) -> None:
    assert reason_of(write("a.dcm", **{keyword: None})) == (
        "The file holds no picture: it states no rows and columns."
    )


def test_unknown_transfer_syntax(write: Write, reason_of: Reason) -> None:
    path = write("a.dcm")
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.99999.9.9.9\0"))
    assert reason_of(path) == "The picture is stored as “1.2.840.99999.9.9.9”, which cannot be decoded."


def test_video_is_named_as_what_it_is(write: Write, reason_of: Reason) -> None:
    path = write("a.dcm", PixelData=encapsulate([b"\0" * 20]), transfer_syntax="1.2.840.10008.1.2.4.102")
    reason = reason_of(path)
    assert "MPEG-4" in reason
    assert "cannot be decoded" in reason


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGLSLossless, JPEG2000Lossless, RLELossless])
def test_garbage_instead_of_a_compressed_frame(write: Write, reason_of: Reason, syntax: str) -> None:
    path = write("a.dcm", PixelData=encapsulate([b"\x55" * 400]), transfer_syntax=syntax)
    assert reason_of(path) == "The picture is damaged: its pixel data cannot be decoded."


def test_compressed_frame_of_another_size_is_not_decoded(
    write: Write, reason_of: Reason, tmp_path: Path
) -> None:
    jpeg = tmp_path / "x.jpg"
    Image.new("L", (64, 48)).save(jpeg)
    path = write("a.dcm", PixelData=encapsulate([jpeg.read_bytes()]), transfer_syntax=JPEGBaseline8Bit)
    jpeg.unlink()
    assert reason_of(path) == (
        "The file contradicts itself: its header states 10 × 12 pixels, the picture inside has 64 × 48."
    )


@pytest.mark.parametrize("syntax", ["ExplicitVRLittleEndian", ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_no_preamble_and_no_transfer_syntax(write: Write, image_of: ImageOf, syntax: str) -> None:
    values = {} if syntax == "ExplicitVRLittleEndian" else {"transfer_syntax": syntax}
    path = write("a.dcm", **values)
    content = path.read_bytes()
    group_length = struct.unpack("<I", content[140:144])[0]
    path.write_bytes(content[144 + group_length :])
    image = image_of(path)
    np.testing.assert_array_equal(image.raw, np.arange(120).reshape(12, 10))
    assert any("does not name its transfer syntax" in notice for notice in image.notices)


def test_wrong_vr_and_odd_length_cost_only_their_attribute(write: Write, image_of: ImageOf) -> None:
    path = write("a.dcm", PixelSpacing=[0.2, 0.2], WindowCenter=60, WindowWidth=121)
    ds = dcmread(path)
    ds["PixelSpacing"] = DataElement(0x00280030, "SH", "rubbish")
    ds["WindowCenter"] = DataElement(0x00281050, "LO", "sixty")
    ds["InstanceNumber"] = DataElement(0x00200013, "LO", "one")
    ds.save_as(path)
    image = image_of(path)
    assert image.spacing is None
    assert image.shape == (12, 10)
    assert len(image.notices) == 2


def test_rows_written_as_text_are_understood(write: Write, image_of: ImageOf) -> None:
    path = write("a.dcm")
    ds = dcmread(path)
    ds["Rows"] = DataElement(0x00280010, "IS", "12")
    ds.save_as(path)
    assert image_of(path).shape == (12, 10)


@pytest.mark.parametrize(
    "keyword",
    ["PhotometricInterpretation", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel"],
)
def test_missing_pixel_attribute_is_assumed(write: Write, image_of: ImageOf, keyword: str) -> None:
    image = image_of(write("a.dcm", WindowCenter=60, WindowWidth=121, **{keyword: None}))
    np.testing.assert_array_equal(image.raw, np.arange(120).reshape(12, 10))
    assert len(image.notices) == (keyword in {"PhotometricInterpretation", "BitsStored"})


def test_palette_without_tables(write: Write, reason_of: Reason) -> None:
    path = write("a.dcm", np.zeros((4, 4), np.uint8), PhotometricInterpretation="PALETTE COLOR")
    assert reason_of(path) == "The picture's colour palette is missing or damaged."


def test_impossible_bits(write: Write, reason_of: Reason) -> None:
    path = write("a.dcm", np.zeros((4, 4), np.uint16), BitsAllocated=13)
    assert reason_of(path) == "The file states 13 bits allocated per pixel, which no picture can have."


def test_frame_that_does_not_exist(write: Write) -> None:
    (entry,) = scan([write("a.dcm")]).instances()
    with pytest.raises(StudyError, match=r"The file has 1 frame\(s\); frame 6 does not exist\."):
        read_image(entry, 5)


def test_file_gone_after_the_scan(write: Write) -> None:
    path = write("a.dcm")
    (entry,) = scan([path]).instances()
    path.unlink()
    with pytest.raises(StudyError, match="cannot be opened; it may have been moved"):
        read_image(entry)


def test_cut_png(tmp_path: Path, reason_of: Reason) -> None:
    path = tmp_path / "film.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:1000])
    assert reason_of(path) == "The picture is damaged or cut short."


def _seeds() -> list[bytes]:
    """Small files that between them pass through every branch of the reader."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("study_conftest", Path(__file__).with_name("conftest.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    item = Dataset()
    item.LUTDescriptor = [4, 0, 8]
    item["LUTDescriptor"].VR = "US"
    item.LUTData = b"\0\0\x10\0\x20\0\xff\0"
    item["LUTData"].VR = "OW"
    plain = module.make_dataset(
        WindowCenter=60, WindowWidth=100, RescaleSlope=1, RescaleIntercept=0, VOILUTSequence=Sequence([item])
    )
    colour = module.make_dataset(np.zeros((3, 4, 3), np.uint8))
    rle = module.make_dataset(np.arange(120, dtype=np.uint16).reshape(12, 10))
    rle.compress(RLELossless, generate_instance_uid=False)
    frames = module.make_dataset(np.zeros((3, 4, 5), np.int16), transfer_syntax=ExplicitVRBigEndian)
    return [module.encode(ds) for ds in (plain, colour, rle, frames)]


_SEEDS = _seeds()


@settings(max_examples=150)
@given(data=st.data())
def test_mutated_and_truncated_files_never_crash(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(_SEEDS)))
    for _ in range(data.draw(st.integers(0, 8), label="mutations")):
        content[data.draw(st.integers(132, len(content) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans(), label="truncate"):
        del content[data.draw(st.integers(0, len(content))) :]
    path = tmp_path / "mutated.dcm"
    path.write_bytes(content)
    catalogue = scan([path])
    listed = list(catalogue.instances())
    assert len(listed) + len(catalogue.unreadable) == 1
    for row in catalogue.unreadable:
        assert row.reason.endswith(".")
    for entry in listed:
        try:
            image = read_image(entry)
        except StudyError as error:
            assert str(error).endswith(".")
        else:
            assert image.pixels.shape == image.raw.shape == (entry.rows, entry.columns)
            assert np.isfinite(image.pixels).all()
            assert 0 <= image.pixels.min() <= image.pixels.max() <= 1
