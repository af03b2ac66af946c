"""The tube, grid and detector of a film: scatter, noise, blur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Exposure:
    """The tube, grid and detector of one film.

    Attributes
    ----------
    quanta_per_mm2 : float
        Detected quanta per mm² in the open beam.
    scatter_fraction_of_primary : float
        Scatter that passes the grid, as a share of the broad average of the primary beam.
    scatter_mm : float
        Standard deviation of the scatter's spread.
    blur_mm : float
        Standard deviation of focal spot, motion and detector together.
    """

    quanta_per_mm2: float = 1.1e6
    scatter_fraction_of_primary: float = 0.22
    scatter_mm: float = 32.0
    blur_mm: float = 0.16


#: Erect at the wall stand, with a grid; and at the bedside, without.
GRID: Final = Exposure()
NO_GRID: Final = Exposure(quanta_per_mm2=5e5, scatter_fraction_of_primary=0.55, blur_mm=0.2)


def expose(
    optical_depth: FloatArray, pixel_mm: float, exposure: Exposure, random: np.random.Generator
) -> FloatArray:
    """Return the detector's signal, 1 in the open beam, for optical depths [rows, columns]."""
    primary = np.exp(-optical_depth)
    scatter = broad_blur(primary, exposure.scatter_mm / pixel_mm) * np.float32(
        exposure.scatter_fraction_of_primary
    )
    signal = gaussian_filter(primary, exposure.blur_mm / pixel_mm) + scatter
    quanta = np.float32(exposure.quanta_per_mm2 * pixel_mm * pixel_mm)
    # Far above ten quanta a Poisson variable is normal with the same mean and variance.
    noise = random.standard_normal(signal.shape, dtype=np.float32) * np.sqrt(signal / quanta)
    # Light spreads in the scintillator after the quanta are counted, and so correlates the noise.
    noise = gaussian_filter(noise, 0.6) * np.float32(1.6)
    result: FloatArray = np.maximum(signal + noise, np.float32(1e-5))
    return result


def broad_blur(image: FloatArray, sigma: float) -> FloatArray:
    """Gaussian blur, done on a reduced grid when it is much broader than a pixel."""
    factor = max(1, int(sigma // 6))
    rows, columns = (image.shape[0] // factor) * factor, (image.shape[1] // factor) * factor
    small = image[:rows, :columns].reshape(rows // factor, factor, columns // factor, factor).mean((1, 3))
    small = gaussian_filter(small, sigma / factor, mode="nearest")
    r = (np.arange(image.shape[0]) + 0.5) / factor - 0.5
    c = (np.arange(image.shape[1]) + 0.5) / factor - 0.5
    grid = np.meshgrid(r, c, indexing="ij")
    result: FloatArray = map_coordinates(small, grid, order=1, mode="nearest").astype(np.float32)
    return result
