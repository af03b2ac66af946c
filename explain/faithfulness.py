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

#: Steps from the untouched film to the empty one.
STEPS = 8
#: Random maps to compare with.
RANDOM_MAPS = 2
#: Patch edge of the random maps, as a share of the film: as coarse as a class activation map.
RANDOM_GRID = 9


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
    inserts higher than every random one explains the score better than chance ("yes"); one of
    the two alone, "weakly".

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
    maps = [transform.forward(np.maximum(heatmap, 0.0))]
    for _ in range(RANDOM_MAPS):
        coarse = torch.from_numpy(rng.random((1, 1, RANDOM_GRID, RANDOM_GRID), dtype=np.float32))
        maps.append(F.interpolate(coarse, size=(size, size), mode="bilinear")[0, 0].numpy())
    content = transform.content_mask()
    curves = [_curves(model, grid, blurred, saliency, content) for saliency in maps]
    deletion, insertion = curves[0]
    random_deletion = [curve[0] for curve in curves[1:]]
    random_insertion = [curve[1] for curve in curves[1:]]
    wins = (deletion < min(random_deletion)) + (insertion > max(random_insertion))
    return Faithfulness(
        deletion_auc=deletion,
        insertion_auc=insertion,
        random_deletion_auc=float(np.mean(random_deletion)),
        random_insertion_auc=float(np.mean(random_insertion)),
        verdict=("no", "weakly", "yes")[wins],
    )


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
    saliency: NDArray[np.float32],
    content: NDArray[np.bool_],
) -> tuple[float, float]:
    """Return the mean probability (0..1) along deletion and along insertion."""
    order = np.full(saliency.shape, np.inf)
    ranks = np.argsort(np.argsort(-saliency[content], kind="stable"), kind="stable")
    order[content] = ranks / max(1, ranks.size - 1)
    # Importance is concentrated: small steps first.
    fractions = np.linspace(0.0, 1.0, STEPS + 1)[1:-1] ** 2
    taken = torch.from_numpy(np.stack([order <= f for f in fractions]))[:, None].to(grid.device)
    deleted = torch.where(taken, blurred, grid)
    inserted = torch.where(taken, grid, blurred)
    scores = torch.sigmoid(model.score(torch.cat([deleted, inserted]))).float().cpu().numpy()
    half, width = len(fractions), fractions[-1] - fractions[0]
    deletion = np.trapezoid(scores[:half], fractions) / width
    insertion = np.trapezoid(scores[half:], fractions) / width
    return float(deletion), float(insertion)
