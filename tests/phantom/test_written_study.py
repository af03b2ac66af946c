"""The DICOM files of a synthetic study, read back."""

import json
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from pydicom.uid import DigitalXRayImageStorageForPresentation, JPEG2000Lossless

from models.synthesis.anatomy import draw_anatomy
from models.synthesis.geometry import Projection
from ptx_viewer.phantom.dicom import StudyIdentity, derived_uid, film_dataset

PIXELS = 96
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
    assert record["request"] == {"side": "right", "kind": "lateral", "volume_ml": 500.0}
    assert record["volumes"]["right"]["pneumothorax_ml"] == pytest.approx(500.0, abs=2.0)
    assert record["volumes"]["left"]["pneumothorax_ml"] == 0.0
    mask = cv2.imread(str(truth_of(small_study) / f"{CURRENT}-pneumothorax.png"), cv2.IMREAD_UNCHANGED)
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
