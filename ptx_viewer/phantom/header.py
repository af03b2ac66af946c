"""What every synthetic DICOM object says: an invented patient, and that nobody was examined."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from models.synthesis.anatomy import Anatomy

_MANUFACTURER: Final = "ptx_viewer"
MODEL: Final = "digital thorax"


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


def new_dataset(sop_class: UID, instance_uid: UID) -> FileDataset:
    """Return an empty object with its file meta information, Explicit VR Little Endian."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = instance_uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = instance_uid
    return dataset


def identify(dataset: Dataset, anatomy: Anatomy, identity: StudyIdentity, series: str, number: int) -> None:
    """Write patient, study, series and equipment; `series` names the series, e.g. ``"chest PA"``."""
    dataset.PatientName = identity.patient_name
    dataset.PatientID = identity.patient_id
    dataset.PatientBirthDate = f"{int(identity.study_date[:4]) - anatomy.age}0101"
    dataset.PatientSex = anatomy.sex
    dataset.PatientAge = f"{anatomy.age:03d}Y"
    dataset.PatientComments = "Synthetic patient: no person was examined."
    dataset.StudyInstanceUID = derived_uid(MODEL, identity.study_key, "study")
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
    # The first series keeps its UID whatever else belongs to the study.
    word = "series" if number == 1 else f"series {number}"
    dataset.SeriesInstanceUID = derived_uid(MODEL, identity.study_key, word)
    dataset.SeriesNumber = number
    dataset.SeriesDescription = f"SYNTHETIC {series}"
    dataset.Manufacturer = _MANUFACTURER
    dataset.ManufacturerModelName = MODEL
    dataset.InstitutionName = "SYNTHETIC"


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Return a coded concept."""
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    item.CodeMeaning = meaning
    return item
