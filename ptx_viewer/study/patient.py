"""Identity and acquisition facts of an image, as text fit for the screen."""

from __future__ import annotations

from pydicom.dataset import Dataset

from .functional import number_of_frames
from .header import items, number, text, value
from .image import Acquisition, PatientIdentity

#: View codes' meanings (PS3.16 CID 4010) as the defined terms of ViewPosition.
_VIEWS = {
    "postero-anterior": "PA",
    "antero-posterior": "AP",
    "left lateral": "LL",
    "right lateral": "RL",
    "lateral": "LATERAL",
}


def patient_identity(dataset: Dataset) -> PatientIdentity:
    """Read who was imaged and when; ``""`` where the file is silent."""
    return PatientIdentity(
        name=person_name(dataset, "PatientName"),
        patient_id=text(dataset, "PatientID"),
        birth_date=text(dataset, "PatientBirthDate"),
        sex=text(dataset, "PatientSex"),
        age=text(dataset, "PatientAge"),
        study_date=text(dataset, "StudyDate"),
        study_time=text(dataset, "StudyTime"),
        study_description=text(dataset, "StudyDescription"),
        series_description=text(dataset, "SeriesDescription"),
        accession_number=text(dataset, "AccessionNumber"),
        institution=text(dataset, "InstitutionName"),
    )


def person_name(dataset: Dataset, keyword: str) -> str:
    """Return a person's name for the screen, in every script the file gives.

    ``Yamada^Tarou=山田^太郎=やまだ^たろう`` becomes ``Yamada, Tarou (山田 太郎, やまだ たろう)``:
    the alphabetic group, then the ideographic and phonetic ones (PS3.5 6.2.1.1).
    """
    found = value(dataset, keyword)
    if found is None:
        return ""
    try:
        groups = str(found).split("=")[:3]
    except Exception:  # bytes that fit no character set
        return ""
    alphabetic = _alphabetic(groups[0])
    others = [" ".join(part for part in group.split("^") if part.strip()) for group in groups[1:]]
    others = [group for group in others if group]
    if not alphabetic:
        alphabetic, others = (others[0], others[1:]) if others else ("", [])
    return f"{alphabetic} ({', '.join(others)})" if others else alphabetic


def _alphabetic(group: str) -> str:
    family, *rest = (part.strip() for part in group.split("^"))
    given = " ".join(part for part in rest if part)
    return f"{family}, {given}" if family and given else family or given


def acquisition(dataset: Dataset) -> Acquisition:
    """Read how the image was taken; ``""`` where the file is silent."""
    image_type = tuple(part for part in text(dataset, "ImageType").split("\\") if part)
    return Acquisition(
        modality=text(dataset, "Modality").upper(),
        body_part=text(dataset, "BodyPartExamined").upper()
        or _coded(dataset, "AnatomicRegionSequence").upper(),
        view_position=text(dataset, "ViewPosition").upper() or _coded_view(dataset),
        photometric_interpretation=text(dataset, "PhotometricInterpretation").upper(),
        image_type=image_type,
        number_of_frames=number_of_frames(dataset),
        laterality=text(dataset, "ImageLaterality").upper() or text(dataset, "Laterality").upper(),
        patient_position=text(dataset, "PatientPosition").upper(),
        position_codes=_position_codes(dataset),
        protocol=" ".join(
            filter(
                None,
                (text(dataset, "ProtocolName"), text(dataset, "AcquisitionDeviceProcessingDescription")),
            )
        ),
        positioner_type=text(dataset, "PositionerType").upper(),
        positioner_angles=(
            number(dataset, "PositionerPrimaryAngle"),
            number(dataset, "PositionerSecondaryAngle"),
        ),
        detector_angle=number(dataset, "DetectorPrimaryAngle"),
    )


def _position_codes(dataset: Dataset) -> tuple[str, ...]:
    """Return the meanings of the posture's code and its modifiers, and of the view's modifiers."""
    posture = items(dataset, "PatientOrientationCodeSequence")
    view = items(dataset, "ViewCodeSequence")
    codes = [
        *posture,
        *(code for item in posture for code in items(item, "PatientOrientationModifierCodeSequence")),
        *items(dataset, "PatientOrientationModifierCodeSequence"),
        *(code for item in view for code in items(item, "ViewModifierCodeSequence")),
    ]
    return tuple(meaning for code in codes if (meaning := text(code, "CodeMeaning")))


def _coded(dataset: Dataset, keyword: str) -> str:
    found = items(dataset, keyword)
    return text(found[0], "CodeMeaning") if found else ""


def _coded_view(dataset: Dataset) -> str:
    return _VIEWS.get(_coded(dataset, "ViewCodeSequence").lower(), "")
