"""A number that is never shown without its method."""

from __future__ import annotations

from dataclasses import dataclass

from .construction import Construction


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
        e.g. ``"mm²"``, ``"mm"``, ``"px"``, ``"px²"``, ``"%"``.
    method : str
        How it was obtained, in words: the formula, its source, and the calibration basis of a
        length or area.
    side : str
        ``"right"``, ``"left"`` or ``"unknown"`` (the patient's side).
    model : str
        The model whose mask was measured, or ``"reader"`` for a mask the reader changed or drew.
    valid : bool
    why_not : str or None
        Why the value does not apply; None when `valid`.
    interval : tuple of float or None
        Lowest and highest plausible value, in `unit`, with `value` inside; None when the sources of
        uncertainty are not known.
    interval_basis : str or None
        What the interval allows for, in words; None without one.
    construction : Construction or None
        The lines drawn on the film that the value follows from; None for what is no length, and for
        what the film's view or its outlines rule out.
    edited : bool
        Whether the reader moved an end of the construction.
    category : str or None
        The class that a guideline gives the value (``"large"``) or what it may hint at; None where
        nothing is classified.
    """

    name: str
    value: float | None
    unit: str
    method: str
    side: str
    model: str
    valid: bool = True
    why_not: str | None = None
    interval: tuple[float, float] | None = None
    interval_basis: str | None = None
    construction: Construction | None = None
    edited: bool = False
    category: str | None = None
