"""The film with some of its regions taken away: what SHAP and LIME ask the network about."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explain.question import Question
from explain.scoring import Scorer


def mean_of_regions(film: Tensor, labels: NDArray[np.int32]) -> Tensor:
    """Return the film [1, 1, S, S] with every region in its own mean grey; the padding stays."""
    grey = film[0, 0].cpu().numpy().astype(np.float64)
    places = labels.ravel() + 1
    means = np.bincount(places, grey.ravel()) / np.maximum(1, np.bincount(places))
    flat = np.where(labels < 0, grey, means[labels + 1]).astype(np.float32)
    return torch.from_numpy(flat)[None, None].to(film.device)


class Coalitions:
    """Scores the film with only some regions present, each combination once.

    Parameters
    ----------
    question : Question
    labels : ndarray of int32, shape [S, S]
        Regions 0, 1, ...; -1 marks what is always present.
    absent : Tensor, shape [1, 1, S, S]
        What is seen where a region is absent.
    message : str
        For the progress line.
    total : int
        Evaluations expected.
    """

    def __init__(
        self, question: Question, labels: NDArray[np.int32], absent: Tensor, message: str, total: int
    ) -> None:
        device = question.film.device
        self.regions = int(labels.max()) + 1
        self._film, self._absent = question.film, absent
        # The padding takes the place behind the last region.
        places = np.where(labels < 0, self.regions, labels).astype(np.int64)
        self._labels = torch.from_numpy(places).to(device)
        self._scorer = Scorer(question, message, total)
        self._known: dict[bytes, float] = {}

    @property
    def count(self) -> int:
        """How many films the network has scored."""
        return self._scorer.count

    def __call__(self, present: NDArray[np.generic]) -> NDArray[np.float64]:
        """Return the target's logits, float64 [N], of films with the regions `present` [N, regions] only."""
        wanted = present.astype(np.bool_)
        keys = [row.tobytes() for row in wanted]
        new = [place for place, key in enumerate(keys) if key not in self._known]
        new = list({keys[place]: place for place in new}.values())
        if new:
            rows = torch.from_numpy(np.pad(wanted[new], ((0, 0), (0, 1)), constant_values=True))
            rows = rows.to(self._film.device)

            def make(start: int, stop: int) -> Tensor:
                return torch.where(rows[start:stop][:, self._labels][:, None], self._film, self._absent)

            scores = self._scorer(len(new), make)
            self._known.update(zip((keys[place] for place in new), scores.tolist(), strict=True))
        return np.array([self._known[key] for key in keys])
