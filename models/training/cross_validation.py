"""k-fold cross-validation: one run a fold, and what they give together."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import nn

from models.training.configuration import Configuration
from models.training.experiment import read_entries, run_training
from models.training.world import ALONE, World


def last_figures(run: Path, best_of: str | None = None) -> dict[str, float]:
    """Return the validation figures of a run.

    Parameters
    ----------
    run : Path
    best_of : str or None
        The figure whose highest value tells which validation counts; None takes the last.

    Raises
    ------
    ValueError
        If the run has not been validated, or never gave that figure.
    """
    path = run / "validation.csv"
    if not path.exists():
        raise ValueError(f"the run in '{run}' has not been validated yet")
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(stream)]
    if best_of is None:
        return rows[-1]
    if best_of not in rows[0]:
        raise ValueError(f"validation does not give '{best_of}'; it gives {', '.join(rows[0])}")
    return max(rows, key=lambda row: (not np.isnan(row[best_of]), row[best_of]))


def cross_validate(
    configuration: Configuration, run: Path, folds: int, lung_network: nn.Module, world: World = ALONE
) -> list[dict[str, float]]:
    """Train once a fold in ``run/fold-0``, ``run/fold-1``, ...; write and return the figures.

    ``run/folds.csv`` holds a row a fold, then the mean and the standard deviation over the folds.
    A stopped cross-validation goes on where it ended.

    Raises
    ------
    ValueError
        If the films cannot be dealt into so many folds, or a run cannot be carried out.
    """
    entries = read_entries(configuration, folds)
    results = []
    for fold in range(folds):
        folder = run / f"fold-{fold}"
        run_training(configuration, folder, lung_network, entries, fold, world)
        if world.leads:
            best_of = configuration.fit.watched if configuration.fit.patience else None
            results.append(last_figures(folder, best_of))
            write_folds(results, run / "folds.csv")
    return results


def write_folds(results: Sequence[dict[str, float]], path: Path) -> None:
    """Write one row a fold, then mean and standard deviation (of a sample) over the folds."""
    names = [name for name in results[0] if name != "step"]
    values = np.array([[result[name] for name in names] for result in results])
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["fold", *names])
        writer.writerows([number, *row] for number, row in enumerate(values.tolist()))
        if len(results) > 1:
            writer.writerow(["mean", *values.mean(axis=0).tolist()])
            writer.writerow(["standard deviation", *values.std(axis=0, ddof=1).tolist()])
    temporary.replace(path)
