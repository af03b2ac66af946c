"""Average precision of the findings' boxes at an overlap of one half."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.cards import Figure
from models.evaluation.answers import Answer
from models.instances import find_instances
from models.prediction import Box
from models.training import export
from models.training.metrics import bootstrap

#: Intersection over union from which a found box is the true one.
OVERLAP = 0.5
NAME = "box AP50"


@dataclass(frozen=True, eq=False)
class FilmBoxes:
    """The found boxes of one film, judged.

    Attributes
    ----------
    scores : ndarray of float64, shape [R]
    right : ndarray of bool, shape [R]
        Whether each is a true box that no better-scoring one has found already.
    truth : int
        Number of true boxes.
    """

    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    truth: int


def overlap(first: Box, second: Box) -> float:
    """Return intersection over union of two boxes."""
    width = min(first.right, second.right) - max(first.left, second.left)
    height = min(first.bottom, second.bottom) - max(first.top, second.top)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    areas = [(box.right - box.left) * (box.bottom - box.top) for box in (first, second)]
    return both / (sum(areas) - both)


def judge(found: Sequence[tuple[float, Box]], truth: Sequence[Box]) -> FilmBoxes:
    """Match found boxes with true ones, the highest score first, each true box once (Everingham et al. 2010).

    Parameters
    ----------
    found : sequence of (score, Box)
    truth : sequence of Box
    """
    ranked = sorted(found, key=lambda each: -each[0])
    free = set(range(len(truth)))
    right = np.zeros(len(ranked), np.bool_)
    for place, (_, box) in enumerate(ranked):
        best = max(range(len(truth)), key=lambda index: overlap(box, truth[index]), default=None)
        if best is not None and overlap(box, truth[best]) >= OVERLAP and best in free:
            free.remove(best)
            right[place] = True
    return FilmBoxes(np.array([score for score, _ in ranked], np.float64), right, len(truth))


def box_average_precision(films: Sequence[FilmBoxes]) -> float:
    """Return the area under the precision-recall curve of all boxes; NaN without true boxes.

    As PASCAL VOC computes it since 2010: precision made to fall, the exact area, not a mean over recalls.
    """
    count = sum(film.truth for film in films)
    if count == 0:
        return float("nan")
    scores = np.concatenate([film.scores for film in films])
    right = np.concatenate([film.right for film in films])[np.argsort(-scores, kind="stable")]
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(hits) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(falling[right]) / count)


def film_boxes(answers: Sequence[Answer]) -> list[FilmBoxes]:
    """Judge the boxes of every film whose truth is drawn or known to be empty, whatever the image score."""
    judged = []
    for answer in answers:
        if answer.truth is None and answer.film.positive:
            continue
        prediction = answer.prediction
        found = find_instances(prediction.probability, prediction.mask_threshold, None)
        pieces = () if answer.truth is None else find_instances(answer.truth.astype(np.float32), 0.5, None)
        judged.append(judge([(each.score, each.box) for each in found], [each.box for each in pieces]))
    return judged


def box_figure(answers: Sequence[Answer], data: str, source: str = "siim") -> Figure:
    """Return the card's figure: AP50 with its bootstrap interval over the films of one collection."""
    films = film_boxes([answer for answer in answers if answer.film.source == source])
    interval = bootstrap(lambda chosen: box_average_precision([films[i] for i in chosen]), len(films))
    return export.figure(NAME, interval, data, len(films))
