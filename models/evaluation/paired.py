"""Two networks on the same films: differences whose intervals come from drawing films, not networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from models.evaluation.evaluation import Row, Scored
from models.training.metrics import bootstrap, roc_auc

AUC = "image ROC-AUC"
DICE = "Dice of positives"
UNGATED = f"{DICE}, whatever the image score"


def paired_rows(one: Scored, two: Scored, samples: int = 2000) -> Iterator[Row]:
    """Yield `two` minus `one` on the same films, source by source, with paired bootstrap intervals.

    Parameters
    ----------
    one, two : Scored
    samples : int
    """
    for source in np.unique(one.source):
        chosen = one.source == source
        positive = one.positive[chosen]
        first, second = one.score[chosen], two.score[chosen]

        def gain(
            drawn: NDArray[np.int64],
            positive: NDArray[np.bool_] = positive,
            first: NDArray[np.float64] = first,
            second: NDArray[np.float64] = second,
        ) -> float:
            return roc_auc(positive[drawn], second[drawn]) - roc_auc(positive[drawn], first[drawn])

        yield Row(str(source), AUC, *bootstrap(gain, positive.size, samples), positive.size)
        for figure, before, after in ((DICE, one.gated, two.gated), (UNGATED, one.ungated, two.ungated)):
            gains = np.array(
                [
                    b.dice - a.dice
                    for a, b, mine in zip(before, after, chosen & one.positive, strict=True)
                    if mine and a is not None and b is not None
                ]
            )
            if gains.size:
                mean: Callable[[NDArray[np.int64]], float] = _mean_of(gains)
                yield Row(str(source), figure, *bootstrap(mean, gains.size, samples), gains.size)


def _mean_of(values: NDArray[np.float64]) -> Callable[[NDArray[np.int64]], float]:
    return lambda drawn: float(values[drawn].mean())
