"""Does a map explain the score?  Deletion and insertion against chance."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from explain.attribution import Faithfulness
from explain.grad_cam import ExplainableModel
from models.geometry import Turn

#: Steps from the untouched film to the empty one: few, so that a processor needs seconds, no more.
STEPS = 5
#: Random maps to compare with.
RANDOM_MAPS = 2
#: Patch edge of the random maps, as a share of the film: as coarse as a class activation map.
RANDOM_GRID = 9
#: Films scored together: on a processor, more of them fill its caches and take longer each.
BATCH_SIZE = 4


def measure_faithfulness(
    model: ExplainableModel,
    pixels: NDArray[np.float32],
    heatmap: NDArray[np.float32],
    turn: Turn = Turn(),  # noqa: B008  (frozen)
    seed: int = 0,
) -> Faithfulness:
    """Run the deletion and insertion test of RISE (Petsiuk et al. 2018) on one film.

    Pixels are taken away in the order of the map, most important first, by blurring them
    (deletion), and brought back into the blurred film in the same order (insertion).  The area under the
    score is compared with random maps of the same coarseness.  A map that deletes lower *and*
    inserts higher than every random one explains the score better than chance ("yes"); one that
    does both against their mean alone, "weakly".  Random maps pass as "yes" in at most a third of
    cases.  Pixels of equal importance go in a random coarse order; a map that is zero everywhere
    explains nothing ("no").

    Parameters
    ----------
    model : ExplainableModel
    pixels : ndarray of float32, shape [H, W]
    heatmap : ndarray of float32, shape [H, W]
        In the source grid; for a signed map its positive part counts.
    turn : Turn
    seed : int
        Of the random maps.
    """
    grid, transform = model.prepare(pixels, turn)
    size = grid.shape[-1]
    blurred = _blur(grid)
    rng = np.random.default_rng(seed)
    ties = _random_map(size, rng)
    saliency = transform.forward(np.maximum(heatmap, np.float32(0)))
    maps = [saliency] + [_random_map(size, rng) for _ in range(RANDOM_MAPS)]
    content = transform.content_mask()
    curves = [_curves(model, grid, blurred, _order(each, ties, content)) for each in maps]
    deletion, insertion = curves[0]
    random_deletion = [curve[0] for curve in curves[1:]]
    random_insertion = [curve[1] for curve in curves[1:]]
    mean_deletion, mean_insertion = float(np.mean(random_deletion)), float(np.mean(random_insertion))
    if not saliency.any():
        verdict = "no"
    elif deletion < min(random_deletion) and insertion > max(random_insertion):
        verdict = "yes"
    else:
        verdict = "weakly" if deletion < mean_deletion and insertion > mean_insertion else "no"
    return Faithfulness(
        deletion_auc=deletion,
        insertion_auc=insertion,
        random_deletion_auc=mean_deletion,
        random_insertion_auc=mean_insertion,
        verdict=verdict,
    )


def _random_map(size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a smooth random map, float32 [size, size]."""
    coarse = torch.from_numpy(rng.random((1, 1, RANDOM_GRID, RANDOM_GRID), dtype=np.float32))
    return np.asarray(F.interpolate(coarse, size=(size, size), mode="bilinear")[0, 0].numpy())


def _order(
    saliency: NDArray[np.float32], ties: NDArray[np.float32], content: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return each pixel's turn, 0 for the most important to 1 for the least; infinite in the padding."""
    order = np.full(saliency.shape, np.inf)
    ranks = np.empty(int(content.sum()))
    ranks[np.lexsort((ties[content], -saliency[content]))] = np.arange(ranks.size)
    order[content] = ranks / max(1, ranks.size - 1)
    return order


def _blur(grid: Tensor) -> Tensor:
    """Blur until no fine structure is left: two box filters of an eighth of the film."""
    width = grid.shape[-1] // 8 | 1
    for _ in range(2):
        grid = F.avg_pool2d(grid, width, stride=1, padding=width // 2, count_include_pad=False)
    return grid


@torch.inference_mode()
def _curves(
    model: ExplainableModel,
    grid: Tensor,
    blurred: Tensor,
    order: NDArray[np.float64],
) -> tuple[float, float]:
    """Return the mean probability (0..1) along deletion and along insertion."""
    # Importance is concentrated: small steps first.
    fractions = np.linspace(0.0, 1.0, STEPS + 1)[1:-1] ** 2
    taken = torch.from_numpy(np.stack([order <= f for f in fractions]))[:, None].to(grid.device)
    deleted = torch.where(taken, blurred, grid)
    inserted = torch.where(taken, grid, blurred)
    batches = torch.split(torch.cat([deleted, inserted]), BATCH_SIZE)
    scores = torch.sigmoid(torch.cat([model.score(batch) for batch in batches])).float().cpu().numpy()
    steps, width = len(fractions), fractions[-1] - fractions[0]
    deletion = np.trapezoid(scores[:steps], fractions) / width
    insertion = np.trapezoid(scores[steps:], fractions) / width
    return float(deletion), float(insertion)
