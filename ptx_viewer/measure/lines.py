"""The lines that a reader would draw on a film with a pneumothorax."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from models.prediction import Side

from .construction import Segment
from .outline import LEAST_LUNG, Hemithorax

APEX, UPPER, LOWER = "A", "B", "C"
HILUM = "hilum"
CUPOLA = "apex to cupola"
LUNG_WIDTH, HEMITHORAX_WIDTH = "lung width", "hemithorax width"
LUNG_LENGTH, HEMITHORAX_LENGTH = "lung length", "hemithorax length"
NAMES: Final = (
    APEX,
    UPPER,
    LOWER,
    HILUM,
    CUPOLA,
    LUNG_WIDTH,
    HEMITHORAX_WIDTH,
    LUNG_LENGTH,
    HEMITHORAX_LENGTH,
)

#: Ends that two lines have in common, as (line, end): the chest wall and the visceral pleural line at the
#: level of the hilum.
SHARED_ENDS: Final = (
    ((HILUM, "start"), (HEMITHORAX_WIDTH, "start")),
    ((HILUM, "end"), (LUNG_WIDTH, "start")),
)

#: The apex of the hemithorax: its upper eighth, 3 to 4 cm of an adult.
APICAL_SHARE: Final = 1 / 8
#: Height of the hilum between cupola and dome, 0 at the cupola: the normal hilar height ratios 1.31
#: (right) and 0.84 (left) of Homer 1978 (Radiology 129:11) give 1.31 / 2.31 and 0.84 / 1.84.
HILUM_SHARE: Final = {Side.RIGHT: 1.31 / 2.31, Side.LEFT: 0.84 / 1.84}
#: How far the hilum may lie from there, as a share of the same height.
HILUM_SPREAD: Final = 0.05
#: Height of the dome between the top and the bottom of the hemithorax where it cannot be seen: means
#: of 200 films of the JSRT set (SCR outlines), standard deviation .04 to .05.
DOME_SHARE: Final = {Side.RIGHT: 0.805, Side.LEFT: 0.865}

NO_LUNG = "no lung can be told from the air: it has collapsed, or its outline was missed"
ISLAND = "the outline touches no edge of the hemithorax, as air in the pleural space would"
NO_LUNG_HERE = "there is no lung at this level"


class NoLine(ValueError):  # noqa: N818  (it is an answer, not an error)
    """A line cannot be drawn; the message says why, without a full stop."""


def film_lines(hemithorax: Hemithorax, side: Side) -> dict[str, Segment | NoLine]:
    """Draw every line of one side that can be drawn.

    Definitions (head up; a length of 0 where the lung touches the chest wall):

    A
        Of the points of the chest wall in the upper eighth of the hemithorax at which air lies, the
        one farthest from the lung: to the nearest point of the visceral pleural line.
    B, C
        From the visceral pleural line at the midpoint of the upper and of the lower half of the
        lung's height, the shortest way to the lateral chest wall (Rhea 1982).
    hilum
        Horizontally from the chest wall to the lung at the level of the hilum, which is not seen but
        taken from the normal hilar height ratio.
    apex to cupola
        Vertically from the highest point of the lung up to the level of the cupola.
    widths
        Horizontally at the level of the hilum, of the lung and of the hemithorax.
    lengths
        Vertically from the highest to the lowest point of the lung and of the hemithorax.

    Parameters
    ----------
    hemithorax : Hemithorax
    side : Side
        Right or left: the hila stand at different heights.

    Returns
    -------
    dict of str to Segment or NoLine
        A segment in the rows and columns of `hemithorax`, or why there is none.
    """
    if hemithorax.lung_share < LEAST_LUNG:
        return dict.fromkeys(NAMES, NoLine(NO_LUNG))
    if not hemithorax.touches_edge:
        return dict.fromkeys(NAMES, NoLine(ISLAND))
    lines: dict[str, Segment | NoLine] = {APEX: _apical(hemithorax)}
    first, last = hemithorax.lung_rows
    for name, share in ((UPPER, 0.25), (LOWER, 0.75)):
        lines[name] = _shortest(hemithorax, name, round(first + share * (last - first)))
    lines |= hilum_lines(hemithorax, hilum_row(hemithorax, side))
    lines[CUPOLA] = _cupola(hemithorax)
    lines[LUNG_LENGTH] = _length(LUNG_LENGTH, hemithorax.lung, hemithorax.lung_rows)
    lines[HEMITHORAX_LENGTH] = _length(HEMITHORAX_LENGTH, hemithorax.whole, hemithorax.rows)
    return lines


def hilum_row(hemithorax: Hemithorax, side: Side, offset: float = 0.0) -> int:
    """Return the row of the hilum, moved down by `offset` of the height between cupola and dome."""
    top, bottom = hemithorax.rows
    dome = hemithorax.dome
    base = dome.top[0] if dome is not None else top + DOME_SHARE[side] * (bottom - top)
    return int(np.clip(round(top + (HILUM_SHARE[side] + offset) * (base - top)), top, bottom))


def hilum_lines(hemithorax: Hemithorax, row: int) -> dict[str, Segment | NoLine]:
    """Draw the horizontal lines at one row: distance to the chest wall, widths of lung and hemithorax."""
    ends = hemithorax.air_from_wall(row)
    if ends is None:
        return dict.fromkeys((HILUM, LUNG_WIDTH, HEMITHORAX_WIDTH), NoLine(NO_LUNG_HERE))
    wall, lung = ends
    level = float(row)
    root = float(np.flatnonzero(hemithorax.lung[row])[-1]) + 0.5
    edge = float(hemithorax.medial[row]) + 0.5
    return {
        HILUM: Segment(HILUM, (level, wall), (level, lung)),
        LUNG_WIDTH: Segment(LUNG_WIDTH, (level, lung), (level, root)),
        HEMITHORAX_WIDTH: Segment(HEMITHORAX_WIDTH, (level, wall), (level, edge)),
    }


def _apical(hemithorax: Hemithorax) -> Segment:
    top, bottom = hemithorax.rows
    wall = hemithorax.open_wall(top + round(APICAL_SHARE * (bottom - top)))
    line = hemithorax.visceral_line()
    if not len(wall) or not len(line):
        summit = (top - 0.5, _middle(hemithorax.whole[top]))
        return Segment(APEX, summit, summit)
    unit = np.array([hemithorax.row_mm, hemithorax.column_mm])
    distances, nearest = cKDTree(line * unit).query(wall * unit)
    farthest = int(np.argmax(distances))
    return Segment(APEX, _pair(wall[farthest]), _pair(line[nearest[farthest]]))


def _shortest(hemithorax: Hemithorax, name: str, row: int) -> Segment | NoLine:
    ends = hemithorax.air_from_wall(row)
    if ends is None:
        return NoLine(NO_LUNG_HERE)
    wall, lung = ends
    if wall == lung:
        return Segment(name, (float(row), wall), (float(row), wall))
    points = hemithorax.lateral_wall
    rows = (points[:, 0] - row) * hemithorax.row_mm
    columns = (points[:, 1] - lung) * hemithorax.column_mm
    nearest = int(np.argmin(rows * rows + columns * columns))
    return Segment(name, _pair(points[nearest]), (float(row), lung))


def _cupola(hemithorax: Hemithorax) -> Segment:
    apex = hemithorax.lung_rows[0]
    column = _middle(hemithorax.lung[apex])
    return Segment(CUPOLA, (hemithorax.rows[0] - 0.5, column), (apex - 0.5, column))


def _length(name: str, mask: NDArray[np.bool_], rows: tuple[int, int]) -> Segment:
    column = _middle(mask[rows[0]])
    return Segment(name, (rows[0] - 0.5, column), (rows[1] + 0.5, column))


def _middle(row: NDArray[np.bool_]) -> float:
    """Return the middle column of a row's true pixels."""
    columns = np.flatnonzero(row)
    return float(columns[0] + columns[-1]) / 2


def _pair(point: NDArray[np.float64]) -> tuple[float, float]:
    return float(point[0]), float(point[1])
