"""For presentation: logarithm, multi-scale contrast, and a characteristic curve to 12 bits."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from .film import _broad

FloatArray = NDArray[np.float32]

BITS: Final = 12

#: Characteristic curve: the density shown in mid-grey, the contrast there, the density shown black.
_MIDDLE: Final = 1.16
_CONTRAST: Final = 1.6
_BLACK: Final = 0.10


def for_presentation(signal: FloatArray, pixel_mm: float) -> NDArray[np.uint16]:
    """Turn a detector signal into stored values that are shown as they are, white for bone.

    Parameters
    ----------
    signal : ndarray of float32, shape [rows, columns]
        1 in the open beam.

    Returns
    -------
    ndarray of uint16, shape [rows, columns]
        0 (black) .. 4095 (white).
    """
    density = -np.log(np.clip(signal, 1e-5, None))
    # Latitude: large structures are compressed, small ones kept, so that lung and mediastinum both show.
    fine = density - gaussian_filter(density, 1.6 / pixel_mm)
    large = _broad(density, 22.0 / pixel_mm)
    middle = density - fine - large
    balanced = np.float32(0.72) * large + np.float32(1.3) * middle + np.float32(1.6) * fine
    curve = 1.0 / (1.0 + np.exp((_MIDDLE - balanced) * np.float32(_CONTRAST)))
    black = 1.0 / (1.0 + np.exp((_MIDDLE - _BLACK) * _CONTRAST))
    shown = np.clip((curve - black) / (1.0 - black), 0.0, 1.0)
    result: NDArray[np.uint16] = np.rint(shown * (2**BITS - 1)).astype(np.uint16)
    return result
