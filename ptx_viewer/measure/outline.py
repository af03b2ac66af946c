"""One hemithorax as two outlines, brought to one position: head up, chest wall at the left.

All lengths of a film are taken from here.  The *chest wall* is the lateral edge and the top of the
hemithorax, which is the lung field united with the air; the *visceral pleural line* is the edge of the
air towards the lung.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Bool = NDArray[np.bool_]

#: Two outlines made by two networks never meet exactly: what is thinner than this share of the
#: hemithorax's height (about 4 mm in an adult) between air and chest wall, between air and lung, or
#: within the air, belongs to the air or to the lung.
THIN = 0.015
#: A lung that covers less than this share of the hemithorax cannot be told from its root.
LEAST_LUNG = 0.03
#: The visible part of the diaphragm lies within this lowest share of the hemithorax, rises from the
#: costophrenic angle at less than `_CALM` near its dome, and ends at the heart's border, steeper than
#: `_STEEP` (rows per column in equal units).
_BASE_SHARE, _CALM, _STEEP = 0.35, 0.7, 1.0


@dataclass(frozen=True)
class Dome:
    """The visible hemidiaphragm, in rows and columns of the outline's own grid.

    Attributes
    ----------
    top : tuple of float
        Its highest point.
    costophrenic : tuple of float
        The costophrenic angle.
    """

    top: tuple[float, float]
    costophrenic: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Hemithorax:
    """Lung and air of one side.

    Attributes
    ----------
    whole : ndarray of bool, shape [h, w]
        Lung field united with the air; the patient's head is up and the chest wall at the left.
    air : ndarray of bool, shape [h, w]
        Up to the chest wall, where no more than a thin strip lay between.
    row_mm, column_mm : float
        Distance between rows and columns; 1 where it is not known.
    """

    whole: Bool
    air: Bool
    row_mm: float = 1.0
    column_mm: float = 1.0

    @classmethod
    def of(cls, field: Bool, air: Bool, row_mm: float = 1.0, column_mm: float = 1.0) -> Hemithorax:
        """Unite a lung field and the air, [h, w] each, and close what is thin between them."""
        rows = np.flatnonzero((field | air).any(axis=1))
        height = int(rows[-1] - rows[0] + 1) if rows.size else 0
        reach = max(1, round(THIN * height))
        air_rows, air_columns = np.flatnonzero(air.any(axis=1)), np.flatnonzero(air.any(axis=0))
        if not air_rows.size:
            return cls(field, air, row_mm, column_mm)
        box = (
            slice(max(0, int(air_rows[0]) - reach - 1), int(air_rows[-1]) + reach + 2),
            slice(max(0, int(air_columns[0]) - reach - 1), int(air_columns[-1]) + reach + 2),
        )
        near_field, near_air = field[box], air[box]
        lung, neither = near_field & ~near_air, ~(near_field | near_air)
        gap, filled = _thin(reach, near_air, lung, neither)
        sideways = _thin(reach, *(_transposed(mask) for mask in (near_air, lung, neither)))
        gap |= sideways[0].T
        filled |= sideways[1].T
        whole, full_air = field | air, air.copy()
        whole[box] |= gap
        full_air[box] |= filled
        return cls(whole, full_air, row_mm, column_mm)

    @cached_property
    def lung(self) -> Bool:
        """What is not air, [h, w]."""
        return self.whole & ~self.air

    @cached_property
    def lung_share(self) -> float:
        """Lung pixels / hemithorax pixels."""
        return int(np.count_nonzero(self.lung)) / max(1, int(np.count_nonzero(self.whole)))

    @cached_property
    def rows(self) -> tuple[int, int]:
        """First and last row of the hemithorax."""
        return _extent(self.whole)

    @cached_property
    def lung_rows(self) -> tuple[int, int]:
        """First and last row of the lung."""
        return _extent(self.lung)

    @cached_property
    def lateral(self) -> NDArray[np.intp]:
        """Column of each row's first pixel, at the chest wall; the width where there is none."""
        first: NDArray[np.intp] = self.whole.argmax(axis=1)
        first[~self.whole.any(axis=1)] = self.whole.shape[1]
        return first

    @cached_property
    def medial(self) -> NDArray[np.intp]:
        """Column of each row's last pixel, at the mediastinum; -1 where there is none."""
        last: NDArray[np.intp] = self.whole.shape[1] - 1 - self.whole[:, ::-1].argmax(axis=1)
        last[~self.whole.any(axis=1)] = -1
        return last

    @cached_property
    def lateral_wall(self) -> NDArray[np.float64]:
        """Points of the lateral edge, one a row, as rows and columns [N, 2]; an edge lies at a half."""
        rows = np.flatnonzero(self.lateral < self.whole.shape[1])
        return np.stack([rows.astype(np.float64), self.lateral[rows] - 0.5], axis=1)

    def open_wall(self, last_row: int) -> NDArray[np.float64]:
        """Return the points of the chest wall down to `last_row` that air lies at, [N, 2].

        The lateral edge gives a point a row, the roof one a column: each is dense where the other is
        not.
        """
        top = self.rows[0]
        piece, air = self.whole[top : last_row + 1], self.air[top : last_row + 1]
        rows = np.arange(len(piece))
        first = self.lateral[top : last_row + 1]
        rows = rows[first < piece.shape[1]]
        rows = rows[air[rows, first[rows]]]
        sideways = np.stack([top + rows.astype(np.float64), first[rows] - 0.5], axis=1)
        columns = np.flatnonzero(piece.any(axis=0))
        tops = piece[:, columns].argmax(axis=0)
        open_above = air[tops, columns]
        upwards = np.stack([top + tops[open_above] - 0.5, columns[open_above].astype(np.float64)], axis=1)
        return np.concatenate([upwards, sideways])

    def visceral_line(self) -> NDArray[np.float64]:
        """Return points of the visceral pleural line as rows and columns [N, 2], an edge at a half."""
        air, lung = self.air, self.lung
        pieces = []
        for first, second in ((air, lung), (lung, air)):
            rows, columns = _places(first[:, :-1] & second[:, 1:])
            pieces.append(np.stack([rows.astype(np.float64), columns + 0.5], axis=1))
            rows, columns = _places(first[:-1] & second[1:])
            pieces.append(np.stack([rows + 0.5, columns.astype(np.float64)], axis=1))
        return np.concatenate(pieces)

    def air_from_wall(self, row: int) -> tuple[float, float] | None:
        """Return the columns of the chest wall and of the lung's lateral edge at one row.

        They are equal where the lung touches the wall; None where the row holds no lung.
        """
        if not self.lung[row].any():
            return None
        wall = int(self.lateral[row])
        beyond = ~self.air[row, wall:]
        return wall - 0.5, wall + int(beyond.argmax()) - 0.5

    @cached_property
    def touches_edge(self) -> bool:
        """Whether the air reaches the edge of the hemithorax anywhere."""
        padded = np.pad(self.whole, 1)
        outside = ~(padded[1:-1, :-2] & padded[1:-1, 2:] & padded[:-2, 1:-1] & padded[2:, 1:-1])
        return bool((outside & self.air).any())

    @cached_property
    def dome(self) -> Dome | None:
        """The visible hemidiaphragm; None when the heart hides it or the outline does not show one."""
        top, bottom = self.rows
        # Rounded, so that the same film in other units gives the same dome.
        ratio = round(self.row_mm / self.column_mm, 9)
        columns = np.flatnonzero(self.whole.any(axis=0))
        lower = (self.whole.shape[0] - 1 - self.whole[::-1].argmax(axis=0)).astype(np.float64)
        half = columns[columns <= (columns[0] + columns[-1]) / 2]
        angle = int(half[lower[half].argmax()])
        edge = lower[angle : int(columns[-1]) + 1]
        window = max(1, round(0.03 * (bottom - top + 1) * ratio))
        if len(edge) <= 2 * window:
            return None
        slope = (edge[:-window] - edge[window:]) * ratio / window
        calm = np.flatnonzero((slope < _CALM) & (edge[:-window] > bottom - _BASE_SHARE * (bottom - top)))
        if not calm.size:
            return None
        steep = np.flatnonzero(slope[calm[0] :] > _STEEP)
        end = int(calm[0] + steep[0]) if steep.size else len(edge) - 1
        if end <= window:
            return None
        place = int(edge[: end + 1].argmin())
        return Dome(
            top=(float(edge[place]) + 0.5, float(angle + place)),
            costophrenic=(float(edge[0]) + 0.5, float(angle)),
        )


def _places(mask: Bool) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of the true pixels; several times faster than ``np.nonzero``."""
    rows, columns = np.divmod(np.flatnonzero(mask), mask.shape[1])
    return rows, columns


def _extent(mask: Bool) -> tuple[int, int]:
    rows = np.flatnonzero(mask.any(axis=1))
    return (int(rows[0]), int(rows[-1])) if rows.size else (0, -1)


def _transposed(mask: Bool) -> Bool:
    """Return a transposed copy; OpenCV's is several times faster than NumPy's."""
    turned: Bool = cv2.transpose(mask.view(np.uint8)).view(np.bool_)
    return turned


def _thin(reach: int, air: Bool, lung: Bool, neither: Bool) -> tuple[Bool, Bool]:
    """Find what is thin along the rows of three masks that together cover everything.

    Returns
    -------
    gap : ndarray of bool, shape [h, w]
        Between air and lung: the visceral pleural line is the edge of the air, so this is lung.
    filled : ndarray of bool, shape [h, w]
        Lung between air and what is not lung, or within the air: this is air.
    """
    gap, filled = np.zeros_like(air), np.zeros_like(air)
    rows, left, right = _short_runs(neither, reach)
    joins = (air[rows, left - 1] & lung[rows, right]) | (lung[rows, left - 1] & air[rows, right])
    _fill(gap, rows[joins], left[joins], right[joins])
    rows, left, right = _short_runs(lung, reach)
    joins = air[rows, left - 1] | air[rows, right]
    _fill(filled, rows[joins], left[joins], right[joins])
    return gap, filled


Places = NDArray[np.intp]


def _short_runs(mask: Bool, longest: int) -> tuple[Places, Places, Places]:
    """Return row, first column and column after the last of the short runs that touch no edge."""
    # A false column at either side: no run goes on from one row to the next.
    flat = np.pad(mask, ((0, 0), (1, 1))).ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts, ends = changes[::2], changes[1::2]
    width = mask.shape[1]
    rows, left = np.divmod(starts, width + 2)
    left -= 1
    right = left + (ends - starts)
    inside = (ends - starts <= longest) & (left > 0) & (right < width)
    return rows[inside], left[inside], right[inside]


def _fill(mask: Bool, rows: Places, left: Places, right: Places) -> None:
    for row, start, end in zip(rows, left, right, strict=True):
        mask[row, start:end] = True
