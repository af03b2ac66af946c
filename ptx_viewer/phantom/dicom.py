"""A synthetic film as a Digital X-Ray Image Storage - For Presentation object."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import DigitalXRayImageStorageForPresentation, JPEG2000Lossless

from models.synthesis.anatomy import Anatomy
from models.synthesis.geometry import Projection
from models.synthesis.processing import BITS

from .header import MODEL, StudyIdentity, code, derived_uid, identify, new_dataset


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
    instance_uid = derived_uid(MODEL, identity.study_key, "instance")
    dataset = new_dataset(DigitalXRayImageStorageForPresentation, instance_uid)
    identify(dataset, anatomy, identity, f"chest {projection.view}", 1)
    dataset.Modality = "DX"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.PerformedProcedureStepStartDate = identity.study_date
    dataset.PerformedProcedureStepStartTime = identity.study_time
    _describe_acquisition(dataset, projection, anatomy, summary)
    _describe_pixels(dataset, pixels)
    dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    return dataset


def _describe_acquisition(dataset: Dataset, projection: Projection, anatomy: Anatomy, summary: str) -> None:
    dataset.ImageType = ["DERIVED", "PRIMARY", ""]
    dataset.InstanceNumber = 1
    dataset.AcquisitionNumber = 1
    dataset.BodyPartExamined = "CHEST"
    dataset.AnatomicRegionSequence = DicomSequence([code("816094009", "SCT", "Thorax")])
    dataset.ImageLaterality = "U"
    dataset.ViewPosition = projection.view
    view = (
        code("399348003", "SCT", "postero-anterior")
        if projection.view == "PA"
        else code("399173006", "SCT", "antero-posterior")
    )
    dataset.ViewCodeSequence = DicomSequence([view])
    view.ViewModifierCodeSequence = DicomSequence([])
    dataset.PatientOrientation = ["L", "F"]
    posture = code("102538003", "SCT", "recumbent") if anatomy.supine else code("10904000", "SCT", "Standing")
    if anatomy.supine:
        dataset.PatientPosition = "HFS"
        posture.PatientOrientationModifierCodeSequence = DicomSequence([code("40199007", "SCT", "supine")])
    dataset.PatientOrientationCodeSequence = DicomSequence([posture])
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
