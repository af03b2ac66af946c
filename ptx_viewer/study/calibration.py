"""Which millimetres a file's pixel spacing means (DICOM PS3.3 section 10.7)."""

from __future__ import annotations

import math

from pydicom.dataset import Dataset

from .header import number, numbers, text
from .spacing import Spacing, SpacingBasis

#: Modalities whose pixel grid lies in the patient: no projection, no magnification.
CROSS_SECTIONAL = frozenset({"CT", "MR", "PT"})

# Two spacings written with different numbers of digits are still the same spacing.
_SAME = 1e-3
_SMALLEST_MM, _LARGEST_MM = 1e-5, 1e3
# No detector has pixels longer than that: a wrong entry.
_LARGEST_ASPECT = 100.0


def spacing_from(dataset: Dataset) -> Spacing | None:
    """Return the pixel spacing with its basis, or None when the file gives no usable one.

    Parameters
    ----------
    dataset : Dataset
        A header; for a multi-frame object the frame's own attributes at the top level.

    Returns
    -------
    Spacing or None
        * CT, MR, PT: PixelSpacing, in the patient plane.
        * A projection with a spacing at the detector (ImagerPixelSpacing, or
          NominalScannedPixelSpacing of a scanned film) alone: divided by
          EstimatedRadiographicMagnificationFactor, or else by the ratio of the source
          distances (detector / patient), ``ERMF``; without either, ``DETECTOR_PLANE``.
        * PixelSpacing equal to the detector's: ``DETECTOR_PLANE``.
        * PixelSpacing different from it: calibrated, of the stated type.
        * PixelSpacing alone: ``UNKNOWN``, unless the file states a calibration type.

        The first value is the distance between rows.  A value that is missing, zero,
        negative or not a number makes the whole attribute unusable: nothing is guessed.
    """
    pixel = _pair(dataset, "PixelSpacing")
    if text(dataset, "Modality").upper() in CROSS_SECTIONAL:
        return Spacing(*pixel, SpacingBasis.PATIENT) if pixel else None
    plane = _pair(dataset, "ImagerPixelSpacing") or _pair(dataset, "NominalScannedPixelSpacing")
    if pixel is None:
        return None if plane is None else _from_plane(dataset, plane)
    if plane is not None and all(
        math.isclose(a, b, rel_tol=_SAME) for a, b in zip(pixel, plane, strict=True)
    ):
        return Spacing(*plane, SpacingBasis.DETECTOR_PLANE)
    kind = text(dataset, "PixelSpacingCalibrationType").upper()
    if plane is None and not kind:
        return Spacing(*pixel, SpacingBasis.UNKNOWN)
    basis = {
        "GEOMETRY": SpacingBasis.CALIBRATED_GEOMETRY,
        "FIDUCIAL": SpacingBasis.CALIBRATED_FIDUCIAL,
    }.get(kind, SpacingBasis.CALIBRATED)
    return Spacing(*pixel, basis, text(dataset, "PixelSpacingCalibrationDescription"))


def spacing_is_unusable(dataset: Dataset) -> bool:
    """Whether the file does write a spacing, but none that means anything."""
    keywords = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
    return any(text(dataset, key) for key in keywords) and spacing_from(dataset) is None


def stated_pixel_height(dataset: Dataset) -> float:
    """Return the height of a pixel over its width by PixelAspectRatio (0028,0034); 1 without a usable one.

    The attribute stands where the physical spacing is not known (DICOM PS3.3 C.7.6.3.1.7).
    """
    found = numbers(dataset, "PixelAspectRatio")
    if len(found) != 2 or not all(part > 0 for part in found):
        return 1.0
    height = found[0] / found[1]
    return height if 1 / _LARGEST_ASPECT <= height <= _LARGEST_ASPECT else 1.0


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    found = numbers(dataset, keyword)
    if len(found) != 2 or not all(_SMALLEST_MM <= part <= _LARGEST_MM for part in found):
        return None
    return found[0], found[1]


def _from_plane(dataset: Dataset, plane: tuple[float, float]) -> Spacing:
    factor = number(dataset, "EstimatedRadiographicMagnificationFactor")
    source = "stated"
    # A beam diverges, so a factor below 1 (or a patient behind the detector) is a wrong entry.
    if factor is None or factor < 1:
        to_detector = number(dataset, "DistanceSourceToDetector")
        to_patient = number(dataset, "DistanceSourceToPatient")
        if to_detector is None or to_patient is None or not to_detector >= to_patient > 0:
            return Spacing(*plane, SpacingBasis.DETECTOR_PLANE)
        factor, source = to_detector / to_patient, "from the source distances"
    return Spacing(
        plane[0] / factor, plane[1] / factor, SpacingBasis.ERMF, f"magnification {factor:.3f}, {source}"
    )
