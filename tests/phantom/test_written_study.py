"""The DICOM files of a synthetic study, read back."""

import json
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from pydicom.uid import CTImageStorage, DigitalXRayImageStorageForPresentation, JPEG2000Lossless

from models.synthesis.anatomy import draw_anatomy
from models.synthesis.geometry import Projection
from ptx_viewer.phantom.dicom import film_dataset
from ptx_viewer.phantom.header import StudyIdentity, derived_uid

PIXELS = 64
PRIOR, CURRENT = "prior-without-pneumothorax", "current-with-pneumothorax"

# fmt: off
#: Type 1 attributes of the modules of a DX image for presentation (PS3.3 A.26.3), and what the program needs.
TYPE_1 = [
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality",
    "PresentationIntentType", "ImageType", "SamplesPerPixel", "PhotometricInterpretation", "Rows",
    "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData",
    "PixelIntensityRelationship", "PixelIntensityRelationshipSign", "RescaleIntercept", "RescaleSlope",
    "RescaleType", "PresentationLUTShape", "LossyImageCompression", "BurnedInAnnotation", "ImageLaterality",
    "AnatomicRegionSequence", "PatientOrientation", "DetectorType", "ImagerPixelSpacing", "ViewPosition",
    "ViewCodeSequence", "WindowCenter", "WindowWidth",
]
#: Type 2: must be there, may be empty.
TYPE_2 = [
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "ReferringPhysicianName", "StudyID", "AccessionNumber", "SeriesNumber", "InstanceNumber",
    "Manufacturer", "AcquisitionContextSequence", "PositionerType",
]
# fmt: on


@pytest.fixture(params=[PRIOR, CURRENT])
def dataset(request: pytest.FixtureRequest, small_study: Path) -> pydicom.Dataset:
    return pydicom.dcmread(small_study / f"{request.param}.dcm")


def test_every_required_attribute_is_there(dataset: pydicom.Dataset) -> None:
    assert [word for word in TYPE_1 if dataset.get(word) in (None, "")] == []
    assert [word for word in TYPE_2 if word not in dataset] == []
    assert dataset.SOPClassUID == DigitalXRayImageStorageForPresentation
    assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
    assert dataset.file_meta.TransferSyntaxUID == JPEG2000Lossless
    assert dataset.PhotometricInterpretation == "MONOCHROME2"
    assert dataset.PresentationLUTShape == "IDENTITY"
    assert list(dataset.PatientOrientation) == ["L", "F"]
    assert (dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit) == (16, 12, 11)
    assert dataset.BurnedInAnnotation == "NO"


def test_it_says_that_it_is_synthetic(dataset: pydicom.Dataset) -> None:
    assert str(dataset.PatientName).startswith("SYNTHETIC^THORAX")
    assert dataset.PatientID == "SYNTHETIC-0004"
    for word in ("DerivationDescription", "ImageComments", "StudyDescription", "SeriesDescription"):
        assert "synthetic" in str(dataset[word].value).lower()


def test_spacing_and_magnification_follow_from_the_geometry(dataset: pydicom.Dataset) -> None:
    assert [float(v) for v in dataset.ImagerPixelSpacing] == pytest.approx([409.6 / PIXELS] * 2)
    ratio = float(dataset.DistanceSourceToDetector) / float(dataset.DistanceSourceToPatient)
    assert float(dataset.EstimatedRadiographicMagnificationFactor) == pytest.approx(ratio, rel=1e-5)
    assert "PixelSpacing" not in dataset  # the patient plane follows from the factor, not from a second claim


def test_the_window_shows_the_whole_range(dataset: pydicom.Dataset) -> None:
    assert (float(dataset.WindowCenter), float(dataset.WindowWidth)) == (2048.0, 4096.0)
    pixels = dataset.pixel_array
    assert pixels.shape == (PIXELS, PIXELS)
    assert pixels.min() == 0
    assert 3000 < pixels.max() <= 4095


def test_both_studies_are_of_one_patient_in_order(small_study: Path) -> None:
    prior, current = (pydicom.dcmread(small_study / f"{name}.dcm") for name in (PRIOR, CURRENT))
    for word in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex"):
        assert prior[word].value == current[word].value
    assert prior.StudyDate < current.StudyDate
    for word in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        assert prior[word].value != current[word].value
    assert not np.array_equal(prior.pixel_array, current.pixel_array)


def truth_of(study: Path) -> Path:
    return study.with_name(f"{study.name}-truth")


def test_the_truth_lies_beside_the_films(small_study: Path) -> None:
    record = json.loads((truth_of(small_study) / f"{CURRENT}.json").read_text())
    assert record["schema"] == "ptx-viewer/phantom-truth/1"
    assert record["request"] == [{"side": "right", "kind": "lateral", "volume_ml": 500.0}]
    assert record["volumes"]["right"]["pneumothorax_ml"] == pytest.approx(500.0, abs=2.0)
    assert record["volumes"]["left"]["pneumothorax_ml"] == 0.0
    here, there = record["film"]["right"], record["film"]["left"]
    assert here["percent"] == pytest.approx(100 * here["pneumothorax_mm2"] / here["hemithorax_mm2"], abs=0.01)
    assert there["apex_to_cupola"] is None
    mask = cv2.imread(str(truth_of(small_study) / f"{CURRENT}-pneumothorax.png"), cv2.IMREAD_UNCHANGED)
    pixel = record["view"]["patient_plane_spacing_mm"]
    assert mask.astype(bool).sum() * pixel[0] * pixel[1] == pytest.approx(here["pneumothorax_mm2"], rel=0.1)
    lungs = cv2.imread(str(truth_of(small_study) / f"{CURRENT}-lungs.png"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == lungs.shape == (PIXELS, PIXELS)
    assert set(np.unique(mask)) == {0, 255}
    assert set(np.unique(lungs)) == {0, 127, 255}
    # The patient's right lung is on the left of the picture, and the air is in it.
    assert set(np.unique(lungs[mask > 0])) == {127}
    assert np.nonzero(lungs == 127)[1].mean() < PIXELS / 2 < np.nonzero(lungs == 255)[1].mean()
    empty = cv2.imread(str(truth_of(small_study) / f"{PRIOR}-pneumothorax.png"), cv2.IMREAD_UNCHANGED)
    assert not empty.any()
    assert not list(small_study.rglob("*.part"))


def test_uids_are_derived_and_valid() -> None:
    assert derived_uid("a", 1) == derived_uid("a", 1) != derived_uid("a", 2)
    assert derived_uid("a", 1).is_valid
    assert len(derived_uid("a", 1)) <= 64


def test_pixels_that_do_not_fit_are_refused() -> None:
    identity = StudyIdentity("SYNTHETIC^THORAX", "SYNTHETIC-0001", "20240101", "080000", "test")
    projection = Projection(64, 64, 6.4)
    with pytest.raises(ValueError, match="expected uint16"):
        film_dataset(np.zeros((64, 65), np.uint16), projection, draw_anatomy(1), identity, "Synthetic")
    with pytest.raises(ValueError, match="below 4096"):
        film_dataset(np.full((64, 64), 4096, np.uint16), projection, draw_anatomy(1), identity, "Synthetic")


def test_the_ct_series_has_true_geometry(small_study: Path) -> None:
    files = [pydicom.dcmread(path) for path in sorted((small_study / "current-ct").glob("*.dcm"))]
    assert {file.SOPClassUID for file in files} == {CTImageStorage}
    assert len({file.SOPInstanceUID for file in files}) == len(files)
    assert len({file.SeriesInstanceUID for file in files}) == 1
    film = pydicom.dcmread(small_study / f"{CURRENT}.dcm")
    assert files[0].StudyInstanceUID == film.StudyInstanceUID
    assert files[0].SeriesInstanceUID != film.SeriesInstanceUID
    positions = np.array([file.ImagePositionPatient for file in files], float)
    # From head to feet in steps of 5 mm along the body, whatever the gantry's tilt.
    # A decimal string of 16 characters holds them to a micrometre.
    steps = np.tile([0.0, 0.0, -5.0], (len(files) - 1, 1))
    assert np.diff(positions, axis=0) == pytest.approx(steps, abs=1e-3)
    row, column = np.array(files[0].ImageOrientationPatient, float).reshape(2, 3)
    assert row == pytest.approx([1.0, 0.0, 0.0])
    assert column == pytest.approx([0.0, np.cos(np.deg2rad(10)), np.sin(np.deg2rad(10))], abs=1e-6)
    assert float(files[0].GantryDetectorTilt) == 10.0
    assert float(files[0].SliceThickness) == pytest.approx(5.0 * np.cos(np.deg2rad(10)), abs=1e-4)
    assert files[0].PatientID == film.PatientID


def test_the_ct_shows_the_chest_and_its_truth(small_study: Path) -> None:
    files = [pydicom.dcmread(path) for path in sorted((small_study / "current-ct").glob("*.dcm"))]
    # The files run from head to feet, the masks from foot to head.
    volume = np.stack([file.pixel_array for file in files])[::-1]
    record = json.loads((truth_of(small_study) / "current-ct.json").read_text())
    masks = np.load(truth_of(small_study) / "current-ct-masks.npz")
    assert volume.shape == masks["pneumothorax"].shape
    assert [record["ct"][word] for word in ("slices", "rows", "columns")] == list(volume.shape)
    air, lung = volume[masks["pneumothorax"]], volume[masks["left_lung"]]
    # The layer is about two of this coarse grid's voxels thick: most hold some wall or lung beside their air.
    assert np.quantile(air, 0.25) < -960 < np.median(lung) < -700
    assert np.median(air) < -930
    assert np.median(volume[volume > -200]) > 0  # soft tissue
    spacing = record["ct"]["spacing_mm"]
    voxel = np.prod(spacing) * np.cos(np.deg2rad(10)) / 1000.0
    assert masks["left_lung"].sum() * voxel == pytest.approx(record["volumes"]["left"]["lung_ml"], rel=0.06)
    # The patient's right side, where the air is, comes first in a row.
    assert np.nonzero(masks["pneumothorax"])[2].mean() < volume.shape[2] / 2
