"""The lines that a measurement is made of, in the source image's own rows and columns."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ptx_viewer.study.spacing import Spacing


@dataclass(frozen=True)
class Segment:
    """A straight line between two points of the film.

    Attributes
    ----------
    name : str
        Unique within one side and outline, e.g. ``"A"``: measurements whose constructions hold a
        segment of the same name are made from the same line.
    start, end : tuple of float
        Row and column in the source grid.  Pixel (r, c) covers [r - 0.5, r + 0.5] × [c - 0.5, c + 0.5],
        so that an edge between two pixels lies at a half.
    """

    name: str
    start: tuple[float, float]
    end: tuple[float, float]

    def length(self, spacing: Spacing | None) -> float:
        """Return the length in mm, or in pixels without a spacing."""
        return self.extent(*((1.0, 1.0) if spacing is None else (spacing.row_mm, spacing.column_mm)))

    def extent(self, row_mm: float, column_mm: float) -> float:
        """Return the length in mm where rows and columns are this far apart."""
        return math.hypot((self.end[0] - self.start[0]) * row_mm, (self.end[1] - self.start[1]) * column_mm)


@dataclass(frozen=True)
class Construction:
    """The segments behind one measurement.

    Attributes
    ----------
    segments : tuple of Segment
        Each name once.
    """

    segments: tuple[Segment, ...]

    def segment(self, name: str) -> Segment:
        """Return the segment called `name`.

        Raises
        ------
        KeyError
            If there is none.
        """
        for segment in self.segments:
            if segment.name == name:
                return segment
        raise KeyError(name)

    def holds(self, name: str) -> bool:
        """Whether there is a segment called `name`."""
        return any(segment.name == name for segment in self.segments)

    def with_segment(self, moved: Segment) -> Construction:
        """Return the construction with `moved` in place of the segment of its name.

        Raises
        ------
        KeyError
            If there is none of its name.
        """
        self.segment(moved.name)
        return replace(self, segments=tuple(moved if s.name == moved.name else s for s in self.segments))
