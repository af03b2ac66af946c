"""Calibration and thresholds: chosen on validation films, never on those that are reported."""

from __future__ import annotations

import math
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


#: Share of the negative validation films that shall stay below the image threshold.
SPECIFICITY = 0.9
#: Resamples of the validation films over which the pixel threshold is averaged.
RESAMPLES = 200


def specific_threshold(scores: NDArray[np.float64], answers: Sequence[Answer]) -> float:
    """Return the lowest image threshold that :data:`SPECIFICITY` of the negatives stay below.

    Negatives are many and hold the threshold still; a rule that looks at a handful of outlined positives too,
    such as the highest sum of sensitivity and specificity, moves far with each of them.

    Parameters
    ----------
    scores : ndarray of float64, shape [N]
        Calibrated scores of `answers`.
    answers : sequence of Answer
        Validation films.

    Raises
    ------
    ValueError
        If no film is negative.
    """
    negative = np.sort(scores[[not a.film.positive for a in answers]])
    if not negative.size:
        raise ValueError("a threshold needs negative validation films")
    below = math.ceil(SPECIFICITY * negative.size - 1e-9)
    if below == negative.size:
        # So few that all stay below: half way to the next positive, or to certainty.
        return float((negative[-1] + scores[scores > negative[-1]].min(initial=1.0)) / 2)
    # Half way to the next film: neither the last one below nor the first one above lies on the threshold.
    return float((negative[below - 1] + negative[below]) / 2)


def choose_mask_threshold(answers: Sequence[Answer]) -> float:
    """Return the pixel threshold with the highest mean Dice on the outlined positives.

    With a handful of films a single one moves the best threshold far: the result is the mean of the best
    thresholds of :data:`RESAMPLES` bootstrap samples (bagging, Breiman 1996).
    """
    outlined = [(a.prediction.probability, a.truth) for a in answers if a.truth is not None]
    # A Mask R-CNN's pixels carry the score of their detection: they may be low where they are right.
    grid = np.arange(0.05, 0.7, 0.05)
    dices = np.array([[dice(pixels >= t, truth) for t in grid] for pixels, truth in outlined])
    rng = np.random.default_rng(0)
    samples = rng.integers(0, len(dices), (RESAMPLES, len(dices)))
    return round(float(np.mean([grid[int(np.argmax(dices[chosen].mean(axis=0)))] for chosen in samples])), 3)
