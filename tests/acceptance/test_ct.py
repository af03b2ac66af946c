"""analyze on CT series: volume, percent, outlines and report where it was a refusal of each slice."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pypdf
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

import resources
from ptx_viewer.batch import analyse_studies
from ptx_viewer.results import AnalysisOptions

SPACING = (4.0, 2.0, 2.0)
#: Half axes in mm of a chest cavity, and of the lung in it on the right.
CAVITY, LUNG = (90.0, 62.0, 46.0), (78.0, 50.0, 34.0)


def ellipsoid(axes: tuple[float, float, float], middle: float) -> np.ndarray:
    z = (np.arange(54) - 26.5)[:, None, None] * SPACING[0]
    y = (np.arange(120) - 59.5)[None, :, None] * SPACING[1]
    x = (np.arange(160) - 79.5)[None, None, :] * SPACING[2]
    return (z / axes[0]) ** 2 + (y / axes[1]) ** 2 + ((x - middle) / axes[2]) ** 2 < 1


def chest() -> np.ndarray:
    """A trunk with two lungs; the right one is smaller than its cavity, and air fills the rest."""
    values = np.full((54, 120, 160), -1000, np.int16)
    values[:] = np.where(ellipsoid((1e6, 95, 135), 0), 40, values)
    values[ellipsoid(CAVITY, 62)] = -850
    values[ellipsoid(CAVITY, -62)] = -1000
    values[ellipsoid(LUNG, -62)] = -850
    return values


@pytest.fixture
def write_series(tmp_path: Path) -> Callable[..., Path]:
    def write(values: np.ndarray, **attributes: object) -> Path:
        folder = tmp_path / "ct"
        folder.mkdir()
        series, study = generate_uid(), generate_uid()
        for index, plane in enumerate(values):
            ct = Dataset()
            ct.file_meta = FileMetaDataset()
            ct.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            ct.file_meta.MediaStorageSOPClassUID = ct.SOPClassUID = CTImageStorage
            ct.SOPInstanceUID = ct.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            ct.StudyInstanceUID, ct.SeriesInstanceUID, ct.Modality = study, series, "CT"
            ct.PatientName, ct.PatientID, ct.SeriesDescription = "Synthetic^Chest", "SYN-3", "Chest"
            ct.InstanceNumber = index + 1
            # From the feet up, as scanners often number them.
            ct.ImagePositionPatient = [-160, -120, SPACING[0] * index]
            ct.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
            ct.PixelSpacing, ct.SliceThickness = [SPACING[1], SPACING[2]], 1
            ct.RescaleSlope, ct.RescaleIntercept, ct.RescaleType = 1, 0, "HU"
            ct.WindowCenter, ct.WindowWidth = -600, 1500
            ct.Rows, ct.Columns = plane.shape
            ct.SamplesPerPixel, ct.PhotometricInterpretation = 1, "MONOCHROME2"
            ct.BitsAllocated = ct.BitsStored = 16
            ct.HighBit, ct.PixelRepresentation = 15, 1
            ct.PixelData = plane.astype("<i2").tobytes()
            for keyword, value in attributes.items():
                setattr(ct, keyword, value)
            ct.save_as(folder / f"{index:03d}.dcm", enforce_file_format=True)
        return folder

    return write


def findings(out: Path) -> dict:
    document = json.loads((out / "findings.json").read_text("utf-8"))
    schema = Path(resources.__file__).parent / "findings.schema.json"
    jsonschema.validate(document, json.loads(schema.read_text("utf-8")))
    datetime.fromisoformat(document["created"])
    return document


def test_a_series_gives_volume_percent_outlines_and_a_report(write_series, tmp_path: Path) -> None:
    values = chest()
    # From the feet up: the top of the array is the head.
    result = analyse_studies([write_series(values[::-1])], tmp_path / "out", AnalysisOptions())
    document = findings(tmp_path / "out")
    assert document["images"] == []
    (volume,) = document["volumes"]
    assert volume["refused"] is None
    (finding,) = volume["findings"]
    air = np.count_nonzero(ellipsoid(CAVITY, -62) & ~ellipsoid(LUNG, -62)) * np.prod(SPACING) / 1000
    lung = np.count_nonzero(ellipsoid(LUNG, -62)) * np.prod(SPACING) / 1000
    assert finding["side"] == "right"
    assert finding["volume_ml"] == pytest.approx(air, rel=0.05)
    assert finding["percent"] == pytest.approx(100 * air / (air + lung), rel=0.06)
    measured = {(m["name"], m["side"]): m for m in volume["measurements"]}
    low, high = measured["pneumothorax volume", "right"]["interval"]
    assert low < finding["volume_ml"] < high
    assert "slices 4 mm apart by their positions" in measured["pneumothorax volume", "right"]["method"]
    assert measured["lung volume", "left"]["value"] == pytest.approx(
        4 / 3 * np.pi * np.prod(CAVITY) / 1000, rel=0.05
    )
    # The outline is in the slice's own rows and columns.
    places = [i for i, entry in enumerate(volume["slices"]) if entry["position_mm"] == 27 * SPACING[0]]
    picture = cv2.imread(str(tmp_path / "out" / volume["slices"][places[0]]["labels"]), cv2.IMREAD_UNCHANGED)
    assert picture.shape == (120, 160)
    assert picture[60, 28] == volume["label_values"]["right pneumothorax"]
    assert picture[60, 48] == volume["label_values"]["right lung"]
    assert picture[60, 110] == volume["label_values"]["left lung"]
    assert [row.finding for row in result.rows] == ["right pneumothorax"]
    (report,) = result.reports
    words = " ".join(page.extract_text() for page in pypdf.PdfReader(report).pages)
    assert "Pneumothorax suggested by Hounsfield units on CT: right." in words
    assert f"{finding['volume_ml']:.0f} mL" in words


def test_missing_repeated_and_tilted_slices_are_in_the_findings(write_series, tmp_path: Path) -> None:
    cosine, sine = np.cos(np.radians(12)), np.sin(np.radians(12))
    folder = write_series(chest()[::-1], ImageOrientationPatient=[1, 0, 0, 0, cosine, sine])
    for lost in (30, 31):
        (folder / f"{lost:03d}.dcm").unlink()
    twice = dcmread(folder / "020.dcm")
    twice.SOPInstanceUID = twice.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    twice.save_as(folder / "020-again.dcm")
    analyse_studies([folder], tmp_path / "out", AnalysisOptions())
    (volume,) = findings(tmp_path / "out")["volumes"]
    notices = " ".join(volume["notices"])
    assert "About 2 slice(s) are missing" in notices
    assert "1 slice(s) at the position of another slice are not part" in notices
    assert "tilted by 12.0°" in notices
    # The gap is in the interval, not in the value.
    (measured,) = [m for m in volume["measurements"] if m["name"] == "pneumothorax volume"]
    assert "gaps where slices are missing" in measured["interval_basis"]


def test_a_head_and_a_localiser_are_refused_with_the_reason(write_series, tmp_path: Path) -> None:
    head = np.where(ellipsoid((80, 90, 70), 0), 40, -1000).astype(np.int16)[::9]
    analyse_studies([write_series(head)], tmp_path / "out", AnalysisOptions())
    (volume,) = findings(tmp_path / "out")["volumes"]
    assert volume["refused"] == "no lungs were found in it"
    assert volume["findings"] == volume["measurements"] == []


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"BodyPartExamined": "HEAD"}, "the file states another body part (head)"),
        (
            {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
            "this is a CT localiser, not a series of slices",
        ),
    ],
)
def test_headers_refuse(write_series, tmp_path: Path, attributes, reason) -> None:
    analyse_studies([write_series(chest()[::9], **attributes)], tmp_path / "out", AnalysisOptions())
    (volume,) = findings(tmp_path / "out")["volumes"]
    assert volume["refused"] == reason


def test_a_real_series_without_pneumothorax_has_none(shared_data: Path, tmp_path: Path) -> None:
    analyse_studies([shared_data / "studies" / "CT-LUNG30"], tmp_path / "out", AnalysisOptions())
    (volume,) = findings(tmp_path / "out")["volumes"]
    assert volume["findings"] == []
    lungs = {m["side"]: m["value"] for m in volume["measurements"]}
    assert 900 < lungs["right"] < 1300
    assert 1300 < lungs["left"] < 1800
