"""A number that is never shown without its method."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measurement:
    """One named number.

    Attributes
    ----------
    name : str
        e.g. ``"pneumothorax area"``.
    value : float or None
        None when `valid` is False.
    unit : str
        e.g. ``"mm²"``, ``"px"``, ``"%"``.
    method : str
        How it was obtained, in words, with the calibration basis for a length or area.
    side : str
        ``"right"``, ``"left"`` or ``"unknown"`` (the patient's side).
    model : str
        The model whose mask was measured, or ``"reader"`` for a mask the reader changed or drew.
    valid : bool
    why_not : str or None
        Why the value does not apply; None when `valid`.
    """

    name: str
    value: float | None
    unit: str
    method: str
    side: str
    model: str
    valid: bool = True
    why_not: str | None = None
