"""How a film was taken, as far as its header tells: it decides which formulas apply."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from models.geometry import Turn, turn_to_standard
from ptx_viewer.study.image import Acquisition, Image2D


class Projection(StrEnum):
    """Direction of the beam (ViewPosition, DICOM PS3.3 C.8.11.5)."""

    PA = "PA"
    AP = "AP"
    LATERAL = "lateral"
    OBLIQUE = "oblique"
    UNKNOWN = "not stated"


class Posture(StrEnum):
    """Position of the patient's body."""

    ERECT = "erect"
    SUPINE = "supine"
    PRONE = "prone"
    DECUBITUS = "decubitus"
    UNKNOWN = "not stated"


class Respiration(StrEnum):
    """Phase of breathing at the exposure."""

    INSPIRATION = "inspiration"
    EXPIRATION = "expiration"
    UNKNOWN = "not stated"


@dataclass(frozen=True)
class FilmView:
    """What is known about how a film was taken.

    That a patient stood turned before a straight beam is in no header and is not assessed: only the
    reader can say so.

    Attributes
    ----------
    projection : Projection
    posture : Posture
    respiration : Respiration
    turn : Turn
        Brings the source grid to the usual display: head up, the patient's left at the right.
    age_years : float or None
        Of the patient; the formulas and guidelines are about adults.
    oblique : str
        Which angle of the header makes a film oblique, in words; ``""`` for none.
    rotated : bool
        Whether the reader says that the patient is rotated.
    """

    projection: Projection = Projection.UNKNOWN
    posture: Posture = Posture.UNKNOWN
    respiration: Respiration = Respiration.UNKNOWN
    turn: Turn = Turn()  # noqa: RUF009  (frozen)
    age_years: float | None = None
    oblique: str = ""
    rotated: bool = False


#: ViewPosition's terms; a film in lateral decubitus is a frontal one of a patient who lies on the side.
_PROJECTIONS = {
    "PA": Projection.PA,
    "AP": Projection.AP,
    **dict.fromkeys(("LL", "RL", "LATERAL"), Projection.LATERAL),
    **dict.fromkeys(("LLO", "RLO", "LPO", "RPO", "LAO", "RAO", "OBLIQUE"), Projection.OBLIQUE),
}
#: Words of codes (PS3.16 CID 19, 20) and of free text, the more particular first.
_POSTURES = (
    (re.compile(r"\b(DECUB\w*|LLD|RLD)\b"), Posture.DECUBITUS),
    (re.compile(r"\bSUPINE\b"), Posture.SUPINE),
    (re.compile(r"\bPRONE\b"), Posture.PRONE),
    # Semi-erect is neither: air moves as in neither.
    (re.compile(r"\bSEMI\W?(ERECT|RECUMBENT|UPRIGHT)\b"), Posture.UNKNOWN),
    (re.compile(r"\bRECUMBENT\b"), Posture.SUPINE),
    (re.compile(r"\b(ERECT|UPRIGHT|STANDING|ORTHOSTATIC)\b"), Posture.ERECT),
)
_RESPIRATIONS = (
    (re.compile(r"\bEXPIR\w*\b"), Respiration.EXPIRATION),
    (re.compile(r"\bINSPIR\w*\b"), Respiration.INSPIRATION),
)
#: The second letters of PatientPosition (PS3.3 C.7.3.1.1.2): how the patient lies on a table.
_PATIENT_POSITIONS = {
    "S": Posture.SUPINE,
    "P": Posture.PRONE,
    "DR": Posture.DECUBITUS,
    "DL": Posture.DECUBITUS,
}
Meaning = TypeVar("Meaning", bound=StrEnum)
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}


#: From this angle on, degrees, a film is no longer frontal.  The middle of the mediastinum lies some 5 cm
#: in front of the spine: at 10° it is projected 9 mm aside, nearly what counts as a mediastinal shift
#: (3 SD, 11 mm in a thorax of 30 cm).  Smaller angles are those of an ordinary set-up.
OBLIQUE_DEGREES = 10.0
#: Beside a view that is stated as PA or AP, a primary angle within this much of 90° contradicts it: it is
#: where the tube stands in the room, not where it stands about the patient.
_ACROSS_DEGREES = 15.0


def film_view(image: Image2D) -> FilmView:
    """Return what the header of `image` says about how it was taken.

    ViewPosition and the codes come first, then the words of the protocol and the series; where they
    contradict each other nothing is stated.  An angle of the beam that is clearly not frontal makes a
    film oblique.
    """
    taken, orientation = image.acquisition, image.orientation
    words = f"{taken.protocol} {image.patient.series_description}".upper().replace("_", " ")
    codes = " ".join(taken.position_codes).upper()
    projection = _PROJECTIONS.get(taken.view_position) or _projection(words)
    oblique = "" if projection is Projection.LATERAL else _oblique(taken, projection)
    return FilmView(
        projection=Projection.OBLIQUE if oblique else projection,
        posture=_posture(taken, codes, words),
        respiration=_first(_RESPIRATIONS, codes) or _first(_RESPIRATIONS, words) or Respiration.UNKNOWN,
        turn=turn_to_standard(orientation.row_direction, orientation.column_direction),
        age_years=_age(image.patient.age),
        oblique=oblique,
    )


def _oblique(taken: Acquisition, projection: Projection) -> str:
    """Say which angle of the beam is clearly not frontal; ``""`` where none is.

    The positioner's angles are about the patient (PS3.3 C.8.11.5, C.8.7.5.1.2) if the positioner is a
    C-arm: 0 where the patient faces the detector (PA), 180 with the back to it (AP).  Where the type is
    not stated this is the only meaning that they can have on a chest film; of another type they have none.
    The detector's is that of the beam to the normal of the detector (C.8.7.5.1.4).  0 is also what is
    written where nothing is known.
    """
    primary, secondary = taken.positioner_angles if taken.positioner_type in ("CARM", "") else (None, None)
    if primary is not None:
        turned = abs((primary + 90.0) % 180.0 - 90.0)
        frontal = projection in (Projection.PA, Projection.AP)
        if turned >= OBLIQUE_DEGREES and not (frontal and turned > 90.0 - _ACROSS_DEGREES):
            return f"the beam is turned by {turned:.0f}° about the patient (positioner primary angle)"
    if secondary is not None and OBLIQUE_DEGREES <= abs(secondary) <= 90.0:
        towards = "head" if secondary > 0 else "feet"
        return (
            f"the beam is tilted by {abs(secondary):.0f}° towards the {towards} (positioner secondary angle)"
        )
    detector = taken.detector_angle
    if detector is not None and OBLIQUE_DEGREES <= abs(detector) <= 90.0:
        return f"the beam meets the detector {abs(detector):.0f}° aslant (detector primary angle)"
    return ""


def _projection(words: str) -> Projection:
    found = set(re.findall(r"\b(PA|AP|LAT|LATERAL)\b", words))
    if found == {"PA"}:
        return Projection.PA
    if found == {"AP"}:
        return Projection.AP
    return Projection.UNKNOWN


def _posture(taken: Acquisition, codes: str, words: str) -> Posture:
    stated = _first(_POSTURES, codes) or _first(_POSTURES, f"{taken.view_position} {words}")
    if stated is not None:
        return stated
    lies = re.fullmatch(r"(?:HF|FF)(S|P|DR|DL)", taken.patient_position)
    return _PATIENT_POSITIONS[lies[1]] if lies else Posture.UNKNOWN


def _first(patterns: tuple[tuple[re.Pattern[str], Meaning], ...], text: str) -> Meaning | None:
    return next((meaning for pattern, meaning in patterns if pattern.search(text)), None)


def _age(text: str) -> float | None:
    """Return a DICOM age (AS, e.g. 045Y) in years."""
    found = re.fullmatch(r"(\d{3})([DWMY])", text)
    return int(found[1]) * _YEARS[found[2]] if found else None
