"""What the shapes of a thorax leave out, as random fields."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from .film import LineIntegrals

FloatArray = NDArray[np.float32]


def unresolved_structure(
    integrals: LineIntegrals, pixel_mm: float, random: np.random.Generator
) -> FloatArray:
    """Fluctuation of the optical depth from what the shapes leave out, [rows, columns].

    Fat planes and muscle bundles: a sum of random fields from 1 to 9 mm, in proportion to the square
    root of the depth as for many small independent parts along the ray.  In the lung, small vessels
    and septa: finer fields in proportion to the root of the path through lung, so that they are
    missing where there is only air.
    """
    soft = _fields(integrals.optical_depth.shape, _SOFT_SCALES, pixel_mm, random)
    soft *= np.sqrt(integrals.optical_depth)
    lung = _fields(integrals.optical_depth.shape, _LUNG_SCALES, pixel_mm, random)
    lung *= np.sqrt(integrals.lung_mm * np.float32(1.0 / 100.0))
    result: FloatArray = soft + lung
    return result


#: Standard deviation in mm and amplitude of the random fields.
_SOFT_SCALES: Final = ((0.7, 0.007), (2.0, 0.011), (5.0, 0.017), (10.0, 0.020))
_LUNG_SCALES: Final = ((0.35, 0.004), (0.7, 0.007), (1.4, 0.010), (3.0, 0.010))


def _fields(
    shape: tuple[int, ...],
    scales: tuple[tuple[float, float], ...],
    pixel_mm: float,
    random: np.random.Generator,
) -> FloatArray:
    total = np.zeros(shape, np.float32)
    for scale, amplitude in scales:
        sigma = scale / pixel_mm
        factor = max(1, int(sigma // 2))
        small = tuple(size // factor + 2 for size in shape)
        field = gaussian_filter(random.standard_normal(small, dtype=np.float32), sigma / factor)
        # Pixels broader than the structure average it away.
        field *= np.float32(amplitude * min(1.0, sigma)) / field.std()
        if factor > 1:
            grid = np.meshgrid(*(np.arange(size) / factor for size in shape), indexing="ij")
            field = map_coordinates(field, grid, order=1)
        total += field[: shape[0], : shape[1]]
    return total
