"""A synthetic film as a Digital X-Ray Image Storage - For Presentation object."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import (
    UID,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
)

from models.synthesis.anatomy import Anatomy
from models.synthesis.geometry import Projection
from models.synthesis.processing import BITS

_MANUFACTURER: Final = "ptx_viewer"
_MODEL: Final = "digital thorax"


@dataclass(frozen=True)
class StudyIdentity:
    """Who and when: invented, and named so.

    Attributes
    ----------
    patient_name, patient_id : str
    study_date, study_time : str
        DICOM DA (YYYYMMDD) and TM (HHMMSS).
    study_key : str
        What makes this study differ from the patient's others; its UIDs derive from it.
    """

    patient_name: str
    patient_id: str
    study_date: str
    study_time: str
    study_key: str


def derived_uid(*parts: object) -> UID:
    """Return a UID that is always the same for the same parts (root 2.25, PS3.5 B.2: a 128-bit number)."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return UID(f"2.25.{int.from_bytes(digest[:16], 'big')}")


def film_dataset(
    pixels: NDArray[np.uint16],
    projection: Projection,
    anatomy: Anatomy,
    identity: StudyIdentity,
    summary: str,
) -> FileDataset:
    """Build the DICOM object of one film.

    Parameters
    ----------
    pixels : ndarray of uint16, shape [rows, columns]
        Presentation values, 0 black .. 4095 white; the patient's left is on the right.
    projection : Projection
        The geometry that `pixels` were made with.
    anatomy : Anatomy
    identity : StudyIdentity
    summary : str
        One sentence on what was synthesised, for DerivationDescription and ImageComments.

    Returns
    -------
    FileDataset
        JPEG 2000 lossless, complete with its file meta information.

    Raises
    ------
    ValueError
        If the pixels are not those of `projection` or exceed 12 bits.
    """
    if pixels.shape != projection.shape or pixels.dtype != np.uint16:
        raise ValueError(f"expected uint16 {projection.shape}, got {pixels.dtype} {pixels.shape}")
    if int(pixels.max(initial=0)) >= 2**BITS:
        raise ValueError(f"expected values below {2**BITS}, got {int(pixels.max())}")
    instance_uid = derived_uid(_MODEL, identity.study_key, "instance")
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = instance_uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = instance_uid
    _identify(dataset, anatomy, identity)
    _describe_acquisition(dataset, projection, summary)
    _describe_pixels(dataset, pixels)
    dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    return dataset


def _identify(dataset: Dataset, anatomy: Anatomy, identity: StudyIdentity) -> None:
    dataset.PatientName = identity.patient_name
    dataset.PatientID = identity.patient_id
    dataset.PatientBirthDate = f"{int(identity.study_date[:4]) - anatomy.age}0101"
    dataset.PatientSex = anatomy.sex
    dataset.PatientAge = f"{anatomy.age:03d}Y"
    dataset.PatientComments = "Synthetic patient: no person was examined."
    dataset.StudyInstanceUID = derived_uid(_MODEL, identity.study_key, "study")
    dataset.StudyID = "SYNTHETIC"
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = dataset.AcquisitionDate = (
        identity.study_date
    )
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = dataset.AcquisitionTime = (
        identity.study_time
    )
    dataset.AccessionNumber = ""
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = "SYNTHETIC chest"
    dataset.SeriesInstanceUID = derived_uid(_MODEL, identity.study_key, "series")
    dataset.SeriesNumber = 1
    dataset.SeriesDescription = "SYNTHETIC chest PA"
    dataset.Modality = "DX"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.Manufacturer = _MANUFACTURER
    dataset.ManufacturerModelName = _MODEL
    dataset.InstitutionName = "SYNTHETIC"
    dataset.PerformedProcedureStepStartDate = identity.study_date
    dataset.PerformedProcedureStepStartTime = identity.study_time


def _describe_acquisition(dataset: Dataset, projection: Projection, summary: str) -> None:
    dataset.ImageType = ["DERIVED", "PRIMARY", ""]
    dataset.InstanceNumber = 1
    dataset.AcquisitionNumber = 1
    dataset.BodyPartExamined = "CHEST"
    dataset.AnatomicRegionSequence = DicomSequence([_code("816094009", "SCT", "Thorax")])
    dataset.ImageLaterality = "U"
    dataset.ViewPosition = "PA"
    view = _code("399348003", "SCT", "postero-anterior")
    dataset.ViewCodeSequence = DicomSequence([view])
    view.ViewModifierCodeSequence = DicomSequence([])
    dataset.PatientOrientation = ["L", "F"]
    dataset.PatientOrientationCodeSequence = DicomSequence([_code("10904000", "SCT", "Standing")])
    dataset.PositionerType = "NONE"
    dataset.KVP = "120"
    dataset.DistanceSourceToDetector = f"{projection.source_to_detector_mm:g}"
    dataset.DistanceSourceToPatient = f"{projection.source_to_object_mm:g}"
    dataset.EstimatedRadiographicMagnificationFactor = f"{projection.magnification:.6f}"
    spacing = f"{projection.pixel_mm:.8g}"
    dataset.ImagerPixelSpacing = [spacing, spacing]
    dataset.DetectorType = "DIRECT"
    dataset.DetectorConfiguration = "AREA"
    dataset.AcquisitionDeviceProcessingDescription = "latitude compression, sigmoid curve"
    dataset.DerivationDescription = summary
    dataset.ImageComments = summary
    dataset.AcquisitionContextSequence = DicomSequence([])
    dataset.BurnedInAnnotation = "NO"


def _describe_pixels(dataset: Dataset, pixels: NDArray[np.uint16]) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = BITS
    dataset.HighBit = BITS - 1
    dataset.PixelRepresentation = 0
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = -1
    dataset.RescaleIntercept = "0"
    dataset.RescaleSlope = "1"
    dataset.RescaleType = "US"
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.LossyImageCompression = "00"
    dataset.WindowCenter = f"{2 ** (BITS - 1)}"
    dataset.WindowWidth = f"{2**BITS}"
    dataset.WindowCenterWidthExplanation = "full range"
    dataset.PixelData = np.ascontiguousarray(pixels, dtype="<u2").tobytes()


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue = value
    code.CodingSchemeDesignator = scheme
    code.CodeMeaning = meaning
    return code
