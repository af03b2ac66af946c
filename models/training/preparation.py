"""From a reading to a manifest: clean, divide, write down."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.training import splits
from models.training.cleaning import ViewGate, clean, summary, write_left_out
from models.training.manifest import NO_FOLD, make_entries, read_manifest, write_manifest
from models.training.readers.reading import Reading
from models.training.splits import TEST, TRAIN, VALIDATION


@dataclass(frozen=True)
class Division:
    """How films are divided.

    Attributes
    ----------
    validation, test : float
        Shares of the films; the rest is for training.
    folds : int
        Into which training and validation films are dealt for cross-validation; 0 deals none.
    seed : int
    """

    validation: float = 0.15
    test: float = 0.2
    folds: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.validation, self.test) < 0 or self.validation + self.test >= 1:
            raise ValueError(
                "the shares for validation and test must be 0 or more and leave films to train on"
            )


def prepare(
    reading: Reading,
    out: Path,
    division: Division,
    view_gate: ViewGate | None = None,
    earlier: Sequence[Path] = (),
    progress: Callable[[float], None] = lambda _: None,
) -> list[str]:
    """Write ``manifest.csv`` and ``left-out.csv`` into `out`; return lines that sum them up.

    Parameters
    ----------
    reading : Reading
    out : Path
    division : Division
    view_gate : callable or None
        See :func:`models.training.cleaning.clean`.
    earlier : sequence of Path
        Manifests whose films these must not repeat.
    progress : callable
        Given the share done, 0..1.

    Raises
    ------
    ValueError
        If no film is left, or an earlier manifest cannot be read.
    """
    before = [entry.film for path in earlier for entry in read_manifest(path)]
    cleaned = clean(reading.films, view_gate, before, progress)
    cleaned = dataclasses.replace(cleaned, left_out=(*reading.left_out, *cleaned.left_out))
    out.mkdir(parents=True, exist_ok=True)
    write_left_out(cleaned.left_out, out / "left-out.csv")
    members = cleaned.films
    lines = summary(cleaned)
    if not members:
        raise ValueError("no film can be used; " + "; ".join(lines[1:]))
    shares = np.array([splits.mask_share(film) for film in members])
    kinds = splits.kinds(members, shares)
    train = 1.0 - division.validation - division.test
    wanted = {TRAIN: train, VALIDATION: division.validation, TEST: division.test}
    parts = splits.divide(members, kinds, wanted, division.seed)
    folds = [NO_FOLD] * len(members)
    if division.folds:
        free = [number for number, part in enumerate(parts) if part != TEST]
        dealt = splits.folds(
            [members[n] for n in free], [kinds[n] for n in free], division.folds, division.seed
        )
        for number, fold in zip(free, dealt, strict=True):
            folds[number] = fold
    write_manifest(make_entries(members, parts, folds), out / "manifest.csv")
    for part in (TRAIN, VALIDATION, TEST):
        own = [film for film, name in zip(members, parts, strict=True) if name == part]
        lines.append(f"{part}: {len(own)} films, {sum(film.positive for film in own)} with pneumothorax")
    return lines
