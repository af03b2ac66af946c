"""DICOM files made for the tests, so that they run without any real film."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

from ptx_viewer.study.catalogue import InstanceEntry
from ptx_viewer.study.image import Image2D
from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan

settings.register_profile(
    "study",
    derandomize=True,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("study")


def make_dataset(pixels: np.ndarray | None = None, **values: Any) -> Dataset:
    """A film's data set; keywords replace attributes, None removes them."""
    if pixels is None:
        pixels = np.arange(12 * 10, dtype=np.uint16).reshape(12, 10)
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = values.pop("transfer_syntax", ExplicitVRLittleEndian)
    ds.SOPClassUID = DigitalXRayImageStorageForPresentation
    ds.SOPInstanceUID = generate_uid()
    ds.StudyInstanceUID = generate_uid()
    ds.SeriesInstanceUID = generate_uid()
    ds.Modality = "DX"
    ds.PatientName = "Synthetic^Film"
    ds.PatientID = "SYN-1"
    ds.SamplesPerPixel = 3 if pixels.ndim >= 3 and pixels.shape[-1] == 3 else 1
    ds.PhotometricInterpretation = "RGB" if ds.SamplesPerPixel == 3 else "MONOCHROME2"
    grid = pixels.shape[:-1] if ds.SamplesPerPixel == 3 else pixels.shape
    if ds.SamplesPerPixel == 3:
        ds.PlanarConfiguration = 0
    if len(grid) == 3:
        ds.NumberOfFrames = grid[0]
    ds.Rows, ds.Columns = grid[-2:]
    ds.BitsAllocated = ds.BitsStored = pixels.dtype.itemsize * 8
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    if pixels.dtype.kind == "f":
        ds.FloatPixelData = pixels.astype("<f4").tobytes()
        del ds.BitsStored, ds.HighBit, ds.PixelRepresentation
    else:
        order = ">" if ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian else "<"
        data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
        ds.PixelData = data + b"\0" * (len(data) % 2)
        ds["PixelData"].VR = "OW" if ds.BitsAllocated > 8 else "OB"
    for keyword, value in values.items():
        if value is None:
            ds.pop(keyword, None)
        else:
            setattr(ds, keyword, value)
    ds.file_meta.MediaStorageSOPClassUID = ds.get("SOPClassUID", DigitalXRayImageStorageForPresentation)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID", "1.2.3")
    return ds


def encode(ds: Dataset) -> bytes:
    """The bytes of a DICOM file."""
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@pytest.fixture
def dataset() -> Callable[..., Dataset]:
    return make_dataset


@pytest.fixture
def as_bytes() -> Callable[[Dataset], bytes]:
    return encode


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """``write("name.dcm", pixels, Keyword=value)`` -> the file's path."""

    def _write(name: str, pixels: np.ndarray | None = None, **values: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(make_dataset(pixels, **values)))
        return path

    return _write


@pytest.fixture
def write_slice(write: Callable[..., Path]) -> Callable[..., Path]:
    """A CT slice at height `z`; all slices share a series."""

    def _write(name: str, z: float, number: int = 1, **values: Any) -> Path:
        standard: dict[str, Any] = {
            "SOPClassUID": CTImageStorage,
            "Modality": "CT",
            "StudyInstanceUID": "1.2.3.1",
            "SeriesInstanceUID": "1.2.3.2",
            "InstanceNumber": number,
            "PixelSpacing": [0.7, 0.8],
            "ImagePositionPatient": [0, 0, z],
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "RescaleSlope": 1,
            "RescaleIntercept": -1024,
        }
        pixels = np.full((8, 8), number, dtype=np.int16)
        return write(name, pixels, **(standard | values))

    return _write


def only_entry(path: Path) -> InstanceEntry:
    """The one image that a scan of `path` lists."""
    catalogue = scan([path])
    assert [row.reason for row in catalogue.unreadable] == []
    (entry,) = catalogue.instances()
    return entry


@pytest.fixture
def entry_of() -> Callable[[Path], InstanceEntry]:
    return only_entry


@pytest.fixture
def image_of() -> Callable[..., Image2D]:
    return lambda path, frame=0: read_image(only_entry(path), frame)


@pytest.fixture
def reason_of() -> Callable[[Path], str]:
    """The sentence with which the one file under `path` is refused, listing or reading."""

    def _reason(path: Path) -> str:
        catalogue = scan([path])
        if catalogue.unreadable:
            (row,) = catalogue.unreadable
            assert not list(catalogue.instances())
            return row.reason
        (entry,) = catalogue.instances()
        from ptx_viewer.study.errors import StudyError

        with pytest.raises(StudyError) as caught:
            read_image(entry)
        return str(caught.value)

    return _reason


@pytest.fixture(params=[ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def native_syntax(request: pytest.FixtureRequest) -> str:
    return request.param
