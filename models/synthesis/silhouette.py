"""One hemithorax and its lung as seen on a film: contours and lengths to a fraction of a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from skimage.measure import find_contours

from .anatomy import Side
from .fields import FloatArray

#: Row and column in pixels, centres at whole numbers.
Pixel = tuple[float, float]

#: The apex of the hemithorax is its upper eighth.
_APICAL_SHARE: Final = 1 / 8
#: The visceral line is where the lung's contour lies this far inside the hemithorax (pixels).
_INSIDE_PX: Final = 0.25


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


@dataclass(frozen=True, eq=False)
class Silhouette:
    """One side of a film as two signed distances, positive inside, of any smooth scale.

    Attributes
    ----------
    side : {"right", "left"}
    hemithorax, lung : ndarray of float32, shape [rows, columns]
        0 on the contours; the lung lies in the hemithorax.
    pitch_mm : float
        Distance of pixels in the patient's plane through the origin.
    """

    side: Side
    hemithorax: FloatArray
    lung: FloatArray
    pitch_mm: float

    def areas_mm2(self) -> tuple[float, float]:
        """Areas inside the contours of hemithorax and lung."""
        first, second = (_enclosed(shape) * self.pitch_mm**2 for shape in (self.hemithorax, self.lung))
        return first, second

    @cached_property
    def cupola(self) -> Pixel:
        """Highest point of the hemithorax."""
        return _top(self.hemithorax)

    @cached_property
    def lung_apex(self) -> Pixel:
        """Highest point of the lung."""
        return _top(self.lung)

    @cached_property
    def lung_base_row(self) -> float:
        """Lowest row of the lung."""
        return len(self.lung) - 1 - _top(self.lung[::-1])[0]

    @cached_property
    def base_row(self) -> float:
        """Lowest row of the hemithorax."""
        return len(self.lung) - 1 - _top(self.hemithorax[::-1])[0]

    def apex_to_cupola(self) -> Distance:
        """Rows between the highest points of hemithorax and lung, upright."""
        (row, column), (apex, _) = self.cupola, self.lung_apex
        return Distance((apex - row) * self.pitch_mm, (row, column), (apex, column))

    def apical(self) -> Distance | None:
        """From the point of the chest wall in the upper eighth that is farthest from the visceral line."""
        last = self.cupola[0] + _APICAL_SHARE * (self.base_row - self.cupola[0])
        wall = self._wall[self._wall[:, 0] <= last]
        if not len(wall) or not len(self._visceral):
            return None
        distances, nearest = cKDTree(self._visceral).query(wall)
        farthest = int(np.argmax(distances))
        start, end = wall[farthest], self._visceral[nearest[farthest]]
        return Distance(float(distances[farthest]) * self.pitch_mm, _pixel(start), _pixel(end))

    def down_the_lung(self, share: float) -> Distance | None:
        """From the lung at a share of its height, 0 at the apex, the shortest way to the chest wall."""
        row = self.lung_apex[0] + share * (self.lung_base_row - self.lung_apex[0])
        level = self.at(row)
        if level is None or level.mm == 0.0:
            return level
        wall = self._lateral_wall
        distances = np.hypot(*(wall - level.end).T)
        nearest = int(np.argmin(distances))
        return Distance(float(distances[nearest]) * self.pitch_mm, _pixel(wall[nearest]), level.end)

    def at(self, row: float) -> Distance | None:
        """Horizontally from the chest wall to the lung at a row; 0 where they touch."""
        wall, edge = (self._crossings(shape, row) for shape in (self.hemithorax, self.lung))
        if wall is None or edge is None:
            return None
        return Distance(abs(wall[0] - edge[0]) * self.pitch_mm, (row, wall[0]), (row, edge[0]))

    def widths_mm(self, row: float) -> tuple[float, float] | None:
        """Widths of hemithorax and lung at a row, from the lateral to the medial border."""
        wall, edge = (self._crossings(shape, row) for shape in (self.hemithorax, self.lung))
        if wall is None or edge is None:
            return None
        return abs(wall[0] - wall[1]) * self.pitch_mm, abs(edge[0] - edge[1]) * self.pitch_mm

    @cached_property
    def _wall(self) -> NDArray[np.float64]:
        """Contour of the hemithorax where air lies against it, [N, 2]."""
        contour = _contour(self.hemithorax)
        if not len(contour):
            return contour
        rows, columns = np.rint(contour).astype(int).T
        # The rounded pixel may lie outside both: only what parts the two contours is air.
        gap = self.hemithorax[rows, columns] - self.lung[rows, columns]
        open_wall: NDArray[np.float64] = contour[gap > 0.5 * self.pitch_mm]
        return open_wall

    @cached_property
    def _lateral_wall(self) -> NDArray[np.float64]:
        """The lateral crossing of the hemithorax's contour in each of its rows, [N, 2]."""
        found = []
        for row in range(int(np.ceil(self.cupola[0])), int(np.floor(self.base_row)) + 1):
            ends = self._crossings(self.hemithorax, float(row))
            if ends is not None:
                found.append((float(row), ends[0]))
        return np.array(found).reshape(-1, 2)

    @cached_property
    def _visceral(self) -> NDArray[np.float64]:
        """Contour of the lung inside the hemithorax, [N, 2]."""
        contour = _contour(self.lung)
        if not len(contour):
            return contour
        rows, columns = np.rint(contour).astype(int).T
        gap = self.hemithorax[rows, columns] - self.lung[rows, columns]
        free: NDArray[np.float64] = contour[gap > _INSIDE_PX * self.pitch_mm]
        return free

    def _crossings(self, shape: FloatArray, row: float) -> tuple[float, float] | None:
        """Lateral and medial crossing of the zero contour at a fractional row."""
        upper = int(np.clip(np.floor(row), 0, len(shape) - 2))
        part = np.float32(np.clip(row - upper, 0.0, 1.0))
        line = shape[upper] * (1 - part) + shape[upper + 1] * part
        inside = np.flatnonzero(line > 0)
        if not len(inside) or inside[0] == 0 or inside[-1] == len(line) - 1:
            return None
        first, last = int(inside[0]), int(inside[-1])
        low = first - float(line[first] / (line[first] - line[first - 1]))
        high = last + float(line[last] / (line[last] - line[last + 1]))
        return (high, low) if self.side == "left" else (low, high)


def _contours(shape: FloatArray) -> list[NDArray[np.float64]]:
    """Return the zero contours, each [N, 2]."""
    found: list[NDArray[np.float64]] = find_contours(shape, 0.0)  # type: ignore[no-untyped-call]
    return found


def _contour(shape: FloatArray) -> NDArray[np.float64]:
    """Return the points of the longest zero contour, [N, 2]."""
    found = _contours(shape)
    return max(found, key=len) if found else np.zeros((0, 2))


def _enclosed(shape: FloatArray) -> float:
    """Area inside the zero contours in square pixels (Gauss's formula); holes count negative."""
    total = 0.0
    for contour in _contours(shape):
        row, column = contour[:, 0], contour[:, 1]
        total += 0.5 * float(row[:-1] @ column[1:] - row[1:] @ column[:-1])
    return abs(total)


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


def _pixel(point: NDArray[np.float64]) -> Pixel:
    return float(point[0]), float(point[1])
