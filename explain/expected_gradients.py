"""Expected gradients, through shap."""

from __future__ import annotations

from importlib.metadata import version
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explain.baseline import blurred
from explain.gradients import PIXELS, DifferentiableScore, effect_of, smoothed
from explain.question import Evidence, Question
from explain.settling import has_settled
from explain.shap_library import numpy_state_kept, shap

#: Samples drawn before asking whether the map has settled, and most in all.
ROUND, MOST = 12, 48
#: Blurs of the background, as shares of the grid's edge.
WIDTHS = (1 / 4, 1 / 8, 1 / 16)


class ExpectedGradients:
    """Gradients at random places between the film and random background films (Erion et al. 2021).

    Signed, in logits.  No set of healthy films could stand for "nothing there" on a film of another
    patient, projection and exposure.  The background is this chest without fine structure: the film
    blurred in three widths, as it lies and mirrored, since the other side is what a reader compares with.
    """

    needs_gradients: ClassVar[bool] = True

    def attribute(self, question: Question) -> Evidence:
        """Explain the question's target."""
        score = DifferentiableScore(question, "Expected gradients", 2 * ROUND)
        explainer = shap.GradientExplainer(score, _background(question), batch_size=score.batch)
        rounds: list[NDArray[np.float32]] = []
        settled = False
        while not settled and len(rounds) * ROUND < MOST:
            with numpy_state_kept():
                found = explainer.shap_values(
                    question.film, nsamples=ROUND, rseed=question.seed * MOST + len(rounds)
                )
            rounds.append(smoothed(np.reshape(found, question.content.shape), question.content))
            inside = [each[question.content] for each in rounds]
            settled = has_settled(inside)
        values = np.stack(rounds).mean(axis=0)
        return Evidence(
            values=values,
            signed=True,
            library=f"shap {version('shap')}",
            effect=effect_of(values),
            baseline=f"{2 * len(WIDTHS)} blurred and mirrored films",
            seed=question.seed,
            samples=score.count,
            settled=settled,
            regions=PIXELS,
        )


def _background(question: Question) -> Tensor:
    films = [blurred(question.film, question.content, width) for width in WIDTHS]
    return torch.cat([turned for film in films for turned in (film, film.flip(-1))])
