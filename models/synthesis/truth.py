"""What is known about a film: silhouettes, areas and distances to a fraction of a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .anatomy import SIDES, Side, sign
from .cavity import mediastinal_x
from .film import FloatArray, LineIntegrals
from .geometry import Projection
from .thorax import Thorax

#: Row and column in pixels, centres at whole numbers.
Pixel = tuple[float, float]
#: Root of the lung (mm) on the right and left of an average person.
_HILUM = {"right": (-30.0, 8.0, 20.0), "left": (32.0, 10.0, 30.0)}


@dataclass(frozen=True)
class Distance:
    """A straight distance on the film.

    Attributes
    ----------
    mm : float
        In the patient's plane through the origin.
    start, end : tuple of float
        Chest wall or cupola, and lung.
    """

    mm: float
    start: Pixel
    end: Pixel


@dataclass(frozen=True)
class SideTruth:
    """One hemithorax on the film; millimetres in the patient's plane through the origin.

    Attributes
    ----------
    hemithorax_mm2, pneumothorax_mm2 : float
        Projected areas.
    hilum : tuple of float
        Where the root of the lung is projected.
    cupola, lung_apex : tuple of float
        Highest points of the hemithorax and of the lung.
    apex_to_cupola : Distance or None
        Rows between the two, upright; None without a pneumothorax.
    interpleural_upper, interpleural_lower, interpleural_hilum : Distance or None
        Horizontal, chest wall to lung, a quarter and three quarters of the way down the lung, and
        at the hilum.
    """

    hemithorax_mm2: float
    pneumothorax_mm2: float
    hilum: Pixel
    cupola: Pixel
    lung_apex: Pixel
    apex_to_cupola: Distance | None
    interpleural_upper: Distance | None
    interpleural_lower: Distance | None
    interpleural_hilum: Distance | None

    @property
    def percent(self) -> float:
        """Projected area beyond the visceral line in percent of the hemithorax."""
        return 100.0 * self.pneumothorax_mm2 / self.hemithorax_mm2


@dataclass(frozen=True, eq=False)
class FilmTruth:
    """What is known about a synthetic film.

    Attributes
    ----------
    pneumothorax : ndarray of bool, shape [rows, columns]
        Beyond the visceral pleural line, as a reader outlines it: rays in the lung field that pass
        pleural air and no lung.
    air_mm : ndarray of float32, shape [rows, columns]
        Path of every ray through pleural air, in front of and behind the lung too.
    lung_fields : dict of side to ndarray of bool, shape [rows, columns]
        Hemithorax as read on a film: lung and pleural air beside the heart and above the dome.
    sides : dict of side to SideTruth
    """

    pneumothorax: NDArray[np.bool_]
    air_mm: FloatArray
    lung_fields: dict[Side, NDArray[np.bool_]]
    sides: dict[Side, SideTruth]


def film_truth(thorax: Thorax, integrals: LineIntegrals, projection: Projection) -> FilmTruth:
    """Read masks, areas and distances from the silhouettes."""
    x, _ = projection.plane(0.0)
    hemithorax = np.minimum(
        integrals.pleural, np.minimum(-integrals.mediastinum, -integrals.abdomen)
    )
    fields: dict[Side, NDArray[np.bool_]] = {}
    sides: dict[Side, SideTruth] = {}
    for side in SIDES:
        here = np.where(x * sign(side) > 0, hemithorax, np.float32(-1.0))
        fields[side] = here > 0
        sides[side] = _measure(thorax, side, here, np.minimum(here, integrals.lung), projection)
    return FilmTruth(
        pneumothorax=(hemithorax > 0) & (integrals.lung <= 0),
        air_mm=integrals.pneumothorax_mm,
        lung_fields=fields,
        sides=sides,
    )


def _measure(
    thorax: Thorax, side: Side, hemithorax: FloatArray, lung: FloatArray, projection: Projection
) -> SideTruth:
    pitch = projection.pixel_mm / projection.magnification
    x, y, z = mediastinal_x(thorax.anatomy, _HILUM[side])
    root = np.array([[x * thorax.anatomy.width - thorax.turn * y, y, z * thorax.anatomy.height]])
    pixel = projection.project(root)[0][0]
    hilum = (float(pixel[0]), float(pixel[1]))
    cupola, apex = _top(hemithorax), _top(lung)
    areas = [_area(shape) * pitch**2 for shape in (hemithorax, lung)]
    collapsed = side in thorax.retreats

    def across(row: float) -> Distance | None:
        wall, edge = (_lateral(shape, row, side) for shape in (hemithorax, lung))
        if wall is None or edge is None:
            return None
        return Distance(abs(wall - edge) * pitch, (row, wall), (row, edge))

    lowest = projection.rows - 1 - _top(lung[::-1])[0]
    return SideTruth(
        hemithorax_mm2=areas[0],
        pneumothorax_mm2=areas[0] - areas[1] if collapsed else 0.0,
        hilum=hilum,
        cupola=cupola,
        lung_apex=apex,
        apex_to_cupola=Distance((apex[0] - cupola[0]) * pitch, cupola, (apex[0], cupola[1]))
        if collapsed
        else None,
        interpleural_upper=across(apex[0] + 0.25 * (lowest - apex[0])) if collapsed else None,
        interpleural_lower=across(apex[0] + 0.75 * (lowest - apex[0])) if collapsed else None,
        interpleural_hilum=across(hilum[0]) if collapsed else None,
    )


def _area(shape: FloatArray) -> float:
    """Pixels inside the zero contour of `shape`; a pixel on the contour counts by its share."""
    slope = np.hypot(*np.gradient(shape)) + np.float32(1e-6)
    return float(np.clip(shape / slope + 0.5, 0.0, 1.0).sum(dtype=np.float64))


def _top(shape: FloatArray) -> Pixel:
    """Highest point of the zero contour, (-1, -1) for an empty shape."""
    inside = shape > 0
    columns = np.flatnonzero(inside.any(axis=0))
    if not len(columns):
        return -1.0, -1.0
    rows = inside[:, columns].argmax(axis=0)
    value, above = shape[rows, columns], shape[np.maximum(rows - 1, 0), columns]
    exact = np.where(rows > 0, rows - value / (value - above + 1e-9), 0.0)
    best = int(np.argmin(exact))
    return float(exact[best]), float(columns[best])


def _lateral(shape: FloatArray, row: float, side: Side) -> float | None:
    """Column of the lateral crossing of the zero contour at a fractional row."""
    upper = int(np.clip(np.floor(row), 0, len(shape) - 2))
    part = np.float32(row - upper)
    line = shape[upper] * (1 - part) + shape[upper + 1] * part
    # The lateral border is the last on the patient's left, shown on the right.
    line = line if side == "left" else line[::-1]
    inside = np.flatnonzero(line > 0)
    if not len(inside) or inside[-1] + 1 >= len(line):
        return None
    last = int(inside[-1])
    exact = last + float(line[last] / (line[last] - line[last + 1]))
    return exact if side == "left" else len(line) - 1 - exact
