"""Integrated gradients, through captum."""

from __future__ import annotations

import itertools
from importlib.metadata import version
from typing import ClassVar

import numpy as np
from captum.attr import IntegratedGradients as CaptumIntegratedGradients
from numpy.typing import NDArray

from explain.baseline import BLURRED, blurred
from explain.gradients import PIXELS, DifferentiableScore, effect_of, smoothed
from explain.question import Evidence, Question

#: Pieces that the path is cut into at first, and Gauss-Legendre nodes of each.
PIECES, NODES = 4, 4
#: Most gradients taken before the map is returned as it is.
MOST = 64
#: The map has settled when it misses at most this share of the difference that it should add up to,
#: or this many logits.
TOLERANCE, NEGLIGIBLE = 0.05, 0.02


class IntegratedGradients:
    """Gradients summed along the straight path from the blurred film to the film (Sundararajan et al. 2017).

    Signed, in logits; the values add up to the target on the film less that on the blurred film
    (completeness).  The path is walked in pieces; where a piece misses its own difference most, it is
    cut in two, until the whole is complete.
    """

    needs_gradients: ClassVar[bool] = True

    def attribute(self, question: Question) -> Evidence:
        """Explain the question's target."""
        score = DifferentiableScore(question, "Integrated gradients", PIECES * NODES)
        method = CaptumIntegratedGradients(lambda films: score(films)[:, 0])
        start = blurred(question.film, question.content)

        def walk(begin: float, end: float) -> _Piece:
            values, missed = method.attribute(
                start.lerp(question.film, end),
                start.lerp(question.film, begin),
                n_steps=NODES,
                method="gausslegendre",
                internal_batch_size=score.batch,
                return_convergence_delta=True,
            )
            return _Piece(begin, end, values[0, 0].detach().double().cpu().numpy(), float(missed))

        ends = np.linspace(0.0, 1.0, PIECES + 1).tolist()
        pieces = [walk(begin, end) for begin, end in itertools.pairwise(ends)]
        while not _complete(pieces) and score.count + 2 * NODES <= MOST:
            worst = max(pieces, key=lambda piece: abs(piece.missed))
            pieces.remove(worst)
            middle = (worst.begin + worst.end) / 2
            pieces += [walk(worst.begin, middle), walk(middle, worst.end)]
        values = smoothed(np.sum([piece.values for piece in pieces], axis=0), question.content)
        return Evidence(
            values=values,
            signed=True,
            library=f"captum {version('captum')}",
            effect=effect_of(values),
            baseline=BLURRED,
            samples=score.count,
            settled=_complete(pieces),
            regions=PIXELS,
        )


class _Piece:
    """A stretch of the path: where it begins and ends (0..1), its values, and what they miss."""

    def __init__(self, begin: float, end: float, values: NDArray[np.float64], missed: float) -> None:
        self.begin, self.end, self.values, self.missed = begin, end, values, missed


def _complete(pieces: list[_Piece]) -> bool:
    missed = abs(sum(piece.missed for piece in pieces))
    whole = abs(sum(float(piece.values.sum()) - piece.missed for piece in pieces))
    return missed <= max(NEGLIGIBLE, TOLERANCE * whole)
