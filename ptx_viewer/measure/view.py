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

    Rotation of the patient about the body's axis is in no header and is not assessed.

    Attributes
    ----------
    projection : Projection
    posture : Posture
    respiration : Respiration
    turn : Turn
        Brings the source grid to the usual display: head up, the patient's left at the right.
    age_years : float or None
        Of the patient; the formulas and guidelines are about adults.
    """

    projection: Projection = Projection.UNKNOWN
    posture: Posture = Posture.UNKNOWN
    respiration: Respiration = Respiration.UNKNOWN
    turn: Turn = Turn()  # noqa: RUF009  (frozen)
    age_years: float | None = None


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


def film_view(image: Image2D) -> FilmView:
    """Return what the header of `image` says about how it was taken.

    ViewPosition and the codes come first, then the words of the protocol and the series; where they
    contradict each other nothing is stated.
    """
    taken, orientation = image.acquisition, image.orientation
    words = f"{taken.protocol} {image.patient.series_description}".upper().replace("_", " ")
    codes = " ".join(taken.position_codes).upper()
    return FilmView(
        projection=_PROJECTIONS.get(taken.view_position) or _projection(words),
        posture=_posture(taken, codes, words),
        respiration=_first(_RESPIRATIONS, codes) or _first(_RESPIRATIONS, words) or Respiration.UNKNOWN,
        turn=turn_to_standard(orientation.row_direction, orientation.column_direction),
        age_years=_age(image.patient.age),
    )


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
