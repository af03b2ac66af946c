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
    stand_ins : int
        How many there are of what is seen where a region is absent; drawn when first asked for, and no two
        seeds of the question share any.
    message : str
        For the progress line.
    total : int
        Evaluations expected.
    """

    def __init__(
        self, question: Question, labels: NDArray[np.int32], stand_ins: int, message: str, total: int
    ) -> None:
        self.regions = int(labels.max()) + 1
        self._question, self._film = question, question.film
        self._stand_ins, self._drawn = stand_ins, dict[int, Tensor]()
        parts = [feathered(labels == region, labels >= 0).ravel() for region in range(self.regions)]
        self._parts = torch.from_numpy(np.stack(parts)).to(question.film.device)
        self._scorer = Scorer(question, message, total)
        self._known: dict[bytes, float] = {}

    @property
    def count(self) -> int:
        """How many films the network has scored."""
        return self._scorer.count

    def __call__(self, present: NDArray[np.generic], stand_in: int = 0) -> NDArray[np.float64]:
        """Return the target's logits, float64 [N], of films with the regions `present` [N, regions] only.

        `stand_in` is the number of what is seen elsewhere.
        """
        wanted = present.astype(np.bool_)
        # The whole film shows none.
        keys = [row.tobytes() + bytes([0 if row.all() else stand_in]) for row in wanted]
        new = [place for place, key in enumerate(keys) if key not in self._known]
        new = list({keys[place]: place for place in new}.values())
        if new:
            gone = torch.from_numpy(~wanted[new]).to(self._parts)
            absent = self._absent(stand_in)

            def make(start: int, stop: int) -> Tensor:
                shares = (gone[start:stop] @ self._parts).reshape(-1, *self._film.shape[1:])
                return replaced(self._film, absent, shares)

            scores = self._scorer(len(new), make)
            self._known.update(zip((keys[place] for place in new), scores.tolist(), strict=True))
        return np.array([self._known[key] for key in keys])

    def _absent(self, stand_in: int) -> Tensor:
        if stand_in not in self._drawn:
            asked = self._question
            seed = asked.seed * self._stand_ins + stand_in
            self._drawn[stand_in] = lung_like(asked.film, asked.content, asked.lungs, seed)
        return self._drawn[stand_in]
