"""Measure again after the reader has moved an end of a construction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ptx_viewer.study.spacing import Spacing

from .construction import Construction, Segment
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
    if before is None or [s.name for s in before.segments] != [s.name for s in construction.segments]:
        raise ValueError(f"this is no construction of the {measurement.name}")
    if construction == before:
        return (measurement,)
    known = usable(spacing)
    try:
        quantity = BY_NAME[measurement.name]
    except KeyError:
        raise ValueError(f"the {measurement.name} cannot be moved") from None
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
