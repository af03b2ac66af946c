"""What a network says about held-out films, beside the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.pneumothorax import PneumothoraxModel
from models.prediction import Prediction
from models.training.films import Film, read_grey


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network says about one film, beside the truth.

    Attributes
    ----------
    film : Film
    prediction : Prediction
        In the grid of the reference mask where there is one.
    truth : ndarray of bool, shape [H, W], or None
        None where only the image-level label is known; all false on a film called negative
        whose collection draws masks.
    """

    film: Film
    prediction: Prediction
    truth: NDArray[np.bool_] | None

    @property
    def logit(self) -> float:
        """Image-level logit."""
        score = min(max(self.prediction.score, 1e-6), 1 - 1e-6)
        return float(np.log(score / (1 - score)))


def ask(model: PneumothoraxModel, films: Sequence[Film]) -> list[Answer]:
    """Run the model on each film, in the grid of its mask."""
    answers = []
    for film in films:
        grey, truth = read_grey(film.image), None
        if film.mask is not None:
            truth = read_grey(film.mask) > 0
            if truth.shape != grey.shape:
                resized = cv2.resize(grey, truth.shape[::-1], interpolation=cv2.INTER_LINEAR)
                grey = np.asarray(resized, np.uint8)
        answers.append(Answer(film, model.predict(grey.astype(np.float32) / 255.0), truth))
    return answers
