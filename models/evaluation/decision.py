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


def balanced_threshold(scores: NDArray[np.float64], answers: Sequence[Answer]) -> float:
    """Return the image threshold: outlined positives against the negatives of every source alike.

    Highest (sensitivity on the films that a reader outlined) + (specificity, averaged over the sources).
    Positives whose label was mined from a report take no part: many of them show nothing, and each
    would pull the threshold down to where clean films are called positive too.

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
    values = np.unique(scores)
    cuts = np.concatenate([[0.0], (values[1:] + values[:-1]) / 2, [1.0]])
    merit = [(outlined >= c).mean() + np.mean([(group < c).mean() for group in groups]) for c in cuts]
    best = np.flatnonzero(np.isclose(merit, np.max(merit)))
    return float(cuts[best[len(best) // 2]])


def choose_mask_threshold(answers: Sequence[Answer]) -> float:
    """Return the pixel threshold with the highest mean Dice on the outlined positives."""
    outlined = [(a.prediction.probability, a.truth) for a in answers if a.truth is not None]
    # A Mask R-CNN's pixels carry the score of their detection: they may be low where they are right.
    grid = np.arange(0.05, 0.7, 0.05)
    means = [np.mean([dice(probability >= t, truth) for probability, truth in outlined]) for t in grid]
    return round(float(grid[int(np.argmax(means))]), 2)
