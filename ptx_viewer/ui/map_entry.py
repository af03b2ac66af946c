"""One map of one image as the window knows it: which one it is, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from explain.attribution import Attribution


class MapState(StrEnum):
    """How far a map is; each has its own face in its row."""

    NOT_COMPUTED = "not computed"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class CheckState(StrEnum):
    """How far the measurement of a map's faithfulness is."""

    NONE = "none"
    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"


@dataclass(frozen=True)
class MapKey:
    """Which map: of which image, of which model's answer, by which method, about what."""

    image: str
    model: str
    method: str
    target: str


@dataclass(frozen=True, eq=False)
class MapEntry:
    """One map and how far it is.

    Attributes
    ----------
    message : str
        What is being done, or why there is no map.
    progress : float
        0..1 while it runs.
    attribution : Attribution or None
        With its faithfulness once that was measured.
    check : CheckState
    """

    state: MapState = MapState.NOT_COMPUTED
    message: str = ""
    progress: float = 0.0
    attribution: Attribution | None = None
    check: CheckState = CheckState.NONE
