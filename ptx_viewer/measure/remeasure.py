"""Measure again after the reader has moved an end of a construction."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ptx_viewer.study.spacing import Spacing

from .construction import Construction, Segment
from .lines import SHARED_ENDS
from .measurement import Measurement
from .millimetres import scale_range, usable
from .quantities import BY_NAME, DoesNotApply
from .uncertainty import interval, interval_words


def remeasure(
    measurement: Measurement, construction: Construction, spacing: Spacing | None
) -> tuple[Measurement, ...]:
    """Measure one value again from a construction that the reader has changed.

    Parameters
    ----------
    measurement : Measurement
        With a construction.
    construction : Construction
        Segments of the same names, with the ends where the reader put them.
    spacing : Spacing or None

    Returns
    -------
    tuple of Measurement
        The measurement with ``edited`` set; as it was when nothing has moved.  A formula that says
        nothing about the new lengths is not valid, and one that now does is.

    Raises
    ------
    ValueError
        If the measurement has no construction, or the new one has other segments.
    """
    before = measurement.construction
    # Only what has lines is measured from them.
    if before is None or [s.name for s in before.segments] != [s.name for s in construction.segments]:
        raise ValueError(f"this is no construction of the {measurement.name}")
    if construction == before:
        return (measurement,)
    known = usable(spacing)
    quantity = BY_NAME.get(measurement.name)
    if quantity is None:
        return (_displaced(measurement, before, construction, known),)
    lengths = [segment.length(known) for segment in construction.segments]
    changed = replace(measurement, construction=construction, edited=True)
    try:
        value = quantity.compute(lengths)
    except DoesNotApply as reason:
        return (
            replace(
                changed,
                value=None,
                valid=False,
                why_not=str(reason),
                interval=None,
                interval_basis=None,
                category=None,
            ),
        )
    words = interval_words([], known if quantity.depends_on_mm else None)
    span = None
    if words:
        span = interval(
            value, [quantity.compute([length * scale for length in lengths]) for scale in scale_range(known)]
        )
    return (
        replace(
            changed,
            value=value,
            valid=True,
            why_not=None,
            interval=span,
            interval_basis=words or None,
            category=quantity.category(value, span),
        ),
    )


def _displaced(
    measurement: Measurement, drawn: Construction, construction: Construction, spacing: Spacing | None
) -> Measurement:
    """Measure a displacement again: signed, along the direction that it had.

    What is usual depends on the outlines and not on the line alone, so it is no longer classified.
    """
    before, after = drawn.segments[0], construction.segments[0]
    value = after.length(spacing)
    if measurement.value and before.length(spacing) > 0:
        row, column = (1.0, 1.0) if spacing is None else (spacing.row_mm, spacing.column_mm)
        (old_row, old_column), (new_row, new_column) = (
            ((line.end[0] - line.start[0]) * row, (line.end[1] - line.start[1]) * column)
            for line in (before, after)
        )
        along = (old_row * new_row + old_column * new_column) / before.length(spacing)
        value = math.copysign(1.0, measurement.value) * along
    words = interval_words([], spacing)
    return replace(
        measurement,
        value=value,
        interval=interval(value, [value * scale for scale in scale_range(spacing)]) if words else None,
        interval_basis=words or None,
        construction=construction,
        edited=True,
        category=None,
    )


def shared_ends(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield each end of a line that another has too: the end, the other line, the end of that one."""
    for pair in SHARED_ENDS:
        for (line, end), (other, its_end) in (pair, pair[::-1]):
            if line == name:
                yield end, other, its_end


def followers(
    measurements: Iterable[Measurement], side: str, model: str, moved: Segment
) -> tuple[Segment, ...]:
    """Return the lines that move along with one, because they share the end that the reader moves.

    Parameters
    ----------
    measurements : iterable of Measurement
        As they are shown, before `moved` counts.
    side, model : str
        Whose segment it is.
    moved : Segment
        Where the reader puts it.

    Returns
    -------
    tuple of Segment
        With the shared end moved and the other where it was.  Ends that the reader has parted stay apart.
    """
    shown = {
        segment.name: segment
        for measurement in measurements
        if measurement.construction and (measurement.side, measurement.model) == (side, model)
        for segment in measurement.construction.segments
    }
    before = shown.get(moved.name)
    if before is None:
        return ()
    return tuple(
        replace(shown[other], **{its_end: getattr(moved, end)})
        for end, other, its_end in shared_ends(moved.name)
        if other in shown
        and getattr(shown[other], its_end) == getattr(before, end) != getattr(moved, end)
    )


def move_segment(
    measurements: Iterable[Measurement], side: str, model: str, moved: Segment, spacing: Spacing | None
) -> tuple[Measurement, ...]:
    """Measure everything again that is made from one segment.

    Parameters
    ----------
    measurements : iterable of Measurement
        All that are shown together.
    side, model : str
        Whose segment it is.
    moved : Segment
        Where the reader put it.
    spacing : Spacing or None

    Returns
    -------
    tuple of Measurement
        All of `measurements` in their order, those of `side` and `model` whose construction holds a
        segment of this name measured again.
    """
    result: list[Measurement] = []
    for measurement in measurements:
        construction = measurement.construction
        ours = measurement.side == side and measurement.model == model
        if ours and construction is not None and construction.holds(moved.name):
            result += remeasure(measurement, construction.with_segment(moved), spacing)
        else:
            result.append(measurement)
    return tuple(result)
