"""Every quantity of one side: value, interval, construction, or why it does not apply."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ptx_viewer.study.spacing import Spacing

from .construction import Construction, Segment
from .lines import HILUM, HILUM_SPREAD, NoLine, film_lines, hilum_lines, hilum_row
from .measurement import Measurement
from .millimetres import basis_sentence, scale_range, usable
from .outline import Hemithorax
from .quantities import QUANTITIES, DoesNotApply, Quantity
from .side import SideOutlines
from .uncertainty import interval, interval_words
from .validity import NO_MILLIMETRES, assumptions, remarks
from .view import FilmView

_HILUM_WORDS = "level of the hilum ± 5 % of the hemithorax's height"
Lines = dict[str, Segment | NoLine]


def measure_quantities(
    outlines: SideOutlines | None,
    problem: str | None,
    side: str,
    model: str,
    spacing: Spacing | None,
    view: FilmView,
) -> list[Measurement]:
    """Measure all of :data:`~ptx_viewer.measure.quantities.QUANTITIES` on one side.

    Parameters
    ----------
    outlines : SideOutlines or None
        None when there is a `problem`.
    problem : str or None
        Why nothing can be measured on this side.
    side, model : str
    spacing : Spacing or None
    view : FilmView
    """
    measured = None if outlines is None else _SideLines.of(outlines, usable(spacing))
    return [_measure(quantity, measured, problem, side, model, spacing, view) for quantity in QUANTITIES]


@dataclass(frozen=True, eq=False)
class _SideLines:
    """The lines of a side as outlined, with what they might have been."""

    outlines: SideOutlines
    drawn: Lines
    others: tuple[tuple[Hemithorax, Lines], ...]
    at_other_levels: tuple[Lines, ...]
    scale: tuple[float, float]

    @classmethod
    def of(cls, outlines: SideOutlines, spacing: Spacing | None) -> _SideLines:
        main = outlines.outlined
        drawn = film_lines(main, outlines.side)
        levels: tuple[Lines, ...] = ()
        if isinstance(drawn[HILUM], Segment):
            # Three levels each way: the distance is smooth in between.
            offsets = [HILUM_SPREAD * part / 3 for part in (-3, -2, -1, 1, 2, 3)]
            levels = tuple(
                drawn | hilum_lines(main, hilum_row(main, outlines.side, offset)) for offset in offsets
            )
        others = tuple((other, film_lines(other, outlines.side)) for other in outlines.alternatives)
        return cls(outlines, drawn, others, levels, scale_range(spacing))

    def lengths(self, quantity: Quantity) -> Iterator[tuple[float, ...]]:
        """Yield the lengths that a quantity might have been made from, each at both ends of the scale."""
        main = self.outlines.outlined
        everything = [(main, self.drawn), *((main, lines) for lines in self.at_other_levels), *self.others]
        for hemithorax, lines in everything:
            segments = [line for name in quantity.lines if isinstance(line := lines[name], Segment)]
            if len(segments) == len(quantity.lines):
                found = [line.extent(hemithorax.row_mm, hemithorax.column_mm) for line in segments]
                for scale in self.scale:
                    yield tuple(length * scale for length in found)


def _measure(
    quantity: Quantity,
    measured: _SideLines | None,
    problem: str | None,
    side: str,
    model: str,
    spacing: Spacing | None,
    view: FilmView,
) -> Measurement:
    known = usable(spacing)
    unit = "px" if quantity.unit == "mm" and known is None and not quantity.needs_mm else quantity.unit
    method = method_of(quantity, spacing)

    def not_valid(reason: str, drawn: Construction | None = None) -> Measurement:
        return Measurement(
            quantity.name,
            None,
            unit,
            method,
            side,
            model,
            valid=False,
            why_not=reason,
            construction=drawn,
        )

    if problem := problem or quantity.problem(view):
        return not_valid(problem)
    if quantity.needs_mm and known is None:
        return not_valid(NO_MILLIMETRES)
    if measured is None:
        return not_valid("the lung and the air could not be outlined")
    segments = []
    for name in quantity.lines:
        line = measured.drawn[name]
        if isinstance(line, NoLine):
            return not_valid(str(line))
        segments.append(measured.outlines.placement.segment(line))
    construction = Construction(tuple(segments))
    method = "; ".join(
        filter(None, [method, remarks(view), assumptions(view) if quantity.assumes_erect else ""])
    )
    try:
        value = quantity.compute([segment.length(known) for segment in segments])
    except DoesNotApply as reason:
        # The lines are sound: where the reader moves one, the formula may apply.
        return not_valid(str(reason), construction)
    words = _interval_words(quantity, measured, known)
    # Where a higher threshold leaves no air at all, there may be nothing to measure.
    nothing = [0.0] if 0.0 in measured.outlines.area_ratios else []
    others = _values(quantity.compute, measured.lengths(quantity))
    span = interval(value, [*others, *nothing]) if words else None
    return Measurement(
        name=quantity.name,
        value=value,
        unit=unit,
        method=method,
        side=side,
        model=model,
        interval=span,
        interval_basis=words or None,
        construction=construction,
        category=quantity.category(value, span),
    )


def method_of(quantity: Quantity, spacing: Spacing | None) -> str:
    """Return a quantity's method with the basis of its lengths, where it depends on them."""
    if quantity.depends_on_mm:
        return f"{quantity.method}; {basis_sentence(spacing)}"
    return quantity.method


def _values(
    compute: Callable[[Sequence[float]], float], lengths: Iterator[tuple[float, ...]]
) -> Iterator[float]:
    for each in lengths:
        try:
            yield compute(each)
        except DoesNotApply:
            continue


def _interval_words(quantity: Quantity, measured: _SideLines, spacing: Spacing | None) -> str:
    parts = [
        measured.outlines.words,
        _HILUM_WORDS if quantity.at_hilum and measured.at_other_levels else "",
    ]
    return interval_words([part for part in parts if part], spacing if quantity.depends_on_mm else None)
