"""Projected area of a pneumothorax mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.prediction import Side
from ptx_viewer.study.spacing import Spacing

from .measurement import Measurement
from .millimetres import basis_sentence, scale_range, usable
from .side import SideOutlines
from .uncertainty import interval, interval_words

NAME = "pneumothorax area"


def pneumothorax_area(
    mask: NDArray[np.bool_], outlines: SideOutlines, spacing: Spacing | None, side: Side, model: str
) -> Measurement:
    """Measure the projected area of one side's mask.

    Area = number of mask pixels × row spacing × column spacing.

    Parameters
    ----------
    mask : ndarray of bool, shape [H, W]
    outlines : SideOutlines
        Gives the interval.
    spacing : Spacing or None
        Millimetres between pixel centres; None for an uncalibrated image.
    side : Side
    model : str
        Whose mask this is.

    Returns
    -------
    Measurement
        In mm² with the calibration basis in its method, or in ``"px²"`` when there is no
        usable spacing: millimetres are never made up.
    """
    known = usable(spacing)
    pixels = int(np.count_nonzero(mask))
    if known is None:
        value, unit, method = float(pixels), "px²", f"mask pixels; {basis_sentence(spacing)}"
    else:
        value, unit = pixels * known.pixel_area_mm2, "mm²"
        method = f"mask pixels × {known.row_mm:.4g} mm × {known.column_mm:.4g} mm; {basis_sentence(known)}"
    words = interval_words([outlines.words] if outlines.words else [], known)
    others = [
        value * ratio * scale**2
        for ratio in (1.0, *outlines.area_ratios)
        for scale in (1.0, *scale_range(known))
    ]
    return Measurement(
        NAME,
        value,
        unit,
        method,
        side.value,
        model,
        interval=interval(value, others) if words else None,
        interval_basis=words or None,
    )
