"""LIME, through lime."""

from __future__ import annotations

from importlib.metadata import version
from typing import ClassVar

import numpy as np
from lime.lime_image import LimeImageExplainer
from numpy.typing import NDArray
from scipy.linalg import hadamard

from explain.coalitions import Coalitions
from explain.question import Evidence, Question
from explain.regions import describe, find_regions, spread
from explain.scoring import rounds_for
from explain.settling import has_settled
from explain.stand_in import GRAINED

#: Most designs before the map is returned as it is, on a CPU and elsewhere.
MOST_DESIGNS = (2, 16)


class Lime:
    """Locally weighted linear model of the score over regions that are there or not (Ribeiro et al. 2016).

    Kernel, distance and ridge regression are lime's.  Signed, in logits.  Instead of random rows, the
    film is changed along a two-level design (Plackett and Burman 1946) followed by its mirror image:
    every region is present in half of the rows, no two go together, and interactions of two regions
    cancel out.  So some hundred films say what a thousand random ones say.  An absent region is seen
    as SHAP sees it; its own mean grey, which is lime's usual way, would be a sheet of air.
    """

    needs_gradients: ClassVar[bool] = False

    def attribute(self, question: Question) -> Evidence:
        """Explain the question's target."""
        labels = find_regions(question.film[0, 0].cpu().numpy(), question.content, question.lungs)
        regions = int(labels.max()) + 1
        rng = np.random.default_rng(question.seed)
        coalitions = Coalitions(question, labels, 1, "LIME", 2 * _order(regions) + 1)
        most = rounds_for(question.film, *MOST_DESIGNS)
        designs: list[NDArray[np.bool_]] = []
        settled = False
        while not settled and len(designs) < most:
            half = _design(regions, rng)
            designs.append(np.concatenate([half, ~half]))
            # One design is judged by its two halves: interactions pull them apart and cancel in their mean,
            # so that it is at least as good as their likeness says.
            parts = designs if len(designs) > 1 else [half, ~half]
            settled = has_settled([_fit(coalitions, labels, part) for part in parts])
        weights = _fit(coalitions, labels, np.concatenate(designs))
        return Evidence(
            values=spread(weights, labels),
            signed=True,
            library=f"lime {version('lime')}",
            effect=float(max(weights[weights > 0].sum(), -weights[weights < 0].sum())),
            baseline=GRAINED,
            seed=question.seed,
            samples=coalitions.count,
            settled=settled,
            labels=labels,
            regions=describe(labels, question.lungs),
        )


class _DesignedLime(LimeImageExplainer):  # type: ignore[misc]  # lime has no types
    """lime's explainer whose neighbourhood is given instead of drawn, and scored elsewhere."""

    def __init__(self, coalitions: Coalitions, rows: NDArray[np.bool_]) -> None:
        # Nothing is drawn in here, but lime would otherwise seed itself from the shared generator.
        super().__init__(random_state=0)
        self._coalitions = coalitions
        # lime measures distances from its first row, the film as it is.
        self._rows = np.concatenate([np.ones((1, rows.shape[1]), np.bool_), rows])

    def data_labels(
        self, *_args: object, **_options: object
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the neighbourhood [N, regions] and its logits [N, 1]."""
        return self._rows.astype(np.float64), self._coalitions(self._rows)[:, None]


def _fit(coalitions: Coalitions, labels: NDArray[np.int32], rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return each region's weight, float64 [regions]."""
    # The picture itself is lime's for drawing only: the coalitions hold the film.
    picture = np.zeros((*labels.shape, 3))
    explained = _DesignedLime(coalitions, rows).explain_instance(
        picture,
        classifier_fn=None,
        labels=(0,),
        top_labels=None,
        hide_color=0,
        num_samples=len(rows) + 1,
        segmentation_fn=lambda _image: labels,
        random_seed=0,
    )
    weights = np.zeros(rows.shape[1])
    for region, weight in explained.local_exp[0]:
        weights[region] = weight
    return weights


def _order(regions: int) -> int:
    """Return the rows of the smallest Sylvester-Hadamard matrix with a column for each region."""
    return 1 << regions.bit_length()


def _design(regions: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return a balanced design, bool [order, regions]: columns and their signs in random order."""
    order = _order(regions)
    # The first column is constant.
    columns = rng.permutation(np.arange(1, order))[:regions]
    signs = rng.choice([-1, 1], size=regions)
    return np.asarray(hadamard(order)[:, columns] * signs > 0)
