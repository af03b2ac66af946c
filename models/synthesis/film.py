"""From a thorax to the detector: Beer-Lambert along diverging rays, scatter, noise, response."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from .geometry import Projection
from .materials import MU_WATER, attenuation
from .thorax import Thorax
from .tubes import join, project_tubes

FloatArray = NDArray[np.float32]

#: Soft shapes are integrated on a grid of about this pitch at the detector (mm); tubes on the film's own.
_COARSE_MM: Final = 0.8
_STEP_MM: Final = 1.5
#: Vessels move with the heart (mm), and are nowhere deeper than this (HU times mm).
_PULSATION_MM: Final = 0.2
_VESSEL_LIMIT: Final = 24000.0
_THREADS: Final = 2
_BLOCK: Final = 16
_FRONT_TO_BACK: Final = (-150.0, 138.0)


@dataclass(frozen=True, eq=False)
class LineIntegrals:
    """What each ray meets, in mm of path (coarse grid), and the optical depth (film grid).

    Attributes
    ----------
    optical_depth : ndarray of float32, shape [rows, columns]
        Integral of the attenuation, dimensionless.
    pneumothorax, cavity, mediastinum, abdomen : ndarray of float32, shape [rows, columns]
        Millimetres of path through each.
    """

    optical_depth: FloatArray
    pneumothorax: FloatArray
    cavity: FloatArray
    mediastinum: FloatArray
    abdomen: FloatArray


def integrate_planes(
    evaluate: Callable[[FloatArray, float, FloatArray], tuple[FloatArray, ...]],
    projection: Projection,
    front: float,
    back: float,
    step: float,
) -> tuple[FloatArray, ...]:
    """Integrate functions of space along every ray of `projection`.

    Parameters
    ----------
    evaluate : callable
        ``evaluate(x [1, W], y, z [H, 1])`` returns arrays [H, W] on the coronal plane at y (mm).
    projection : Projection
    front, back, step : float
        Range and spacing of the planes in mm (midpoint rule).

    Returns
    -------
    tuple of ndarray of float32, shape [rows, columns]
        Integral of each function over the path in mm.
    """

    def at(y: float) -> tuple[FloatArray, ...]:
        x, z = projection.plane(y)
        return evaluate(x, y, z)

    sums: list[FloatArray] = []
    depths = [float(y) for y in np.arange(front + step / 2, back, step)]
    with ThreadPoolExecutor(_THREADS) as pool:
        # In blocks, so that finished planes do not pile up; added in order, so that the sum is repeatable.
        for first in range(0, len(depths), _BLOCK):
            for values in pool.map(at, depths[first : first + _BLOCK]):
                if not sums:
                    sums = [np.zeros(projection.shape, np.float32) for _ in values]
                for total, value in zip(sums, values, strict=True):
                    np.add(total, value, out=total)
    path = projection.path_per_depth() * np.float32(step)
    return tuple(total * path for total in sums)


def line_integrals(thorax: Thorax, projection: Projection) -> LineIntegrals:
    """Integrate `thorax` along the rays of `projection`."""
    factor = max(1, round(_COARSE_MM / projection.pixel_mm))
    coarse = projection.binned(factor)
    width = max(_STEP_MM, coarse.pixel_mm)

    def evaluate(x: FloatArray, y: float, z: FloatArray) -> tuple[FloatArray, ...]:
        sample = thorax.plane(x, y, z, width)
        return (
            attenuation(sample.hounsfield),
            sample.pneumothorax,
            sample.cavity,
            sample.mediastinum,
            sample.abdomen,
        )

    sums = integrate_planes(evaluate, coarse, *_FRONT_TO_BACK, _STEP_MM)
    fine = [_refine(array, projection, coarse, order=3 if i == 0 else 1) for i, array in enumerate(sums)]
    tubes = project_tubes(join(list(thorax.bone_and_airway_layers())), projection)
    vessels = gaussian_filter(
        project_tubes(thorax.vessels(), projection), _PULSATION_MM / projection.pixel_mm
    )
    # Two vessels cannot be in one place: where the pieces of a fork overlap, their sum saturates.
    vessels = np.tanh(vessels * np.float32(1.0 / _VESSEL_LIMIT)) * np.float32(_VESSEL_LIMIT)
    depth = np.maximum(fine[0] + (tubes + vessels) * np.float32(MU_WATER / 1000.0), 0.0)
    return LineIntegrals(depth, *fine[1:])


def _refine(array: FloatArray, projection: Projection, coarse: Projection, order: int) -> FloatArray:
    """Resample from the coarse detector grid to the film's own; both are centred on the same ray."""
    factor = coarse.pixel_mm / projection.pixel_mm
    if factor == 1.0:
        return array
    rows = (np.arange(projection.rows) - (projection.rows - 1) / 2) / factor + (coarse.rows - 1) / 2
    columns = (np.arange(projection.columns) - (projection.columns - 1) / 2) / factor + (
        coarse.columns - 1
    ) / 2
    result = np.empty(projection.shape, np.float32)
    for start in range(0, projection.rows, 256):
        block = rows[start : start + 256]
        grid = np.meshgrid(block, columns, indexing="ij")
        result[start : start + 256] = map_coordinates(array, grid, order=order, mode="nearest")
    return result


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
    scatter_fraction_of_primary: float = 0.10
    scatter_mm: float = 32.0
    blur_mm: float = 0.16


def expose(
    optical_depth: FloatArray, pixel_mm: float, exposure: Exposure, random: np.random.Generator
) -> FloatArray:
    """Return the detector's signal, 1 in the open beam, for optical depths [rows, columns]."""
    primary = np.exp(-optical_depth)
    scatter = _broad(primary, exposure.scatter_mm / pixel_mm) * np.float32(
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


def unresolved_structure(
    optical_depth: FloatArray, pixel_mm: float, random: np.random.Generator
) -> FloatArray:
    """Fluctuation of the optical depth from what the shapes leave out: fat planes, bundles, small vessels.

    A sum of random fields from 1 to 9 mm, in proportion to the square root of the depth as for many
    small independent parts along the ray.
    """
    total = np.zeros_like(optical_depth)
    for scale, amplitude in ((0.7, 0.010), (2.0, 0.011), (5.0, 0.013), (9.0, 0.014)):
        sigma = scale / pixel_mm
        factor = max(1, int(sigma // 3))
        shape = tuple(size // factor + 2 for size in optical_depth.shape)
        field = gaussian_filter(random.standard_normal(shape, dtype=np.float32), sigma / factor)
        field *= np.float32(amplitude) / field.std()
        rows, columns = (np.arange(size) / factor for size in optical_depth.shape)
        total += map_coordinates(field, np.meshgrid(rows, columns, indexing="ij"), order=1)
    return total * np.sqrt(optical_depth)


def lead_marker(projection: Projection) -> FloatArray:
    """Optical depth of the lead letter L in the upper corner on the patient's left, [rows, columns]."""
    row = np.arange(projection.rows)[:, None] * projection.pixel_mm
    column = np.arange(projection.columns)[None, :] * projection.pixel_mm
    width = projection.columns * projection.pixel_mm
    top, left = 0.045 * projection.rows * projection.pixel_mm, 0.90 * width
    down, across = row - top, column - left
    stem = (abs(across - 1.2) < 1.2) & (abs(down - 6.5) < 6.5)
    foot = (abs(across - 3.8) < 3.8) & (abs(down - 11.8) < 1.2)
    result: FloatArray = gaussian_filter(
        (stem | foot).astype(np.float32) * np.float32(3.5), 0.25 / projection.pixel_mm
    )
    return result


def _broad(image: FloatArray, sigma: float) -> FloatArray:
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
