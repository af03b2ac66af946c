"""What an audit measures, one number a row, and how the rows are summed up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from explain.methods import METHODS
from models.training.metrics import bootstrap

OWN_MASK, RANDOM_MAP, EDGE_MAP = "own mask", "random map", "edge map"
#: What every explanation is compared with.
REFERENCES = (OWN_MASK, RANDOM_MAP, EDGE_MAP)

#: Figures of the randomisation test: nothing worth showing on the map, and likeness with that in mind.
NEGLIGIBLE, AS_SHOWN = "negligible", "as shown"


class Check(StrEnum):
    """The parts of an audit."""

    LOCALISATION = "localisation"
    FAITHFULNESS = "faithfulness"
    MODEL_RANDOMISATION = "model randomisation"
    DATA_RANDOMISATION = "data randomisation"
    REPEATABILITY = "repeatability"


@dataclass(frozen=True)
class Row:
    """One number of one map of one film.

    Attributes
    ----------
    model : str
    method : str
        An explanation, or what it is compared with: "own mask", "random map", "edge map".
    film : str
    drain : bool or None
        Whether a chest drain is on the film; None where nobody says.
    check : Check
    figure : str
        e.g. ``"AUPRC"``.
    value : float
    step : int
        Layers that are random, for model randomisation; else 0.
    layer : str
        The one that was randomised last; else empty.
    """

    model: str
    method: str
    film: str
    drain: bool | None
    check: Check
    figure: str
    value: float
    step: int = 0
    layer: str = ""


@dataclass(frozen=True)
class Mean:
    """The mean of a figure over films, with its 95 % bootstrap interval.

    Attributes
    ----------
    films : str
        "all", "with drain" or "without drain".
    n : int
        Number of films.
    """

    model: str
    method: str
    check: Check
    figure: str
    step: int
    layer: str
    films: str
    n: int
    value: float
    low: float
    high: float


#: The groups of films: all, and apart by drain those where somebody says.
GROUPS: tuple[tuple[str, tuple[bool | None, ...]], ...] = (
    ("all", (None, False, True)),
    ("with drain", (True,)),
    ("without drain", (False,)),
)


def summarise(rows: Sequence[Row]) -> list[Mean]:
    """Return the mean of every figure over the films, in the order of the rows, group by group.

    The interval spans the 2.5th to the 97.5th percentile of the means of 2,000 samples of the films with
    replacement.  Groups without films are left out.
    """
    means = []
    for films, drains in GROUPS:
        gathered: dict[tuple[str, str, Check, str, int, str], list[float]] = {}
        for row in rows:
            if row.drain in drains:
                key = (row.model, row.method, row.check, row.figure, row.step, row.layer)
                gathered.setdefault(key, []).append(row.value)
        for (model, method, check, figure, step, layer), numbers in gathered.items():
            values = np.array(numbers)
            value, low, high = bootstrap(lambda drawn, v=values: float(v[drawn].mean()), values.size)  # type: ignore[misc]
            means.append(
                Mean(model, method, check, figure, step, layer, films, values.size, value, low, high)
            )
    return means


def place(method: str) -> int:
    """Return where a method stands in tables and pictures: explanations first, then the references."""
    return (*METHODS, *REFERENCES).index(method)


def select(means: Iterable[Mean], check: Check, figure: str | None = None, films: str = "all") -> list[Mean]:
    """Return the means of one check, of one figure where it is named, of one group of films."""
    chosen = [
        mean
        for mean in means
        if mean.check is check and mean.films == films and figure in (None, mean.figure)
    ]
    return sorted(chosen, key=lambda mean: place(mean.method))
