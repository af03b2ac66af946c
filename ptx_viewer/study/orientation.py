"""Which way the patient lies in the pixel grid."""

from __future__ import annotations

from pydicom.dataset import Dataset

from .calibration import CROSS_SECTIONAL
from .header import numbers, text
from .image import Orientation

#: Directions of the patient axes x, y, z (PS3.3 C.7.6.2.1.1): towards positive, towards negative.
_AXES = (("L", "R"), ("P", "A"), ("H", "F"))
# A direction is named after every axis it leans to by more than about 15 degrees.
_LEAN = 0.26


def orientation_from(dataset: Dataset) -> Orientation:
    """Read PatientOrientation, or derive it from ImageOrientationPatient.

    A film that states neither gets the usual display, patient's left on the right of
    the screen, marked as not stated; a cross-section gets no directions at all.
    """
    stated = [part.strip().upper() for part in text(dataset, "PatientOrientation").split("\\")]
    if len(stated) == 2 and all(_is_direction(part) for part in stated):
        return Orientation(stated[0], stated[1], stated=True)
    cosines = numbers(dataset, "ImageOrientationPatient")
    if len(cosines) == 6 and any(cosines[:3]) and any(cosines[3:]):
        return Orientation(direction(cosines[:3]), direction(cosines[3:]), stated=True)
    if text(dataset, "Modality").upper() in CROSS_SECTIONAL:
        return Orientation("", "", stated=False)
    return Orientation()


def direction(cosines: tuple[float, ...]) -> str:
    """Return the letters of a direction in the patient, the strongest first (``"LP"``)."""
    length = sum(part * part for part in cosines) ** 0.5
    leaning = sorted(zip(cosines, _AXES, strict=True), key=lambda pair: -abs(pair[0]))
    return "".join(axis[part < 0] for part, axis in leaning if abs(part) > _LEAN * length)


def _is_direction(letters: str) -> bool:
    return 1 <= len(letters) <= 3 and set(letters) <= set("LRAPHF")
