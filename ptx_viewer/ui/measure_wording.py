"""What one row of HOW LARGE says."""

from __future__ import annotations

from dataclasses import dataclass

from ptx_viewer.measure.annotation import Annotation, Quantity
from ptx_viewer.measure.measurement import Measurement

#: Set between thousands; a comma would be read as a decimal point in half of the world.
_THIN_SPACE = "\u2009"
NO_BREAK = "\u00a0"
NOT_VALID = "not valid"
#: Longest class, in characters, that has room beside a value.
_SHORT = 8


@dataclass(frozen=True)
class RowText:
    """The words of one row.

    Attributes
    ----------
    name, value : str
    brief : str
        One line below them, cut where it does not fit.
    details : tuple of str
        What stands in its place when the row is selected.
    valid : bool
    edited : bool
        Whether the reader moved a line of it.
    """

    name: str
    value: str
    brief: str
    details: tuple[str, ...]
    valid: bool = True
    edited: bool = False


def number_text(value: float, unit: str) -> str:
    """Return a number without a precision that no method here has."""
    digits = 0 if abs(value) >= 100 or unit in ("px", "px²", "mL") else 1
    return f"{value:,.{digits}f}".replace(",", _THIN_SPACE).replace("-", "−")


def value_text(measurement: Measurement) -> str:
    """Return value and unit, or that the value does not apply."""
    if not measurement.valid:
        return NOT_VALID
    if measurement.value is None:
        return measurement.category or "–"
    return f"{number_text(measurement.value, measurement.unit)}\u00a0{measurement.unit}".rstrip()


def interval_text(measurement: Measurement) -> str:
    """Return the interval with its unit; ``""`` where there is none."""
    if measurement.interval is None or not measurement.valid:
        return ""
    low, high = (number_text(end, measurement.unit) for end in measurement.interval)
    return f"{low} to {high}\u00a0{measurement.unit}".rstrip()


def measurement_text(measurement: Measurement) -> RowText:
    """Return what the row of a measurement of the program says."""
    interval = interval_text(measurement)
    category = (measurement.category or "") if measurement.valid else ""
    value = value_text(measurement)
    # A short class stands beside the number that it rests on, its reservations below.
    short = category.split(":", maxsplit=1)[0]
    if measurement.value is not None and 0 < len(short) <= _SHORT:
        value = f"{value}, {short}"
    method = sentence(measurement.method)
    if not measurement.valid:
        reason = sentence(measurement.why_not or "no reason is given")
        return RowText(capital(measurement.name), value, reason, (reason, method), valid=False)
    reservation = "" if category == short and len(short) <= _SHORT else category
    brief = " · ".join(part for part in (reservation, interval, measurement.method) if part)
    allows_for = f": {measurement.interval_basis}" if measurement.interval_basis else ""
    details = (f"{interval}{allows_for}.",) if interval else ()
    details = (sentence(reservation), *details) if reservation else details
    if measurement.edited:
        details = ("The reader moved a line of this measurement.", *details)
    return RowText(capital(measurement.name), value, brief, (*details, method), edited=measurement.edited)


def annotation_text(annotation: Annotation, quantities: tuple[Quantity, ...]) -> RowText:
    """Return what the row of a measurement of the reader says."""
    missing = [quantity for quantity in quantities if quantity.value is None]
    if missing:
        reason = sentence(missing[0].why_not or "")
        return RowText(capital(annotation.title), quantities[0].text, reason, (reason,), valid=False)
    methods = tuple(dict.fromkeys(sentence(quantity.method) for quantity in quantities))
    if len(quantities) == 1:
        return RowText(capital(annotation.title), quantities[0].text, capital(quantities[0].method), methods)
    area, mean, *others = quantities
    # The mean alone stands beside the name, which would be broken into pieces otherwise.
    spread = ", ".join(f"{one.name} {one.text.split(NO_BREAK)[0]}" for one in others)
    brief = f"{spread} · {area.text}"
    return RowText(capital(annotation.title), f"mean {mean.text}", brief, (spread, area.text, *methods))


def sentence(text: str) -> str:
    """Return a text that begins with a capital and ends with a full stop."""
    return f"{capital(text).rstrip('.')}."


def capital(text: str) -> str:
    """Return a text that begins with a capital; what follows stays as it is."""
    return text[:1].upper() + text[1:]
