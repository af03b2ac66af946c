"""For presentation: logarithm, a characteristic curve, contrast of what is small, 12 bits."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from .exposure import broad_blur

FloatArray = NDArray[np.float32]

BITS: Final = 12

#: Characteristic curve: densities and the grey in which large structures show, 1 is white.  It is steep
#: in the lung and flat in heart and abdomen, which keep room for the bones in front of them.
_DENSITY: Final = (0.0, 0.15, 0.8, 1.5, 2.2, 3.0, 4.0, 5.2, 7.0)
_GREY: Final = (0.0, 0.0, 0.07, 0.27, 0.55, 0.75, 0.85, 0.905, 0.96)
#: The density that the lungs are brought to, and where they lie in the body's histogram.
_LUNGS, _LUNGS_PERCENTILE = 1.75, 30.0
_SMALL_MM, _LARGE_MM = 1.6, 16.0
#: Grey per density of structures between the two scales and below the smaller one, at least, and the
#: share of the curve's own slope that they have where it is steeper.
_MIDDLE_LEAST, _MIDDLE_SHARE = 0.24, 1.05
_FINE_LEAST, _FINE_SHARE = 0.55, 2.2


def for_presentation(signal: FloatArray, pixel_mm: float, tone: float = 1.0) -> NDArray[np.uint16]:
    """Turn a detector signal into stored values that are shown as they are, white for bone.

    As in multi-scale processing of digital radiography, the curve is applied to the large structures
    alone; what is smaller is added with a contrast that does not sink where the curve is flat.

    Parameters
    ----------
    signal : ndarray of float32, shape [rows, columns]
        1 in the open beam.
    pixel_mm : float
    tone : float
        Exponent of the grey values: over 1 the lungs are shown darker, as one department likes them.

    Returns
    -------
    ndarray of uint16, shape [rows, columns]
        0 (black) .. 4095 (white).
    """
    density = -np.log(np.clip(signal, 1e-5, None))
    # Exposure recognition: lungs are shown nearly alike, however thick the patient is.
    body = density[density > _DENSITY[2]]
    if body.size:
        density *= np.float32(np.clip(np.sqrt(_LUNGS / np.percentile(body, _LUNGS_PERCENTILE)), 0.85, 1.15))
    without_fine = broad_blur(density, _SMALL_MM / pixel_mm)
    large = broad_blur(density, _LARGE_MM / pixel_mm)
    grey, slope = _curve(large)
    shown = grey + np.maximum(_MIDDLE_SHARE * slope, _MIDDLE_LEAST) * (without_fine - large)
    shown += np.maximum(_FINE_SHARE * slope, _FINE_LEAST) * (density - without_fine)
    # Air stays black: there is no contrast to keep where nothing absorbs.
    shown *= np.clip((density - _DENSITY[1]) / (_DENSITY[2] - _DENSITY[1]), 0.0, 1.0)
    shown = np.clip(shown, 0.0, 1.0) ** np.float32(tone)
    result: NDArray[np.uint16] = np.rint(shown * (2**BITS - 1)).astype(np.uint16)
    return result


def _curve(density: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Grey and its slope for densities of any shape."""
    steps = np.linspace(_DENSITY[0], _DENSITY[-1], 512)
    curve = PchipInterpolator(_DENSITY, _GREY)
    at = np.clip(density, _DENSITY[0], _DENSITY[-1])
    grey, slope = (
        np.interp(at, steps, values).astype(np.float32) for values in (curve(steps), curve(steps, 1))
    )
    return grey, slope
