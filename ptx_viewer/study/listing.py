"""One file's header as a row of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

from .catalogue import InstanceEntry
from .errors import StudyError
from .functional import number_of_frames
from .header import CUT_SHORT, integer, numbers, read_header, text
from .image import PatientIdentity
from .patient import patient_identity
from .picture import PICTURE_MODALITY, content_digest, is_picture, picture_size, picture_uids
from .pixels import check_size
from .slices import Orientation6, Position3
from .sources import SourceFile

_TAGS = [
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "Modality",
    "StudyDate",
    "StudyTime",
    "StudyDescription",
    "SeriesDescription",
    "SeriesNumber",
    "AccessionNumber",
    "InstitutionName",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "InstanceNumber",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "SamplesPerPixel",
    "BitsAllocated",
    "PhotometricInterpretation",
]

_UNCOMPRESSED = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
_DIRECTORY = "1.2.840.10008.1.3.10"
#: Words of the user's language for objects that are no pictures, by what their SOP class is called.
_NOT_PICTURES = (
    (("Softcopy Presentation State",), "a presentation state (saved display settings)"),
    (("Key Object Selection",), "a list of key images"),
    ((" SR", "Structured", "Dose Report"), "a structured report"),
    (("Encapsulated PDF",), "a PDF document"),
    (("Encapsulated",), "an embedded document"),
    (("RT ",), "radiotherapy planning data"),
    (("ECG", "Waveform"), "a recorded curve"),
    (("Registration",), "a registration of other images"),
)


@dataclass(frozen=True)
class Listed:
    """A readable file, with what groups it.

    Attributes
    ----------
    patient_key : tuple of str
        Equal for the files of one patient.
    """

    entry: InstanceEntry
    identity: PatientIdentity
    patient_key: tuple[str, str]
    series_number: int | None


class MediaDirectory(Exception):  # noqa: N818  (it is not an error)
    """The file is a DICOMDIR: it is no image, and there is nothing to say about it."""


def list_file(source: SourceFile) -> Listed:
    """Read a file's header.

    Raises
    ------
    StudyError
        When the file cannot become an image, with the reason.
    MediaDirectory
    """
    if is_picture(source.path):
        return _list_picture(source)
    header, remaining = read_header(source.path, _TAGS)
    sop_class = text(header, "SOPClassUID")
    if sop_class == _DIRECTORY or text(header.file_meta, "MediaStorageSOPClassUID") == _DIRECTORY:
        raise MediaDirectory
    rows, columns = integer(header, "Rows") or 0, integer(header, "Columns") or 0
    if not (rows > 0 and columns > 0):
        _raise_no_picture(sop_class)
    check_size(rows, columns)
    frames = number_of_frames(header)
    _check_length(header, remaining, rows * columns * frames)
    instance, study, series = _uids(header, source)
    entry = InstanceEntry(
        file=source.path,
        display_path=source.display_path,
        study_instance_uid=study,
        series_instance_uid=series,
        sop_instance_uid=instance,
        sop_class_uid=sop_class,
        modality=text(header, "Modality").upper(),
        rows=rows,
        columns=columns,
        number_of_frames=frames,
        instance_number=integer(header, "InstanceNumber"),
        image_position=cast("Position3 | None", _exactly(3, numbers(header, "ImagePositionPatient"))),
        image_orientation=cast(
            "Orientation6 | None", _exactly(6, numbers(header, "ImageOrientationPatient"))
        ),
    )
    identity = patient_identity(header)
    if identity.patient_id:
        key = identity.patient_id, text(header, "IssuerOfPatientID")
    else:
        # Without an ID only the name can tell patients apart; without a name, the study.
        key = "", identity.name or study
    return Listed(entry, identity, key, integer(header, "SeriesNumber"))


def _list_picture(source: SourceFile) -> Listed:
    rows, columns = picture_size(source.path)
    study, series, instance = picture_uids(source.path)
    entry = InstanceEntry(
        file=source.path,
        display_path=source.display_path,
        study_instance_uid=study,
        series_instance_uid=series,
        sop_instance_uid=instance,
        sop_class_uid="",
        modality=PICTURE_MODALITY,
        rows=rows,
        columns=columns,
    )
    name = source.display_path.replace("\\", "/").rsplit("/", 1)[-1]
    identity = PatientIdentity(study_description="Picture without patient data", series_description=name)
    return Listed(entry, identity, ("", ""), None)


def _raise_no_picture(sop_class: str) -> None:
    kind = UID(sop_class).name if sop_class else ""
    for words, meaning in _NOT_PICTURES:
        if any(word in f"{kind} " for word in words):
            raise StudyError(f"The file holds {meaning}, not a picture.", harmless=True)
    if kind and "Image Storage" not in kind and kind != sop_class:
        raise StudyError(f"The file holds “{kind.removesuffix(' Storage')}”, not a picture.", harmless=True)
    raise StudyError("The file holds no picture: it states no rows and columns.")


def _check_length(header: Dataset, remaining: int | None, pixels: int) -> None:
    """Tell a missing or cut-off picture from the file's length, without reading it."""
    if remaining is None:
        return
    if remaining <= 8:
        raise StudyError("The file holds no picture: it has no pixel data.")
    syntax = text(header.file_meta, "TransferSyntaxUID")
    if syntax not in _UNCOMPRESSED:
        return
    samples = integer(header, "SamplesPerPixel") or 1
    if text(header, "PhotometricInterpretation").upper() == "YBR_FULL_422":
        samples = 2
    if remaining < pixels * samples * (integer(header, "BitsAllocated") or 8) // 8:
        raise StudyError(CUT_SHORT)


def _uids(header: Dataset, source: SourceFile) -> tuple[str, str, str]:
    """Return instance, study and series UIDs; missing ones are made from what is there.

    A made-up UID is the same whenever the same file is opened, so that a review finds it again.
    """
    instance = text(header, "SOPInstanceUID") or text(header.file_meta, "MediaStorageSOPInstanceUID")
    if not instance:
        instance = _made_uid("instance", content_digest(source.path))
    study = text(header, "StudyInstanceUID")
    if not study:
        patient = text(header, "PatientID") or instance
        study = _made_uid("study", patient, text(header, "StudyDate"), text(header, "AccessionNumber"))
    series = text(header, "SeriesInstanceUID")
    if not series:
        series = _made_uid("series", study, text(header, "Modality"), text(header, "SeriesNumber"))
    return instance, study, series


def _made_uid(*parts: str) -> str:
    return str(generate_uid(entropy_srcs=["ptx-viewer", *parts]))


def _exactly(count: int, found: tuple[float, ...]) -> tuple[float, ...] | None:
    return found if len(found) == count else None
