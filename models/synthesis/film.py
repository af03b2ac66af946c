"""From a thorax to the detector: Beer-Lambert along diverging rays."""

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
