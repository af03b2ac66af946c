"""From a thorax to the detector: Beer-Lambert along diverging rays, scatter, noise, response."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from .fields import coverage
from .geometry import Projection
from .materials import MU_WATER, attenuation
from .thorax import Thorax
from .tubes import join, project_tubes

FloatArray = NDArray[np.float32]

#: Vessels move with the heart (mm), those at the hilum more, and are nowhere deeper than this (HU times mm).
_PULSATION_MM: Final = (0.2, 0.6)
_HILAR_RADIUS_MM: Final = 2.4
_VESSEL_LIMIT: Final = 20000.0
_THREADS: Final = 2
_BLOCK: Final = 16
_FRONT_TO_BACK: Final = (-190.0, 165.0)
_CAGE_FRONT_TO_BACK: Final = (-122.0, 122.0)
#: Thickness of the visceral pleura, and the radius of the lung's surface where rays graze it (mm).
_PLEURA_MM: Final = 0.22
_GRAZED_RADIUS_MM: Final = 65.0


@dataclass(frozen=True)
class Sampling:
    """How finely a thorax is sampled for a film.

    Attributes
    ----------
    pitch_mm : float
        Soft shapes are integrated on a grid of about this pitch at the detector; tubes and the
        visceral line on the film's own.
    step_mm : float
        Distance of the planes.
    """

    pitch_mm: float = 0.8
    step_mm: float = 1.5


@dataclass(frozen=True, eq=False)
class Outlines:
    """Silhouettes on the film's grid: 0 where a ray grazes a shape, positive where it passes.

    Attributes
    ----------
    pleural, lung, mediastinum, abdomen : ndarray of float32, shape [rows, columns]
        The largest signed distance (mm) to each shape along the ray.
    """

    pleural: FloatArray
    lung: FloatArray
    mediastinum: FloatArray
    abdomen: FloatArray


@dataclass(frozen=True, eq=False)
class LineIntegrals:
    """What each ray meets, on the film's grid.

    Attributes
    ----------
    optical_depth : ndarray of float32, shape [rows, columns]
        Integral of the attenuation, dimensionless.
    pneumothorax_mm, lung_mm : ndarray of float32, shape [rows, columns]
        Millimetres of path through pleural air, and through lung.
    outlines : Outlines
    """

    optical_depth: FloatArray
    pneumothorax_mm: FloatArray
    lung_mm: FloatArray
    outlines: Outlines


def integrate_planes(
    evaluate: Callable[[FloatArray, float, FloatArray], tuple[FloatArray, ...]],
    projection: Projection,
    front: float,
    back: float,
    step: float,
    maxima: int = 0,
) -> tuple[FloatArray, ...]:
    """Integrate functions of space along every ray of `projection`.

    Parameters
    ----------
    evaluate : callable
        ``evaluate(x [1, W], y, z [H, 1])`` returns arrays [H, W] on the coronal plane at y (mm).
    projection : Projection
    front, back, step : float
        Range and spacing of the planes in mm (midpoint rule).
    maxima : int
        Of the last so many functions the largest value along the ray is taken instead.

    Returns
    -------
    tuple of ndarray of float32, shape [rows, columns]
        Integral of each function over the path in mm, or its maximum.
    """

    def at(y: float) -> tuple[FloatArray, ...]:
        x, z = projection.plane(y)
        return evaluate(x, y, z)

    totals: list[FloatArray] = []
    depths = [float(y) for y in np.arange(front + step / 2, back, step)]
    with ThreadPoolExecutor(_THREADS) as pool:
        # In blocks, so that finished planes do not pile up; added in order, so that the sum is repeatable.
        for first in range(0, len(depths), _BLOCK):
            for values in pool.map(at, depths[first : first + _BLOCK]):
                if not totals:
                    totals = [np.array(value) for value in values]
                    continue
                for number, (total, value) in enumerate(zip(totals, values, strict=True)):
                    join_values = np.add if number < len(values) - maxima else np.maximum
                    join_values(total, value, out=total)
    path = projection.path_per_depth() * np.float32(step)
    sums = len(totals) - maxima
    return tuple(total * path if number < sums else total for number, total in enumerate(totals))


def line_integrals(thorax: Thorax, projection: Projection, sampling: Sampling) -> LineIntegrals:
    """Integrate `thorax` along the rays of `projection`."""
    coarse = projection.binned(max(1, round(sampling.pitch_mm / projection.pixel_mm)))
    width = 0.5 * (sampling.step_mm + coarse.pixel_mm)

    def evaluate(x: FloatArray, y: float, z: FloatArray) -> tuple[FloatArray, ...]:
        sample = thorax.plane(x, y, z, width, pleura=False)
        return (
            attenuation(sample.hounsfield),
            sample.pneumothorax,
            sample.cavity - sample.pneumothorax,
            sample.pleural,
            sample.lung,
            sample.mediastinum,
            sample.abdomen,
        )

    found = integrate_planes(evaluate, coarse, *_FRONT_TO_BACK, sampling.step_mm, maxima=4)
    fine = [_refine(array, projection, coarse, order=3 if i == 0 else 1) for i, array in enumerate(found)]
    tubes = project_tubes(join(list(thorax.bone_and_airway_layers())), projection)
    vessels = np.zeros_like(tubes)
    for some, motion in zip(thorax.vessels().parted(_HILAR_RADIUS_MM), _PULSATION_MM, strict=True):
        vessels += gaussian_filter(project_tubes(some, projection), motion / projection.pixel_mm)
    # Two vessels cannot be in one place: where the pieces of a fork overlap, their sum saturates.
    vessels = np.tanh(vessels * np.float32(1.0 / _VESSEL_LIMIT)) * np.float32(_VESSEL_LIMIT)
    depth = fine[0] + (tubes + vessels) * np.float32(MU_WATER / 1000.0)
    outlines = Outlines(*fine[3:])
    if thorax.retreats:
        line = visceral_line_mm(outlines.pleural, outlines.lung)
        # In front of the abdomen nobody sees it, and between the planes it would be drawn as stairs.
        depth += line * coverage(-outlines.abdomen, 6.0) * np.float32(MU_WATER)
    return LineIntegrals(np.maximum(depth, 0.0), fine[1], fine[2], outlines)


def film_outlines(thorax: Thorax, projection: Projection, sampling: Sampling) -> Outlines:
    """Return the silhouettes alone: in a fraction of the time of :func:`line_integrals`."""
    coarse = projection.binned(max(1, round(sampling.pitch_mm / projection.pixel_mm)))
    found = integrate_planes(thorax.outlines, coarse, *_CAGE_FRONT_TO_BACK, sampling.step_mm, maxima=4)
    return Outlines(*(_refine(array, projection, coarse, order=1) for array in found))


def visceral_line_mm(pleural: FloatArray, lung: FloatArray) -> FloatArray:
    """Path through the visceral pleura where rays graze a lung that has left the wall, any shape.

    Along a ray that passes the surface of a ball of radius R at depth d, the path through a shell of
    thickness t is ``2 (sqrt(2 R d) - sqrt(2 R (d - t)))``: a line that is sharp outside and fades inwards.

    Parameters
    ----------
    pleural, lung : ndarray of float32
        Silhouettes of the pleural cavity and of the lung, mm.
    """
    depth = np.maximum(lung, 0.0)
    deeper = np.maximum(lung - np.float32(_PLEURA_MM), 0.0)
    path = np.float32(2.0 * np.sqrt(2.0 * _GRAZED_RADIUS_MM)) * (np.sqrt(depth) - np.sqrt(deeper))
    result: FloatArray = path * coverage(pleural - lung - np.float32(1.0), 1.0)
    return result


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
