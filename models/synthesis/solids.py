"""Ellipsoids and round cones that are joined to a shape only where they are near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from .fields import Depth, FloatArray, Point, capsule, smooth_union, tilted_ellipsoid

#: A solid this far away (mm) does not change a shape.
MARGIN: Final = 12.0


class Solid(Protocol):
    """A shape with known bounds."""

    def bounds(self) -> tuple[Point, Point]:
        """Lowest and highest x, y, z in mm."""
        ...

    def distance(self, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
        """Signed distance in mm, positive inside."""
        ...


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid turned by `degrees` about the front-to-back axis; positive lowers its left end."""

    centre: Point
    radii: Point
    degrees: float = 0.0

    def bounds(self) -> tuple[Point, Point]:
        """Lowest and highest x, y, z in mm."""
        across = max(self.radii[0], self.radii[2]) if self.degrees else self.radii[0]
        along = max(self.radii[0], self.radii[2]) if self.degrees else self.radii[2]
        x, y, z = self.centre
        return (x - across, y - self.radii[1], z - along), (x + across, y + self.radii[1], z + along)

    def distance(self, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
        """Signed distance in mm, positive inside."""
        return tilted_ellipsoid(x, y, z, self.centre, self.radii, self.degrees)


@dataclass(frozen=True)
class Cone:
    """A round cone from `start` to `end` with a radius at each."""

    start: Point
    end: Point
    radii: tuple[float, float]

    def bounds(self) -> tuple[Point, Point]:
        """Lowest and highest x, y, z in mm."""
        reach = max(self.radii)
        low = np.minimum(self.start, self.end) - reach
        high = np.maximum(self.start, self.end) + reach
        return (low[0], low[1], low[2]), (high[0], high[1], high[2])

    def distance(self, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
        """Signed distance in mm, positive inside."""
        return capsule(x, y, z, self.start, self.end, self.radii)


def join_solids(
    shape: FloatArray, solids: Sequence[Solid], x: FloatArray, y: Depth, z: FloatArray, radius: float
) -> None:
    """Join `solids` to the signed distance `shape` [H, W] in place, seams rounded over `radius` mm.

    x is [1, W] or [H, W]; z is [H, 1]; y is one depth, or one for every row [H, 1].
    """
    near, far = float(np.min(y)), float(np.max(y))
    for solid in solids:
        low, high = solid.bounds()
        if near > high[1] + MARGIN or far < low[1] - MARGIN:
            continue
        rows = _range((z[:, 0] > low[2] - MARGIN) & (z[:, 0] < high[2] + MARGIN))
        across = x if x.shape[0] == 1 else x[rows]
        if not across.size:
            continue
        near_columns = (across > low[0] - MARGIN) & (across < high[0] + MARGIN)
        columns = _range(np.any(near_columns, axis=0))
        part = shape[rows, columns]
        if part.size:
            depth = y[rows] if isinstance(y, np.ndarray) else y
            part[...] = smooth_union(part, solid.distance(across[:, columns], depth, z[rows]), radius)


def _range(inside: NDArray[np.bool_]) -> slice:
    found = np.flatnonzero(inside)
    return slice(int(found[0]), int(found[-1]) + 1) if len(found) else slice(0, 0)
