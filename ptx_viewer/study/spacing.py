"""Pixel spacing and, always with it, what the millimetres are measured at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SpacingBasis(StrEnum):
    """Where a millimetre holds (DICOM PS3.3 section 10.7)."""

    PATIENT = "patient plane"
    DETECTOR_PLANE = "detector plane"
    ERMF = "ERMF, estimated"
    CALIBRATED_GEOMETRY = "calibrated, GEOMETRY"
    CALIBRATED_FIDUCIAL = "calibrated, FIDUCIAL"
    CALIBRATED = "calibrated, type not stated"
    UNKNOWN = "unknown basis"


@dataclass(frozen=True)
class Spacing:
    """Distance between pixel centres, with its basis.

    Attributes
    ----------
    row_mm : float
        Millimetres between adjacent rows (the first value of PixelSpacing).
    column_mm : float
        Millimetres between adjacent columns.
    basis : SpacingBasis
    description : str
        PixelSpacingCalibrationDescription or the magnification used; may be empty.
    """

    row_mm: float
    column_mm: float
    basis: SpacingBasis
    description: str = ""

    @property
    def pixel_area_mm2(self) -> float:
        """Area of one pixel in mm²."""
        return self.row_mm * self.column_mm
