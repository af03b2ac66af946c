"""SHAP values over regions, through shap."""

from __future__ import annotations

from importlib.metadata import version
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from explain.coalitions import Coalitions
from explain.question import Evidence, Question
from explain.regions import describe, find_regions, spread
from explain.scoring import rounds_for
from explain.settling import has_settled
from explain.shap_library import numpy_state_kept, shap
from explain.stand_in import GRAINED, lung_like

#: Coalitions of a round, for each region.
PER_REGION = 3.3
#: Most rounds before the map is returned as it is, on a CPU and elsewhere.
MOST_ROUNDS = (2, 16)


class ShapValues:
    """Each region's Shapley value in the game "which regions of the film are there" (Lundberg and Lee 2017).

    Signed, in logits; the values add up to the target on the film less that on the stand-in, and
    are exact for an additive score.  Kernel SHAP needs the score alone: it works for every model.
    """

    needs_gradients: ClassVar[bool] = False

    def attribute(self, question: Question) -> Evidence:
        """Explain the question's target."""
        labels = find_regions(question.film[0, 0].cpu().numpy(), question.content, question.lungs)
        regions = int(labels.max()) + 1
        wanted = round(PER_REGION * regions)
        absent = lung_like(question.film, question.content, question.lungs, question.seed)
        coalitions = Coalitions(question, labels, absent, "SHAP", 2 * wanted + 2)
        most = rounds_for(question.film, *MOST_ROUNDS)
        explainer = shap.KernelExplainer(coalitions, np.zeros((1, regions)))
        rounds: list[NDArray[np.float64]] = []
        settled = False
        while not settled and len(rounds) < most:
            with numpy_state_kept(question.seed * MOST_ROUNDS[-1] + len(rounds)):
                found = explainer.shap_values(
                    np.ones((1, regions)), nsamples=wanted, l1_reg=False, silent=True
                )
            rounds.append(np.reshape(found, regions))
            settled = has_settled(rounds)
        values = np.mean(rounds, axis=0)
        return Evidence(
            values=spread(values, labels),
            signed=True,
            library=f"shap {version('shap')}",
            effect=float(max(values[values > 0].sum(), -values[values < 0].sum())),
            baseline=GRAINED,
            seed=question.seed,
            samples=coalitions.count,
            settled=settled,
            labels=labels,
            regions=describe(labels, question.lungs),
        )
