"""What has changed between two films of one patient, where the two numbers can be compared at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ptx_viewer.study.spacing import Spacing, SpacingBasis

from .annotation import READER
from .measurement import Measurement
from .view import FilmView

#: Units that do not depend on the calibration.
_RATIOS = frozenset({"%", "°", ""})


@dataclass(frozen=True)
class FilmMeasurements:
    """What was measured on one film, and what decides whether it can be compared.

    Attributes
    ----------
    measurements : tuple of Measurement
    spacing : Spacing or None
    view : FilmView
    """

    measurements: tuple[Measurement, ...]
    spacing: Spacing | None
    view: FilmView


@dataclass(frozen=True)
class Change:
    """One measurement on the prior film and on the current one.

    Attributes
    ----------
    name, side, unit : str
    prior, current : Measurement or None
        None where nothing is outlined on that side.
    difference : float or None
        Current less prior value, in `unit`; None when they cannot be compared.
    why_not : str or None
        Why there is no difference; None when there is one.
    """

    name: str
    side: str
    unit: str
    prior: Measurement | None
    current: Measurement | None
    difference: float | None = None
    why_not: str | None = None

    @property
    def within_uncertainty(self) -> bool:
        """Whether the two intervals overlap, so that nothing need have changed."""
        if self.difference is None or self.prior is None or self.current is None:
            return False
        one, other = self.prior.interval, self.current.interval
        return one is not None and other is not None and one[0] <= other[1] and other[0] <= one[1]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader has to know beside the difference: classes, intervals, lines that a reader moved."""
        if self.difference is None or self.prior is None or self.current is None:
            return ()
        remarks = []
        then, now = self.prior.category, self.current.category
        if then and now:
            remarks.append(f"{then} then and now" if then == now else f"{then} then, {now} now")
        if self.within_uncertainty:
            remarks.append("the intervals overlap")
        moved = [film for film, one in (("prior", self.prior), ("current", self.current)) if one.edited]
        if moved:
            remarks.append(f"edited by the reader on {_films(moved)}")
        return tuple(remarks)


def changes(prior: FilmMeasurements, current: FilmMeasurements) -> tuple[Change, ...]:
    """Compare the measurements of two films side by side.

    On each film the reader's outline stands for a side where there is one, otherwise the first
    model's.  A difference is given when both values apply, come from one formula, and the films were
    taken in the same view; lengths and areas need the same calibration basis as well, for a factor
    between the planes would look like a change.

    Returns
    -------
    tuple of Change
        In the order of the current film's measurements, those of the prior film alone last.
    """
    before, now = _by_name(prior.measurements), _by_name(current.measurements)
    result = []
    for name, side in [*now, *(key for key in before if key not in now)]:
        one, other = before.get((name, side)), now.get((name, side))
        unit = (other or one).unit  # type: ignore[union-attr]  # one of the two is there
        why_not = _why_not(one, other, prior, current)
        difference = None
        if one is not None and other is not None and why_not is None:
            assert one.value is not None
            assert other.value is not None
            difference = other.value - one.value
        result.append(Change(name, side, unit, one, other, difference, why_not))
    return tuple(result)


def _by_name(measurements: Iterable[Measurement]) -> dict[tuple[str, str], Measurement]:
    """Return one measurement for each name and side: the reader's, otherwise the first."""
    chosen: dict[tuple[str, str], Measurement] = {}
    for measurement in measurements:
        key = (measurement.name, measurement.side)
        if key not in chosen or measurement.model == READER:
            chosen[key] = measurement
    return chosen


def _why_not(
    one: Measurement | None, other: Measurement | None, prior: FilmMeasurements, current: FilmMeasurements
) -> str | None:
    if one is None:
        return "nothing is outlined on this side of the prior film"
    if other is None:
        return "nothing is outlined on this side of the current film"
    for measurement, film in ((one, "prior"), (other, "current")):
        if not measurement.valid:
            return f"it does not apply to the {film} film: {measurement.why_not or 'no reason is given'}"
        if measurement.value is None:
            return "it is a class, not a number"
    if one.unit != other.unit:
        return f"the units differ: {one.unit} then, {other.unit} now"
    if _formula(one) != _formula(other):
        return "it was measured by another method"
    return _views(prior.view, current.view) or (
        None if one.unit in _RATIOS else _calibrations(prior.spacing, current.spacing)
    )


def _formula(measurement: Measurement) -> str:
    """Return the method without its calibration, which follows a semicolon, and without numbers."""
    return re.sub(r"[\d.,]+", "#", measurement.method.split(";", maxsplit=1)[0])


def _films(which: list[str]) -> str:
    return "both films" if len(which) > 1 else f"the {which[0]} film"


def _views(one: FilmView, other: FilmView) -> str | None:
    turned = [film for film, view in (("prior", one), ("current", other)) if view.rotated]
    if turned:
        return f"the patient is rotated on {_films(turned)} (reader's judgement)"
    for then, now in ((one.projection, other.projection), (one.posture, other.posture)):
        # What one header leaves open is no contradiction.
        if then is not now and "not stated" not in (then.value, now.value):
            return f"the films were taken differently: {then.value} then, {now.value} now"
    return None


def _calibrations(one: Spacing | None, other: Spacing | None) -> str | None:
    if one is None or other is None:
        return "a film without pixel spacing gives no size"
    if one.basis is not other.basis:
        return f"the calibrations differ: {one.basis.value} then, {other.basis.value} now"
    if one.basis is SpacingBasis.UNKNOWN:
        return "the basis of the calibration is not known"
    return None
