"""All figures of one network on one set of held-out films."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.evaluation.answers import Answer
from models.evaluation.boxes import NAME as BOX_AP50
from models.evaluation.boxes import box_average_precision, film_boxes
from models.evaluation.image_level import image_statistics
from models.evaluation.pixel_level import PixelFigures, pixel_figures, size_class
from models.training.metrics import bootstrap


@dataclass(frozen=True)
class Row:
    """One figure with its 95 % bootstrap interval.

    Attributes
    ----------
    group : str
        The films that it was measured on, e.g. ``"siim"`` or ``"siim, small"``.
    figure : str
    value, low, high : float
    films : int
    """

    group: str
    figure: str
    value: float
    low: float
    high: float
    films: int


@dataclass(frozen=True, eq=False)
class Scored:
    """Image-level answers as arrays, and the outlines where a reference exists."""

    source: NDArray[np.str_]
    positive: NDArray[np.bool_]
    score: NDArray[np.float64]
    view: NDArray[np.str_]
    drain: NDArray[np.str_]
    #: As gated by the image score, and whatever the image score.
    gated: tuple[PixelFigures | None, ...]
    ungated: tuple[PixelFigures | None, ...]

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> Scored:
        """Compare each answer with the truth; films without a drawn or empty reference get None."""
        gated: list[PixelFigures | None] = []
        ungated: list[PixelFigures | None] = []
        for answer in answers:
            prediction, truth = answer.prediction, answer.truth
            if truth is None and not answer.film.positive:
                truth = np.zeros(prediction.probability.shape, dtype=np.bool_)
            if truth is None:
                gated.append(None)
                ungated.append(None)
                continue
            gated.append(pixel_figures(prediction.mask, truth))
            ungated.append(pixel_figures(prediction.probability >= prediction.mask_threshold, truth))
        drains = {None: "", True: "drain", False: "no drain"}
        return cls(
            source=np.array([a.film.source for a in answers]),
            positive=np.array([a.film.positive for a in answers]),
            score=np.array([a.prediction.score for a in answers], dtype=np.float64),
            view=np.array([a.film.view for a in answers]),
            drain=np.array([drains[a.film.drain] for a in answers]),
            gated=tuple(gated),
            ungated=tuple(ungated),
        )


def evaluate(answers: Sequence[Answer], samples: int = 2000) -> list[Row]:
    """Return every figure, source by source, then by size, view and drain where known.

    Parameters
    ----------
    answers : sequence of Answer
        Of one model on held-out films.
    samples : int
        Bootstrap samples for the intervals.
    """
    scored = Scored.of(answers)
    threshold = answers[0].prediction.threshold
    rows: list[Row] = []
    for source in np.unique(scored.source):
        of_source = scored.source == source
        rows += _image_rows(str(source), scored, of_source, threshold, samples)
        rows += _pixel_rows(str(source), scored, of_source, samples)
        rows += _box_rows(
            str(source), [a for a, mine in zip(answers, of_source, strict=True) if mine], samples
        )
        for kind in (scored.view, scored.drain):
            for value in np.unique(kind[of_source]):
                if value:
                    chosen = of_source & (kind == value)
                    rows += _image_rows(f"{source}, {value}", scored, chosen, threshold, samples)
    return rows


def _image_rows(
    group: str, scored: Scored, chosen: NDArray[np.bool_], threshold: float, samples: int
) -> Iterator[Row]:
    statistics = image_statistics(scored.positive[chosen], scored.score[chosen], threshold)
    for name, statistic in statistics.items():
        row = _row(group, name, statistic, int(chosen.sum()), samples)
        if not math.isnan(row.value):  # no positives among these films, or nothing called positive
            yield row


def _pixel_rows(
    group: str, scored: Scored, chosen: NDArray[np.bool_], samples: int
) -> Iterator[Row]:
    for gating, figures in (("", scored.gated), (", whatever the image score", scored.ungated)):
        positives = [f for f, c, p in zip(figures, chosen, scored.positive, strict=True) if f and c and p]
        everything = [f for f, c in zip(figures, chosen, strict=True) if f and c]
        negatives = [f for f, c, p in zip(figures, chosen, scored.positive, strict=True) if f and c and not p]
        of_positives = {
            "Dice of positives": [f.dice for f in positives],
            "IoU of positives": [f.iou for f in positives],
            "pixel accuracy of positives": [f.accuracy for f in positives],
            "Dice of all films": [f.dice for f in everything],
            "pixel accuracy of all films": [f.accuracy for f in everything],
        }
        for name, values in of_positives.items():
            if positives:
                yield _mean(group, f"{name}{gating}", values, samples)
        if negatives:
            share = [f.false_positive_share for f in negatives]
            yield _mean(group, f"false-positive share of negative films{gating}", share, samples)
    by_size: dict[str, list[tuple[float, float]]] = {"small": [], "medium": [], "large": []}
    for index in np.flatnonzero(chosen & scored.positive):
        outline = scored.gated[index]
        if outline is not None:
            touched = 1.0 if outline.dice > 0 else 0.0
            by_size[size_class(outline.reference_share)].append((touched, outline.dice))
    for size, pairs in by_size.items():
        if pairs:
            met, dices = zip(*pairs, strict=True)
            yield _mean(f"{group}, {size}", "sensitivity (outline met)", met, samples)
            yield _mean(f"{group}, {size}", "Dice of positives", dices, samples)


def _box_rows(group: str, answers: Sequence[Answer], samples: int) -> Iterator[Row]:
    films = film_boxes(answers)
    if any(film.truth for film in films):

        def precision(chosen: NDArray[np.int64]) -> float:
            return box_average_precision([films[index] for index in chosen])

        yield _row(group, BOX_AP50, precision, len(films), samples)


def _mean(group: str, figure: str, values: Sequence[float], samples: int) -> Row:
    numbers = np.array(values, dtype=np.float64)
    return _row(group, figure, lambda chosen: float(numbers[chosen].mean()), len(numbers), samples)


def _row(
    group: str, figure: str, statistic: Callable[[NDArray[np.int64]], float], films: int, samples: int
) -> Row:
    value, low, high = bootstrap(statistic, films, samples)
    return Row(group, figure, value, low, high, films)
