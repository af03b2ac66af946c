"""Calibration and thresholds: chosen on validation films, never on those that are reported."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.evaluation.answers import Answer
from models.training.metrics import dice


def calibrate(logits: NDArray[np.float64], positive: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and offset of Platt's scaling (Platt 1999, with his smoothed targets).

    A weak pull of the slope towards 1 keeps a handful of films from making it extreme.
    """
    count, others = positive.sum(), (~positive).sum()
    target = np.where(positive, (count + 1) / (count + 2), 1 / (others + 2))

    def loss(parameters: NDArray[np.float64]) -> float:
        z = logits * parameters[0] + parameters[1]
        return float(np.sum(np.logaddexp(0, z) - target * z) + 0.5 * (parameters[0] - 1) ** 2)

    slope, offset = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return float(slope), float(offset)


#: Resamples of the validation films over which a threshold is averaged.
RESAMPLES = 200


def balanced_threshold(scores: NDArray[np.float64], answers: Sequence[Answer]) -> float:
    """Return the image threshold: outlined positives against the negatives of every source alike.

    Highest (sensitivity on the films that a reader outlined) + (specificity, averaged over the sources).
    Positives whose label was mined from a report take no part: many of them show nothing, and each
    would pull the threshold down to where clean films are called positive too.

    With a handful of outlined films a single one moves the best threshold far: the result is the mean of
    the best thresholds of :data:`RESAMPLES` bootstrap samples (bagging, Breiman 1996), drawn from the
    outlined and from each source's negatives apart.

    Parameters
    ----------
    scores : ndarray of float64, shape [N]
        Calibrated scores of `answers`.
    answers : sequence of Answer
        Validation films.
    """
    outlined = scores[[a.truth is not None and a.film.positive for a in answers]]
    sources = np.array([a.film.source for a in answers])
    negative = np.array([not a.film.positive for a in answers])
    groups = [scores[negative & (sources == s)] for s in np.unique(sources[negative])]
    rng = np.random.default_rng(0)

    def again(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values[rng.integers(0, values.size, values.size)]

    best = [
        _most_balanced(again(outlined), [again(group) for group in groups]) for _ in range(RESAMPLES)
    ]
    return float(np.mean(best))


def _most_balanced(outlined: NDArray[np.float64], groups: Sequence[NDArray[np.float64]]) -> float:
    values = np.unique(np.concatenate([outlined, *groups]))
    cuts = np.concatenate([[0.0], (values[1:] + values[:-1]) / 2, [1.0]])
    merit = [(outlined >= c).mean() + np.mean([(group < c).mean() for group in groups]) for c in cuts]
    best = np.flatnonzero(np.isclose(merit, np.max(merit)))
    return float(cuts[best[len(best) // 2]])


def choose_mask_threshold(answers: Sequence[Answer]) -> float:
    """Return the pixel threshold with the highest mean Dice on the outlined positives.

    The mean over bootstrap samples of the films, as for :func:`balanced_threshold`.
    """
    outlined = [(a.prediction.probability, a.truth) for a in answers if a.truth is not None]
    # A Mask R-CNN's pixels carry the score of their detection: they may be low where they are right.
    grid = np.arange(0.05, 0.7, 0.05)
    dices = np.array([[dice(pixels >= t, truth) for t in grid] for pixels, truth in outlined])
    rng = np.random.default_rng(0)
    samples = rng.integers(0, len(dices), (RESAMPLES, len(dices)))
    return round(float(np.mean([grid[int(np.argmax(dices[chosen].mean(axis=0)))] for chosen in samples])), 3)
