"""Does a map explain the score?  Deletion and insertion against chance, edges and the model's own mask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from explain.attribution import Attribution, Faithfulness
from explain.model import ExplainableModel, Progress, silent
from explain.reference_maps import edge_map, random_map
from explain.target import Target
from models.geometry import Turn
from models.prediction import Prediction

#: Steps from the untouched film to the empty one: few, so that a processor needs seconds, no more.
STEPS = 5
#: Random maps to compare with.
RANDOM_MAPS = 2
#: Films scored together: on a processor, more of them fill its caches and take longer each.
BATCH_SIZE = 4


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
        but not the network.  "weakly": in both tests better than the mean of the random maps.
        "no": otherwise.  Among n + 1 random maps in random order, the first passes as "yes" in at most
        one of n + 1 cases.
    """
    if all(own.beats(each) for each in (*random, edges)):
        return "yes"
    return "weakly" if own.beats(_mean(random)) else "no"


class FaithfulnessTest:
    """Deletion and insertion test of RISE (Petsiuk et al. 2018) on one film, for any number of maps.

    Pixels are taken away in the order of the map, most important first, by blurring them
    (deletion), and brought back into the blurred film in the same order (insertion).  The area under the
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
        seed: int = 0,
    ) -> None:
        self._model = model
        self._prediction = prediction
        self._film, self._transform = model.prepare(pixels, turn)
        self._blurred = _blur(self._film)
        self._region = target.in_grid(self._transform, self._film.device)
        self._content = self._transform.content_mask()
        rng = np.random.default_rng(seed)
        size = self._film.shape[-1]
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
        areas: list[Areas] = []

        def step() -> None:
            progress(len(areas) / len(maps), "Testing deletion and insertion")

        for each in maps:
            areas.append(self._areas(each, step))
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
        maps = [*self._random_maps, edge_map(self._film[0, 0].float().cpu().numpy(), self._transform)]
        if self._prediction is not None:
            maps.append(self._transform.forward(self._prediction.probability))
        return maps

    @torch.inference_mode()
    def _areas(self, importance: NDArray[np.float32], step: Callable[[], None]) -> Areas:
        """Run both tests with a map in the network's grid, float32 [S, S]."""
        order = _order(importance, self._ties, self._content)
        # Importance is concentrated: small steps first.
        fractions = np.linspace(0.0, 1.0, STEPS + 1)[1:-1] ** 2
        taken = torch.from_numpy(np.stack([order <= f for f in fractions]))[:, None].to(self._film.device)
        deleted = torch.where(taken, self._blurred, self._film)
        inserted = torch.where(taken, self._film, self._blurred)
        logits = []
        for batch in torch.split(torch.cat([deleted, inserted]), BATCH_SIZE):
            step()
            logits.append(self._model.score(batch, self._region))
        scores = torch.sigmoid(torch.cat(logits)).float().cpu().numpy()
        steps, width = len(fractions), fractions[-1] - fractions[0]
        return Areas(
            deletion=float(np.trapezoid(scores[:steps], fractions) / width),
            insertion=float(np.trapezoid(scores[steps:], fractions) / width),
        )


def measure_faithfulness(
    model: ExplainableModel,
    pixels: NDArray[np.float32],
    attribution: Attribution,
    prediction: Prediction | None = None,
    *,
    target: Target = Target.image_score(),  # noqa: B008  (frozen)
    turn: Turn = Turn(),  # noqa: B008  (frozen)
    seed: int = 0,
    progress: Progress = silent,
) -> Faithfulness:
    """Run :class:`FaithfulnessTest` for a single map; its parameters and errors are described there."""
    test = FaithfulnessTest(model, pixels, prediction, target=target, turn=turn, seed=seed)
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


def _blur(grid: Tensor) -> Tensor:
    """Blur until no fine structure is left: two box filters of an eighth of the film."""
    width = grid.shape[-1] // 8 | 1
    for _ in range(2):
        grid = F.avg_pool2d(grid, width, stride=1, padding=width // 2, count_include_pad=False)
    return grid
