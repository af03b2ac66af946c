"""A piece of the film, turned so that the head is up and the chest wall at the left, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.geometry import S, Turn
from models.prediction import Side
from ptx_viewer.study.spacing import Spacing

from .construction import Segment

#: Room around an outline for what a lower threshold adds, as a share of its longer side.
MARGIN = 0.03


@dataclass(frozen=True)
class Placement:
    """Where a turned piece of the film lies.

    Attributes
    ----------
    turn : Turn
        From the source to the piece: the usual display, mirrored for the patient's left.
    box : tuple of int
        First row, first column, rows and columns of the piece in the source.
    row_mm, column_mm : float
        Distance between the rows and columns of the *piece*; 1 without a spacing.
    """

    turn: Turn
    box: tuple[int, int, int, int]
    row_mm: float
    column_mm: float

    @classmethod
    def around(
        cls, masks: tuple[NDArray[np.bool_], ...], side: Side, turn: Turn, spacing: Spacing | None
    ) -> Placement:
        """Return the place of a box around all of `masks` for one side, turned from the source by `turn`."""
        # On the usual display the patient's right lung has its chest wall at the left already.
        mirrored = replace(turn, flip_columns=turn.flip_columns != (side is Side.LEFT))
        row, column = (1.0, 1.0) if spacing is None else (spacing.row_mm, spacing.column_mm)
        if turn.transpose:
            row, column = column, row
        return cls(mirrored, _box(masks), row, column)

    def around_other(self, mask: NDArray[np.bool_]) -> Placement:
        """Return the place of a box around another mask of the same film, turned the same way."""
        return replace(self, box=_box((mask,)))

    def take(self, array: NDArray[S]) -> NDArray[S]:
        """Cut the piece out of `array` [H, W] and turn it."""
        top, left, rows, columns = self.box
        return self.turn.apply(array[top : top + rows, left : left + columns])

    def point(self, row: float, column: float) -> tuple[float, float]:
        """Return the row and column in the source of a point of the piece."""
        top, left, rows, columns = self.box
        down, across = self.turn.undo_point((row, column), (rows, columns))
        return float(top + down), float(left + across)

    def locate(self, point: tuple[float, float]) -> tuple[float, float]:
        """Return the row and column in the piece, or beyond its edges, of a point of the source."""
        top, left, rows, columns = self.box
        return self.turn.apply_to_point((point[0] - top, point[1] - left), (rows, columns))

    def segment(self, line: Segment) -> Segment:
        """Return a segment of the piece in the source's rows and columns."""
        return Segment(line.name, self.point(*line.start), self.point(*line.end))


def _box(masks: tuple[NDArray[np.bool_], ...]) -> tuple[int, int, int, int]:
    """Return first row, first column, rows and columns around masks that are not all empty, with a margin."""
    rows = np.flatnonzero(np.logical_or.reduce([mask.any(axis=1) for mask in masks]))
    columns = np.flatnonzero(np.logical_or.reduce([mask.any(axis=0) for mask in masks]))
    margin = 2 + round(MARGIN * max(rows[-1] - rows[0], columns[-1] - columns[0]))
    height, width = masks[0].shape
    top, left = max(0, int(rows[0]) - margin), max(0, int(columns[0]) - margin)
    bottom, right = min(height, int(rows[-1]) + margin + 1), min(width, int(columns[-1]) + margin + 1)
    return top, left, bottom - top, right - left
