"""How a film was taken, as far as its header tells: it decides which formulas apply."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.geometry import Turn, turn_to_standard
from ptx_viewer.study.image import Image2D


class Projection(StrEnum):
    """Direction of the beam (ViewPosition, DICOM PS3.3 C.8.11.5)."""

    PA = "PA"
    AP = "AP"
    LATERAL = "lateral"
    UNKNOWN = "not stated"


class Posture(StrEnum):
    """Position of the patient's body."""

    ERECT = "erect"
    SUPINE = "supine"
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


def film_view(image: Image2D) -> FilmView:
    """Return what the header of `image` says about how it was taken."""
    projection = {"PA": Projection.PA, "AP": Projection.AP}.get(image.acquisition.view_position)
    orientation = image.orientation
    return FilmView(
        projection=projection or Projection.UNKNOWN,
        turn=turn_to_standard(orientation.row_direction, orientation.column_direction),
    )
