"""SHAP values over regions, through shap."""

from __future__ import annotations

from functools import partial
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
from explain.stand_in import GRAINED

#: Most rounds before the map is returned as it is, on a CPU and elsewhere.
MOST_ROUNDS = (4, 24)


class ShapValues:
    """Each region's Shapley value in the game "which regions of the film are there" (Lundberg and Lee 2017).

    Signed, in logits; the values add up to the target on the film less its mean on the stand-ins, and
    are exact for an additive score.  The score alone is needed: it works for every model.

    A round takes the regions away in a random order and brings them back in the same order: each region's
    two differences are its value in that order and in the reverse one (permutation sampling with
    antithetic pairs; Mitchell et al. 2022).  Every round sees another stand-in in their place.  Rounds are
    unbiased and share nothing but the film itself: that they agree means that the map has settled.
    """

    needs_gradients: ClassVar[bool] = False

    def attribute(self, question: Question) -> Evidence:
        """Explain the question's target."""
        labels = find_regions(question.film[0, 0].cpu().numpy(), question.content, question.lungs)
        regions = int(labels.max()) + 1
        # Forwards and back; the film whole and empty are scored once.
        looks = 2 * regions + 1
        most = rounds_for(question.film, *MOST_ROUNDS)
        coalitions = Coalitions(question, labels, most, "SHAP", 2 * looks)
        rounds: list[NDArray[np.float64]] = []
        settled = False
        while not settled and len(rounds) < most:
            seed = question.seed * MOST_ROUNDS[-1] + len(rounds)
            with numpy_state_kept():
                game = partial(coalitions, stand_in=len(rounds))
                explainer = shap.PermutationExplainer(game, np.zeros((1, regions)), seed=seed)
                # In one batch: shap then asks for nothing twice.
                found = explainer(np.ones((1, regions)), max_evals=looks, batch_size=looks, silent=True)
            rounds.append(np.reshape(found.values, regions))
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
