"""Displacements that may come from tension: hints, never a diagnosis.

Tension is diagnosed at the bedside.  The normal range of each displacement is that of 200 films
without pneumothorax (JSRT set, SCR outlines; erect PA, adults).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.prediction import LungFields, Side
from ptx_viewer.study.spacing import Spacing

from .construction import Construction, Segment
from .hemithorax import SMALLEST_FIELD
from .measurement import Measurement
from .millimetres import basis_sentence, scale_range, usable
from .outline import Dome, Hemithorax
from .side import SideOutlines
from .uncertainty import interval, interval_words
from .validity import rotation_problem
from .view import FilmView

SHIFT = "mediastinal shift"
DEPRESSION = "hemidiaphragm depression"
HEIGHT = "hemidiaphragm height"
NAMES: Final = (SHIFT, DEPRESSION, HEIGHT)

#: Rows between which the mediastinum is looked at, as shares of the height that both sides have in
#: common: above the heart.
_BAND: Final = (0.10, 0.50)
#: Middle of the mediastinum there, to the patient's left of the middle of the thorax, in shares of the
#: width of the thorax: mean and standard deviation.
NORMAL_SHIFT: Final = (0.0246, 0.0123)
#: A shift counts from this many standard deviations on.
SHIFT_LIMIT: Final = 3.0
#: Right dome above the left one, in shares of the height of the opposite hemithorax: the 2.5th, 50th
#: and 97.5th percentile.
NORMAL_STEP: Final = (-0.028, 0.065, 0.135)
#: Height of the dome above the costophrenic angle, in shares of the height of the hemithorax: the 2.5th
#: percentile.
NORMAL_HEIGHT: Final = {Side.RIGHT: 0.11, Side.LEFT: 0.04}

HINT = "possible tension"
_TOWARDS = "shifted towards the air"
USUAL = {SHIFT: "not shifted", DEPRESSION: "not depressed", HEIGHT: "not flattened"}
_ROTATION = "rotation of the patient was not assessed and looks the same"
_METHODS = {
    SHIFT: "away from the air: middle of the mediastinum above the heart against the middle between the "
    "chest walls, less its normal place (3 SD of 200 JSRT films, erect PA, adults); a hint "
    "only",
    DEPRESSION: "downwards: dome against the opposite one, less the normal step (97.5th percentile of 189 "
    "JSRT films, erect PA, adults); a hint only",
    HEIGHT: "dome above the costophrenic angle; flattened below the 2.5th percentile of 200 JSRT films, "
    "erect PA, adults; a hint only",
}
_BOTH_SIDES = "there is air on both sides: no side to compare with"
_OPPOSITE_MISSING = "the lung field of the other side was not found"
_NO_DOME = "the hemidiaphragm cannot be told from the outline, or the heart hides it"


Column = TypeVar("Column", float, NDArray[np.intp])


class _NotKnown(ValueError):  # noqa: N818  (it is an answer, not an error)
    """The message says why, without a full stop."""


def tension_hints(
    outlines: SideOutlines,
    lungs: LungFields | None,
    found: Mapping[Side, NDArray[np.bool_]],
    problem: str | None,
    model: str,
    spacing: Spacing | None,
    view: FilmView,
) -> list[Measurement]:
    """Measure how far mediastinum and hemidiaphragm are displaced on the side of one pneumothorax.

    Parameters
    ----------
    outlines : SideOutlines
    lungs : LungFields or None
    found : mapping of Side to ndarray of bool
        All sides with air.
    problem : str or None
        Why the hemithorax is not known.
    model : str
    spacing : Spacing or None
    view : FilmView
        Of a rotated patient nothing displaced can be told.

    Returns
    -------
    list of Measurement
        Mediastinal shift (away from the air), hemidiaphragm depression (downwards) and hemidiaphragm
        height, in mm or pixels, with ``category`` saying whether the value lies outside the normal range.
    """
    known = usable(spacing)
    sides: _Sides | str
    try:
        sides = _Sides.of(outlines, lungs, found, problem or rotation_problem(view))
    except _NotKnown as reason:
        sides = str(reason)
    hints = []
    for name, displacement in ((SHIFT, _shift), (DEPRESSION, _depression), (HEIGHT, _height)):
        answer: _Displacement | str = sides if isinstance(sides, str) else ""
        if not isinstance(sides, str):
            try:
                answer = displacement(sides)
            except _NotKnown as reason:
                answer = str(reason)
        # What the reader says of the rotation is the reason then.
        method = _METHODS[name] if name != SHIFT or view.rotated else f"{_METHODS[name]}; {_ROTATION}"
        hints.append(_measurement(name, method, answer, outlines, model, spacing if known is None else known))
    return hints


@dataclass(frozen=True)
class _Displacement:
    """A length in the unit of the outlines, what it may mean, and its lines in their rows and columns."""

    value: float
    category: str
    lines: tuple[Segment, ...]


@dataclass(frozen=True, eq=False)
class _Sides:
    """Both sides in the rows and columns of the affected one: its chest wall left, the other's right.

    Attributes
    ----------
    side : Side
        The one with air.
    affected, opposite : Hemithorax
        The opposite one is mirrored, and begins at `row`, `column` of the affected one's grid.
    """

    side: Side
    affected: Hemithorax
    opposite: Hemithorax
    row: int
    column: int

    @classmethod
    def of(
        cls,
        outlines: SideOutlines,
        lungs: LungFields | None,
        found: Mapping[Side, NDArray[np.bool_]],
        problem: str | None,
    ) -> _Sides:
        if problem is not None or lungs is None:
            raise _NotKnown(problem or _OPPOSITE_MISSING)
        opposite = Side.LEFT if outlines.side is Side.RIGHT else Side.RIGHT
        if opposite in found:
            raise _NotKnown(_BOTH_SIDES)
        field = lungs.of(opposite)
        if np.count_nonzero(field) < SMALLEST_FIELD * field.size:
            raise _NotKnown(_OPPOSITE_MISSING)
        here = outlines.placement
        there = here.around_other(field)
        piece = there.take(field)
        row, column = here.locate(there.point(0, 0))
        mirrored = np.ascontiguousarray(piece[:, ::-1])
        main = outlines.outlined
        return cls(
            outlines.side,
            main,
            Hemithorax.of(mirrored, np.zeros_like(mirrored), main.row_mm, main.column_mm),
            round(row),
            round(column),
        )

    @property
    def left_sign(self) -> int:
        """+1 where columns increase towards the patient's left: from a right lung; -1 from a left one."""
        return 1 if self.side is Side.RIGHT else -1

    def opposite_column(self, column: Column) -> Column:
        """Return a column of the mirrored opposite side in the affected one's grid."""
        mirrored: Column = self.column + self.opposite.whole.shape[1] - 1 - column
        return mirrored


def _shift(sides: _Sides) -> _Displacement:
    first = max(sides.affected.rows[0], sides.opposite.rows[0] + sides.row)
    last = min(sides.affected.rows[1], sides.opposite.rows[1] + sides.row)
    rows = np.arange(first + round(_BAND[0] * (last - first)), first + round(_BAND[1] * (last - first)) + 1)
    there = rows - sides.row
    shape_here, shape_there = sides.affected.whole.shape, sides.opposite.whole.shape
    rows = rows[(rows >= 0) & (rows < shape_here[0]) & (there >= 0) & (there < shape_there[0])]
    there = rows - sides.row
    seen = (sides.affected.medial[rows] >= 0) & (sides.opposite.medial[there] >= 0)
    rows, there = rows[seen], there[seen]
    if not rows.size:
        raise _NotKnown("the two lung fields have no height in common")
    wall, edge = sides.affected.lateral[rows], sides.affected.medial[rows]
    far_wall = sides.opposite_column(sides.opposite.lateral[there])
    far_edge = sides.opposite_column(sides.opposite.medial[there])
    middle, width = float(np.mean((wall + far_wall) / 2)), float(np.mean(far_wall - wall))
    mediastinum = float(np.mean((edge + far_edge) / 2))
    if width <= 0:
        raise _NotKnown("the two lung fields lie over each other")
    usual = middle + sides.left_sign * NORMAL_SHIFT[0] * width
    row = float(np.mean(rows))
    value = mediastinum - usual
    limit = SHIFT_LIMIT * NORMAL_SHIFT[1] * width
    category = f"shifted away: {HINT}" if value > limit else _TOWARDS if value < -limit else USUAL[SHIFT]
    line = Segment(SHIFT, (row, usual), (row, mediastinum))
    return _Displacement(value * sides.affected.column_mm, category, (line,))


def _depression(sides: _Sides) -> _Displacement:
    dome, other = _dome(sides.affected), _dome(sides.opposite)
    height = sides.opposite.rows[1] - sides.opposite.rows[0] + 1
    # The left dome stands lower by the normal step.
    lower = [sides.left_sign * -share * height for share in NORMAL_STEP]
    level = other.top[0] + sides.row
    usual = level + lower[1]
    value = dome.top[0] - usual
    limit = max(step - lower[1] for step in lower)
    column = dome.top[1]
    line = Segment(DEPRESSION, (usual, column), (dome.top[0], column))
    category = f"depressed: {HINT}" if value > limit else USUAL[DEPRESSION]
    return _Displacement(value * sides.affected.row_mm, category, (line,))


def _height(sides: _Sides) -> _Displacement:
    here = sides.affected
    dome = _dome(here)
    height = dome.costophrenic[0] - dome.top[0]
    flat = height < NORMAL_HEIGHT[sides.side] * (here.rows[1] - here.rows[0] + 1)
    column = dome.top[1]
    line = Segment(HEIGHT, (dome.costophrenic[0], column), (dome.top[0], column))
    return _Displacement(height * here.row_mm, f"flattened: {HINT}" if flat else USUAL[HEIGHT], (line,))


def _dome(hemithorax: Hemithorax) -> Dome:
    if hemithorax.dome is None:
        raise _NotKnown(_NO_DOME)
    return hemithorax.dome


def _measurement(
    name: str,
    method: str,
    answer: _Displacement | str,
    outlines: SideOutlines,
    model: str,
    spacing: Spacing | None,
) -> Measurement:
    known = usable(spacing)
    unit = "px" if known is None else "mm"
    method = f"{method}; {basis_sentence(spacing)}"
    side = outlines.side.value
    if isinstance(answer, str):
        return Measurement(name, None, unit, method, side, model, valid=False, why_not=answer)
    words = interval_words([], known)
    return Measurement(
        name=name,
        value=answer.value,
        unit=unit,
        method=method,
        side=side,
        model=model,
        interval=interval(answer.value, [answer.value * scale for scale in scale_range(known)])
        if words
        else None,
        interval_basis=words or None,
        construction=Construction(tuple(outlines.placement.segment(line) for line in answer.lines)),
        category=answer.category,
    )
