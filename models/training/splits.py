"""Divide films among parts so that no patient is in two, each part holding its share of every kind."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.training.films import Film, read_grey

#: Parts of a simple split.
TRAIN, VALIDATION, TEST = "train", "validation", "test"


def mask_share(film: Film) -> float:
    """Return the outlined share of a film's area; 0 without a mask."""
    return 0.0 if film.mask is None else float((read_grey(film.mask) > 0).mean())


def kinds(films: Sequence[Film], shares: NDArray[np.float64]) -> list[str]:
    """Return each film's kind: its collection, whether it is positive, and how large the finding is.

    Outlined findings are small, medium or large by thirds of all outlined ones.

    Parameters
    ----------
    films : sequence of Film
    shares : ndarray of float, shape [N]
        See :func:`mask_share`.
    """
    drawn = shares[shares > 0]
    cuts = np.quantile(drawn, [1 / 3, 2 / 3]) if drawn.size else np.zeros(2)
    names = []
    for film, share in zip(films, shares, strict=True):
        if not film.positive:
            size = "0 none"
        elif share == 0:
            size = "1 not outlined"
        else:
            size = ("2 small", "3 medium", "4 large")[int(np.searchsorted(cuts, share, side="left"))]
        names.append(f"{film.source} {size}")
    return names


def divide(
    films: Sequence[Film], kinds: Sequence[str], parts: Mapping[str, float], seed: int = 0
) -> list[str]:
    """Return the part of each film.

    Patients are dealt out whole, kind by kind in a random order (those of many films first), each to the
    part that lacks most of its share of that kind.  A patient's kind is the last by name among the films:
    the largest finding.

    Parameters
    ----------
    films : sequence of Film
    kinds : sequence of str
        Kind of each film, see :func:`kinds`.
    parts : mapping of str to float
        Share of each part; they must add up to 1.
    seed : int

    Returns
    -------
    list of str
        A function of the films' patients, kinds and the seed alone, not of their order.

    Raises
    ------
    ValueError
        If a share is negative or the shares do not add up to 1.
    """
    if min(parts.values()) < 0 or abs(sum(parts.values()) - 1.0) > 1e-6:
        raise ValueError(f"the shares of the parts must add up to 1, not {sum(parts.values()):g}")
    of_patient: dict[str, str] = {}
    for film, kind in zip(films, kinds, strict=True):
        of_patient[film.patient] = max(kind, of_patient.get(film.patient, ""))
    # Films of the kind that a patient stands for: many negatives beside a rare positive do not count.
    count = Counter(
        film.patient for film, kind in zip(films, kinds, strict=True) if of_patient[film.patient] == kind
    )
    chosen: dict[str, str] = {}
    # What rounding took from a part in one kind it is owed in the next.
    owed = dict.fromkeys(parts, 0.0)
    for kind in sorted(set(of_patient.values())):
        patients = sorted(patient for patient, own in of_patient.items() if own == kind)
        # One generator a kind: the order does not depend on the films of other kinds.
        rng = np.random.default_rng([seed, zlib.crc32(kind.encode())])
        total = sum(count[patient] for patient in patients)
        # Rounding alone: what a patient of many films took must not be paid back by a rare kind.
        owed = {name: min(max(owed[name], -0.5), 0.5) + share * total for name, share in parts.items()}
        shuffled = [patients[place] for place in rng.permutation(len(patients))]
        # Patients of many films first: the others even out what they leave.
        for patient in sorted(shuffled, key=lambda name: -count[name]):
            # Rounded: sums of shares that are equal must tie, whatever their last bits.
            part = max(parts, key=lambda name: round(owed[name], 9))
            chosen[patient] = part
            owed[part] -= count[patient]
    return [chosen[film.patient] for film in films]


def folds(films: Sequence[Film], kinds: Sequence[str], count: int, seed: int = 0) -> list[int]:
    """Return the fold, 0 .. `count` - 1, of each film, by the rules of :func:`divide`.

    Raises
    ------
    ValueError
        If there are fewer patients than folds, or fewer than two folds.
    """
    patients = len({film.patient for film in films})
    if not 2 <= count <= patients:
        raise ValueError(f"{patients} patients cannot be divided into {count} folds")
    shares = {str(number): 1.0 / count for number in range(count)}
    return [int(name) for name in divide(films, kinds, shares, seed)]
