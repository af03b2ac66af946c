"""Projected area of a pneumothorax mask."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from models.prediction import Side
from ptx_viewer.study.spacing import Spacing, SpacingBasis

from .measurement import Measurement

NAME = "pneumothorax area"

#: What a square millimetre means at each basis (DICOM PS3.3 section 10.7).
BASIS_SENTENCES = {
    SpacingBasis.PATIENT: "patient plane",
    SpacingBasis.DETECTOR_PLANE: "detector plane, not corrected for magnification: the area in the patient "
    "is smaller",
    SpacingBasis.ERMF: "detector spacing divided by the estimated radiographic magnification",
    SpacingBasis.CALIBRATED_GEOMETRY: "calibrated, GEOMETRY",
    SpacingBasis.CALIBRATED_FIDUCIAL: "calibrated, FIDUCIAL",
    SpacingBasis.CALIBRATED: "calibrated, type not stated",
    SpacingBasis.UNKNOWN: "unknown basis: the true size is not known",
}
UNCALIBRATED = "mask pixels; the image gives no pixel spacing, so the size in millimetres is not known"
UNUSABLE_SPACING = (
    "mask pixels; the pixel spacing of the image is not usable, so the size in millimetres is not known"
)


def pneumothorax_area(
    mask: NDArray[np.bool_], spacing: Spacing | None, side: Side, model: str
) -> Measurement:
    """Measure the projected area of one side's mask.

    Area = number of mask pixels × row spacing × column spacing.

    Parameters
    ----------
    mask : ndarray of bool, shape [H, W]
    spacing : Spacing or None
        Millimetres between pixel centres; None for an uncalibrated image.
    side : Side
    model : str
        Whose mask this is.

    Returns
    -------
    Measurement
        In mm² with the calibration basis in its method, or in ``"px"`` when there is no
        usable spacing: millimetres are never made up.
    """
    pixels = int(np.count_nonzero(mask))
    if spacing is None or not _usable(spacing):
        method = UNCALIBRATED if spacing is None else UNUSABLE_SPACING
        return Measurement(NAME, float(pixels), "px", method, side.value, model)
    basis = BASIS_SENTENCES[spacing.basis]
    if spacing.description:
        basis = f"{basis} ({spacing.description})"
    method = f"mask pixels × {spacing.row_mm:.4g} mm × {spacing.column_mm:.4g} mm; {basis}"
    return Measurement(NAME, pixels * spacing.pixel_area_mm2, "mm²", method, side.value, model)


def _usable(spacing: Spacing) -> bool:
    return all(math.isfinite(mm) and mm > 0 for mm in (spacing.row_mm, spacing.column_mm))
