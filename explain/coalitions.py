"""The film with some of its regions taken away: what SHAP and LIME ask the network about."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explain.question import Question
from explain.scoring import Scorer
from explain.stand_in import feathered, lung_like, replaced


class Coalitions:
    """Scores the film with only some regions present, each combination once with each stand-in.

    Regions fade into the stand-in over a soft edge: between two of them there is no line that the
    film does not have.  What is seen in a region's place is drawn at random, and the network may like one
    draw better than another: there are several, so that no map hangs on one of them.

    Parameters
    ----------
    question : Question
    labels : ndarray of int32, shape [S, S]
        Regions 0, 1, ...; -1 marks what is always present.
    absent : Tensor, shape [G, 1, S, S]
        What is seen where a region is absent.
    message : str
        For the progress line.
    total : int
        Evaluations expected.
    """

    def __init__(
        self, question: Question, labels: NDArray[np.int32], absent: Tensor, message: str, total: int
    ) -> None:
        self.regions = int(labels.max()) + 1
        self._film, self._absent = question.film, absent
        parts = [feathered(labels == region, labels >= 0).ravel() for region in range(self.regions)]
        self._parts = torch.from_numpy(np.stack(parts)).to(question.film.device)
        self._scorer = Scorer(question, message, total)
        self._known: dict[bytes, float] = {}

    @property
    def count(self) -> int:
        """How many films the network has scored."""
        return self._scorer.count

    def __call__(
        self, present: NDArray[np.generic], stand_ins: NDArray[np.integer] | int = 0
    ) -> NDArray[np.float64]:
        """Return the target's logits, float64 [N], of films with the regions `present` [N, regions] only.

        `stand_ins` [N] are the places in `absent` of what is seen elsewhere, one for all or one a film.
        """
        wanted = present.astype(np.bool_)
        # The whole film shows none.
        chosen = np.where(wanted.all(axis=1), 0, stand_ins)
        keys = [row.tobytes() + bytes([which]) for row, which in zip(wanted, chosen, strict=True)]
        new = [place for place, key in enumerate(keys) if key not in self._known]
        new = list({keys[place]: place for place in new}.values())
        if new:
            gone = torch.from_numpy(~wanted[new]).to(self._parts)
            absent = torch.from_numpy(chosen[new]).to(self._absent.device)

            def make(start: int, stop: int) -> Tensor:
                shares = (gone[start:stop] @ self._parts).reshape(-1, *self._film.shape[1:])
                return replaced(self._film, self._absent[absent[start:stop]], shares)

            scores = self._scorer(len(new), make)
            self._known.update(zip((keys[place] for place in new), scores.tolist(), strict=True))
        return np.array([self._known[key] for key in keys])


def stand_ins(question: Question, count: int) -> Tensor:
    """Return what may be seen where a region is absent, [count, 1, S, S]; no two seeds share any."""
    drawn = [
        lung_like(question.film, question.content, question.lungs, question.seed * count + place)
        for place in range(count)
    ]
    return torch.cat(drawn)
