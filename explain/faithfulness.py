"""Does a map explain the score?  Deletion and insertion against chance, edges and the model's own mask."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor

from explain.attribution import Attribution, Faithfulness
from explain.model import ExplainableModel, Progress, silent
from explain.question import Question, lungs_in_grid
from explain.reference_maps import edge_map, random_map
from explain.scoring import Scorer
from explain.stand_in import feathered, lung_like, replaced
from explain.target import Target
from models.geometry import Turn
from models.prediction import LungFields, Prediction

#: Shares of the film that are gone (or back) when the score is taken: few, so that a processor needs
#: seconds, no more, and small ones first, for importance is concentrated.
FRACTIONS = (1 / 25, 4 / 25, 9 / 25, 16 / 25)
#: Random maps to compare with: another one, in random order, beats them all in at most one of four cases.
RANDOM_MAPS = 3


@dataclass(frozen=True)
class Areas:
    """What one map reaches in the test.

    Attributes
    ----------
    deletion : float
        Mean probability 0..1 while the most important pixels are removed; low is good.
    insertion : float
        The same while they are put back; high is good.
    """

    deletion: float
    insertion: float

    def beats(self, other: Areas) -> bool:
        """Whether this map is better in both tests."""
        return self.deletion < other.deletion and self.insertion > other.insertion


def verdict(own: Areas, random: Sequence[Areas], edges: Areas) -> str:
    """Say whether a map explains the score better than chance.

    Parameters
    ----------
    own : Areas
        Of the map.
    random : sequence of Areas
        Of the random maps.
    edges : Areas
        Of the film's edges.

    Returns
    -------
    {"yes", "weakly", "no"}
        "yes": in both tests better than every random map and than the edges, which know the film
        but not the network.  "weakly": in both tests better than every random map, but not than the
        edges.  "no": otherwise.  Among n + 1 random maps in random order, the first is better than the
        others in at most one of n + 1 cases; better than their mean it would be in half of them.
    """
    if not all(own.beats(each) for each in random):
        return "no"
    return "yes" if own.beats(edges) else "weakly"


class FaithfulnessTest:
    """Deletion and insertion test of RISE (Petsiuk et al. 2018) on one film, for any number of maps.

    Pixels are taken away in the order of the map, most important first (deletion), and brought back in the
    same order (insertion); what is seen in their place is :func:`explain.stand_in.lung_like`, and unlike in
    the paper with a soft edge, for a sharp one is a line that nobody asked about.  The area under the
    probability of the target is compared with that of random maps of the coarseness of a class
    activation map, of the film's edges (Adebayo et al. 2018) and of the model's own pixel probabilities.
    What is compared with is scored once, for the first map, and kept for the next.

    Parameters
    ----------
    model : ExplainableModel
    pixels : ndarray of float32, shape [H, W]
    prediction : Prediction or None
        The model's answer for this film; None leaves its own mask out.
    target : Target
        What the maps explain.
    turn : Turn
        Brings the source grid to the usual display.
    lungs : LungFields or None
        In the source grid: whose grain stands for lung.
    seed : int
        Of the random maps.

    Raises
    ------
    ValueError
        If the target is not of the film's shape, or a pixel is not a finite number.
    """

    def __init__(
        self,
        model: ExplainableModel,
        pixels: NDArray[np.float32],
        prediction: Prediction | None = None,
        *,
        target: Target = Target.image_score(),  # noqa: B008  (frozen)
        turn: Turn = Turn(),  # noqa: B008  (frozen)
        lungs: LungFields | None = None,
        seed: int = 0,
    ) -> None:
        self._prediction = prediction
        film, self._transform = model.prepare(pixels, turn)
        self._question = Question(
            model=model,
            film=film,
            region=target.in_grid(self._transform, film.device),
            content=self._transform.content_mask(),
            lungs=None if lungs is None else lungs_in_grid(lungs, self._transform),
            seed=seed,
            progress=silent,
        )
        self._nothing = lung_like(film, self._question.content, self._question.lungs)
        rng = np.random.default_rng(seed)
        size = film.shape[-1]
        self._ties = random_map(size, rng)
        self._random_maps = [random_map(size, rng) for _ in range(RANDOM_MAPS)]
        self._yardsticks: list[Areas] = []

    def measure(self, attribution: Attribution, progress: Progress = silent) -> Faithfulness:
        """Test one map of this film, model and target.

        Pixels of equal importance go in a random coarse order; in a signed map the positive part counts, the
        rest ties at 0.  A map without positive part explains nothing ("no").

        Parameters
        ----------
        attribution : Attribution
        progress : Progress
            Called before each batch of films; an exception raised there ends the test.

        Raises
        ------
        ValueError
            If the map is not of the film's shape.
        """
        importance = self._transform.forward(np.maximum(attribution.heatmap, np.float32(0)))
        maps = [importance, *([] if self._yardsticks else self._maps_to_compare_with())]
        question = dataclasses.replace(self._question, progress=progress)
        scorer = Scorer(question, "Testing deletion and insertion", 2 * len(FRACTIONS) * len(maps))
        areas = [self._areas(each, scorer) for each in maps]
        own, self._yardsticks = areas[0], self._yardsticks or areas[1:]
        random, (edges, *mask) = self._yardsticks[:RANDOM_MAPS], self._yardsticks[RANDOM_MAPS:]
        chance = _mean(random)
        return Faithfulness(
            deletion_auc=own.deletion,
            insertion_auc=own.insertion,
            random_deletion_auc=chance.deletion,
            random_insertion_auc=chance.insertion,
            verdict=verdict(own, random, edges) if importance.any() else "no",
            edge_deletion_auc=edges.deletion,
            edge_insertion_auc=edges.insertion,
            mask_deletion_auc=mask[0].deletion if mask else None,
            mask_insertion_auc=mask[0].insertion if mask else None,
        )

    def _maps_to_compare_with(self) -> list[NDArray[np.float32]]:
        """Return the random maps, the edges and, where there is a prediction, the model's own mask."""
        maps = [
            *self._random_maps,
            edge_map(self._question.film[0, 0].float().cpu().numpy(), self._transform),
        ]
        if self._prediction is not None:
            maps.append(self._transform.forward(self._prediction.probability))
        return maps

    def _areas(self, importance: NDArray[np.float32], scorer: Scorer) -> Areas:
        """Run both tests with a map in the network's grid, float32 [S, S]."""
        film, content = self._question.film, self._question.content
        order = _order(importance, self._ties, content)
        gone = [order <= fraction for fraction in FRACTIONS]
        # In the padding nothing is ever gone: the stand-in is the film there.
        gone += [order > fraction for fraction in FRACTIONS]
        shares = torch.from_numpy(np.stack([feathered(mask, content) for mask in gone])[:, None])

        def make(start: int, stop: int) -> Tensor:
            return replaced(film, self._nothing, shares[start:stop])

        probabilities = expit(scorer(2 * len(FRACTIONS), make))
        width = FRACTIONS[-1] - FRACTIONS[0]
        deletion, insertion = (
            float(np.trapezoid(curve, FRACTIONS) / width) for curve in np.split(probabilities, 2)
        )
        return Areas(deletion, insertion)


def measure_faithfulness(
    model: ExplainableModel,
    pixels: NDArray[np.float32],
    attribution: Attribution,
    prediction: Prediction | None = None,
    *,
    target: Target = Target.image_score(),  # noqa: B008  (frozen)
    turn: Turn = Turn(),  # noqa: B008  (frozen)
    lungs: LungFields | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Faithfulness:
    """Run :class:`FaithfulnessTest` for a single map; its parameters and errors are described there."""
    test = FaithfulnessTest(model, pixels, prediction, target=target, turn=turn, lungs=lungs, seed=seed)
    return test.measure(attribution, progress)


def _mean(areas: Sequence[Areas]) -> Areas:
    return Areas(
        float(np.mean([each.deletion for each in areas])), float(np.mean([each.insertion for each in areas]))
    )


def _order(
    importance: NDArray[np.float32], ties: NDArray[np.float32], content: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return each pixel's turn, 0 for the most important to 1 for the least; infinite in the padding."""
    order = np.full(importance.shape, np.inf)
    ranks = np.empty(int(content.sum()))
    ranks[np.lexsort((ties[content], -importance[content]))] = np.arange(ranks.size)
    order[content] = ranks / max(1, ranks.size - 1)
    return order
