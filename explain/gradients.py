"""What the two path methods share: a differentiable score that reports progress, and a legible map."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

from explain.question import Question

#: Films at a time on a GPU; on a CPU it is one, see :class:`explain.scoring.Scorer`.
GPU_BATCH = 16
#: Standard deviation of the smoothing of pixel maps, as a share of the grid's edge.
SMOOTHING = 1 / 72
#: In captions.
PIXELS = "pixels, smoothed"


class DifferentiableScore(nn.Module):
    """A question's score as a module, one film at a time on a CPU, with progress before each.

    Parameters
    ----------
    question : Question
    message : str
        For the progress line.
    total : int
        Films expected in all.
    """

    def __init__(self, question: Question, message: str, total: int) -> None:
        super().__init__()
        self.batch = 1 if question.film.device.type == "cpu" else GPU_BATCH
        self.count = 0
        self._question, self._message, self._total = question, message, total

    def forward(self, films: Tensor) -> Tensor:
        """Return logits [N, 1] of films [N, 1, S, S]; those that are differentiated are counted."""
        scores = []
        for films_together in torch.split(films, self.batch):
            self._question.progress(min(0.99, self.count / self._total), self._message)
            score = self._question.score(films_together)
            if films.requires_grad and not score.requires_grad:
                # A detector that detects nothing answers with a constant: its gradient is 0, not missing.
                score = score + 0 * films_together.flatten(1).sum(dim=1)
            scores.append(score)
        if films.requires_grad:
            self.count += len(films)
        return torch.cat(scores)[:, None]


def smoothed(values: NDArray[np.floating], content: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return a pixel map [S, S] spread over its neighbourhood: single pixels say nothing to a reader.

    The sum stays the same but for what falls off the film's edge.
    """
    inside = np.where(content, values, 0.0)
    spread = ndimage.gaussian_filter(inside, SMOOTHING * values.shape[0], mode="reflect")
    return np.where(content, spread, 0.0).astype(np.float32)


def effect_of(values: NDArray[np.floating]) -> float:
    """Return all support or all opposition, whichever is more, of a map in logits."""
    return float(max(values[values > 0].sum(), -values[values < 0].sum()))
