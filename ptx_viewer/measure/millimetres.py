"""What a millimetre on a film means, and how far it may be from one in the patient (DICOM PS3.3 10.7)."""

from __future__ import annotations

import math

from ptx_viewer.study.spacing import Spacing, SpacingBasis

#: What the calibration of a value rests on.
BASIS_SENTENCES = {
    SpacingBasis.PATIENT: "patient plane",
    SpacingBasis.DETECTOR_PLANE: "detector plane, not corrected for magnification: the true size is smaller",
    SpacingBasis.ERMF: "detector spacing divided by the estimated radiographic magnification",
    SpacingBasis.CALIBRATED_GEOMETRY: "calibrated, GEOMETRY",
    SpacingBasis.CALIBRATED_FIDUCIAL: "calibrated, FIDUCIAL",
    SpacingBasis.CALIBRATED: "calibrated, type not stated",
    SpacingBasis.UNKNOWN: "unknown basis: the true size is not known",
}
UNCALIBRATED = "the image gives no pixel spacing, so the size in millimetres is not known"
UNUSABLE_SPACING = "the pixel spacing of the image is not usable, so the size in millimetres is not known"

# With the source 180 cm from the detector, what lies 0 to 30 cm in front of the detector is enlarged
# 1 to 180 / (180 - 30) = 1.2 times.
_DETECTOR_PLANE = (1 / 1.2, 1.0)
# A correction holds for one plane; 10 cm nearer to or farther from the source, itself at 160 cm from
# that plane, the enlargement differs by 10 / 160 = 6 %.
_ONE_PLANE = (0.94, 1.06)
#: True length divided by the length that the spacing gives, at least and at most.
SCALES: dict[SpacingBasis, tuple[float, float] | None] = {
    SpacingBasis.PATIENT: (1.0, 1.0),
    SpacingBasis.DETECTOR_PLANE: _DETECTOR_PLANE,
    SpacingBasis.ERMF: _ONE_PLANE,
    SpacingBasis.CALIBRATED_GEOMETRY: _ONE_PLANE,
    SpacingBasis.CALIBRATED_FIDUCIAL: _ONE_PLANE,
    SpacingBasis.CALIBRATED: _ONE_PLANE,
    SpacingBasis.UNKNOWN: None,
}
_SCALE_WORDS = {
    _DETECTOR_PLANE: "magnification of 1.0 to 1.2",
    _ONE_PLANE: "calibration ± 6 % for structures up to 10 cm off its plane",
}


def usable(spacing: Spacing | None) -> Spacing | None:
    """Return `spacing` if it is finite and positive, otherwise None."""
    if spacing is None or not all(math.isfinite(mm) and mm > 0 for mm in (spacing.row_mm, spacing.column_mm)):
        return None
    return spacing


def basis_sentence(spacing: Spacing | None) -> str:
    """Say what the millimetres of `spacing` rest on, or why there are none."""
    if spacing is None:
        return UNCALIBRATED
    if usable(spacing) is None:
        return UNUSABLE_SPACING
    sentence = BASIS_SENTENCES[spacing.basis]
    return f"{sentence} ({spacing.description})" if spacing.description else sentence


def scale_range(spacing: Spacing | None) -> tuple[float, float]:
    """Return the least and greatest factor from a stated to a true length; 1, 1 where nothing is known."""
    scale = SCALES[spacing.basis] if spacing is not None and usable(spacing) else None
    return scale or (1.0, 1.0)


def scale_words(spacing: Spacing | None) -> str:
    """Say what :func:`scale_range` allows for; ``""`` where it allows for nothing."""
    if spacing is None or usable(spacing) is None:
        return ""
    if spacing.basis is SpacingBasis.UNKNOWN:
        return "the calibration's own error is not known and not included"
    return _SCALE_WORDS.get(scale_range(spacing), "")
