"""What a cross-validation says about every film by the network that never saw it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.training.films import FilmBank
from models.training.lung_task import as_input
from models.training.metrics import bootstrap, dice, roc_auc

#: Pixel probabilities at which the masks are cut.
CUTS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
_PLAIN = ("fold", "film_id", "source", "positive", "logit")


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Answers about films, each by the network of the fold that held it out.

    Attributes
    ----------
    fold : ndarray of int64, shape [N]
    film_id, source : ndarray of str, shape [N]
    positive : ndarray of bool, shape [N]
    logit : ndarray of float64, shape [N]
        Of the image; comparable within a fold alone.
    dice : ndarray of float64, shape [N, len(CUTS)]
        Of the mask cut at each of :data:`CUTS`; NaN where nobody outlined a finding.
    """

    fold: NDArray[np.int64]
    film_id: NDArray[np.str_]
    source: NDArray[np.str_]
    positive: NDArray[np.bool_]
    logit: NDArray[np.float64]
    dice: NDArray[np.float64]

    def dice_of_positives(self) -> NDArray[np.float64]:
        """Return each outlined film's Dice, cut where the films of the *other* folds do best, [M]."""
        drawn = ~np.isnan(self.dice[:, 0])
        result = np.full(self.fold.size, np.nan)
        for fold in np.unique(self.fold):
            others = drawn & (self.fold != fold)
            best = int(np.argmax(self.dice[others].mean(axis=0)))
            result[self.fold == fold] = self.dice[self.fold == fold, best]
        return result[drawn]

    def auc(self, chosen: NDArray[np.int64]) -> float:
        """Return the ROC-AUC of the `chosen` films, pairs of one fold alone, folds weighed by their pairs."""
        total, pairs = 0.0, 0
        for fold in np.unique(self.fold):
            own = chosen[self.fold[chosen] == fold]
            positive = self.positive[own]
            count = int(positive.sum()) * int((~positive).sum())
            if count:
                total += count * roc_auc(positive, self.logit[own])
                pairs += count
        return total / pairs if pairs else float("nan")


@torch.no_grad()
def answers(network: nn.Module, bank: FilmBank, fold: int) -> list[list[object]]:
    """Return one row a film of `bank`: the mean of the film and its mirror image, in the network's grid.

    Parameters
    ----------
    network : nn.Module
        A U-Net.
    bank : FilmBank
    fold : int
    """
    network.eval()
    rows: list[list[object]] = []
    for film, image, mask in zip(bank.films, bank.images, bank.masks, strict=True):
        both = as_input(np.stack([image, image[:, ::-1]]))
        output = network(both)
        probability = torch.sigmoid(output.masks[:, 0]).numpy()
        probability = (probability[0] + probability[1, :, ::-1]) / 2
        scored = film.positive and film.mask is not None
        values = [dice(probability >= cut, mask > 0) if scored else float("nan") for cut in CUTS]
        logit = float(output.images[:, 0].mean())
        rows.append([fold, film.film_id, film.source, int(film.positive), logit, *values])
    return rows


def write_answers(rows: Sequence[Sequence[object]], path: Path) -> None:
    """Write the rows of :func:`answers` as a table."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([*_PLAIN, *(f"dice at {cut:g}" for cut in CUTS)])
        writer.writerows(rows)
    temporary.replace(path)


def read_answers(paths: Sequence[Path]) -> OutOfFold:
    """Read the tables of all folds, films in the order of source and name."""
    rows: list[list[str]] = []
    for path in paths:
        with path.open(newline="", encoding="utf-8") as stream:
            rows += list(csv.reader(stream))[1:]
    rows.sort(key=lambda row: (row[2], row[1]))
    return OutOfFold(
        fold=np.array([int(row[0]) for row in rows]),
        film_id=np.array([row[1] for row in rows]),
        source=np.array([row[2] for row in rows]),
        positive=np.array([row[3] == "1" for row in rows]),
        logit=np.array([float(row[4]) for row in rows]),
        dice=np.array([[float(value) for value in row[5:]] for row in rows]),
    )


@dataclass(frozen=True)
class Comparison:
    """One figure of a recipe, with 95 % bootstrap intervals over the films.

    Attributes
    ----------
    figure : str
    value : tuple of float
        Value, low, high.
    difference : tuple of float or None
        To the first recipe on the same films, paired; None for the first itself.
    films : int
    """

    figure: str
    value: tuple[float, float, float]
    difference: tuple[float, float, float] | None
    films: int


def compare(own: OutOfFold, first: OutOfFold | None = None) -> list[Comparison]:
    """Return Dice of the outlined positives and the ROC-AUC of every collection with both labels.

    Raises
    ------
    ValueError
        If the two do not speak of the same films.
    """
    if first is not None and not np.array_equal(own.film_id, first.film_id):
        raise ValueError("the recipes were not cross-validated on the same films")
    dices = own.dice_of_positives()
    gains = None if first is None else dices - first.dice_of_positives()

    def mean(values: NDArray[np.float64]) -> tuple[float, float, float]:
        return bootstrap(lambda chosen: float(values[chosen].mean()), values.size)

    result = [
        Comparison("Dice of positives", mean(dices), None if gains is None else mean(gains), dices.size)
    ]
    for source in np.unique(own.source):
        films = np.flatnonzero(own.source == source)
        if len(set(own.positive[films])) < 2:
            continue

        def gain(chosen: NDArray[np.int64], films: NDArray[np.int64] = films) -> float:
            return own.auc(films[chosen]) - (first.auc(films[chosen]) if first is not None else 0.0)

        def auc(chosen: NDArray[np.int64], films: NDArray[np.int64] = films) -> float:
            return own.auc(films[chosen])

        difference = None if first is None else bootstrap(gain, films.size)
        result.append(Comparison(f"{source} ROC-AUC", bootstrap(auc, films.size), difference, films.size))
    return result
