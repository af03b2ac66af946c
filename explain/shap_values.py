"""SHAP values over regions, through shap."""

from __future__ import annotations

from importlib.metadata import version
from typing import ClassVar

import numpy as np
import shap
from numpy.typing import NDArray

from explain.baseline import BLURRED, blurred
from explain.coalitions import Coalitions
from explain.question import Evidence, Question
from explain.regions import describe, find_regions, spread
from explain.seeding import numpy_state_kept
from explain.settling import SETTLED, reliability

#: Random coalitions of a round beside the single regions and their complements, which all rounds share.
ROUND = 40
#: Most rounds before the map is returned as it is.
MOST_ROUNDS = 4


class ShapValues:
    """Each region's Shapley value in the game "which regions of the film are there" (Lundberg and Lee 2017).

    Signed, in logits; the values add up to the target on the film less that on the blurred film, and
    are exact for an additive score.  Kernel SHAP needs the score alone: it works for every model.
    """

    needs_gradients: ClassVar[bool] = False

    def attribute(self, question: Question) -> Evidence:
        """Explain the question's target."""
        labels = find_regions(question.film[0, 0].cpu().numpy(), question.content, question.lungs)
        regions = int(labels.max()) + 1
        single = 2 * regions
        coalitions = Coalitions(
            question, labels, blurred(question.film, question.content), "SHAP", single + 2 * ROUND
        )
        explainer = shap.KernelExplainer(coalitions, np.zeros((1, regions)))
        rounds: list[NDArray[np.float64]] = []
        settled = False
        while not settled and len(rounds) < MOST_ROUNDS:
            with numpy_state_kept(question.seed * MOST_ROUNDS + len(rounds)):
                found = explainer.shap_values(
                    np.ones((1, regions)), nsamples=single + ROUND, l1_reg=False, silent=True
                )
            rounds.append(np.reshape(found, regions))
            settled = len(rounds) > 1 and reliability(rounds) >= SETTLED
        values = np.mean(rounds, axis=0)
        return Evidence(
            values=spread(values, labels),
            signed=True,
            library=f"shap {version('shap')}",
            effect=float(max(values[values > 0].sum(), -values[values < 0].sum())),
            baseline=BLURRED,
            seed=question.seed,
            samples=coalitions.count,
            settled=settled,
            labels=labels,
            regions=describe(labels, question.lungs),
        )
