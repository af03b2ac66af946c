"""Whether a method that draws at random gives the same map again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from explain.attribution import Attribution, Repeatability
from explain.cache import AttributionCache
from explain.methods import explain, title
from explain.model import ExplainableModel, Progress, silent
from explain.settling import TIE
from explain.similarity import jaccard, rank_correlation, top_of_map, visible
from explain.target import Target
from models.geometry import Turn
from models.prediction import LungFields

#: Seeds that are compared, the map's own among them.
SEEDS = 5


def repeatability(maps: Sequence[Attribution]) -> Repeatability:
    """Compare maps that differ in their seed alone.

    Parameters
    ----------
    maps : sequence of Attribution
        At least two, of one film, model, method and target.

    Returns
    -------
    Repeatability
        Means over all pairs; differences that cannot be seen count as ties.  The overlap is that of
        the five strongest regions, compared pixel by pixel because every seed may draw other
        regions; without regions, of the strongest five per cent.

    Raises
    ------
    ValueError
        If there are fewer than two maps, or their shapes differ.
    """
    if len(maps) < 2:
        raise ValueError("repeatability needs the maps of at least two seeds")
    seen = [visible(each.heatmap, TIE) for each in maps]
    tops = [top_of_map(heatmap, each.regions) for heatmap, each in zip(seen, maps, strict=True)]
    pairs = list(combinations(range(len(maps)), 2))
    return Repeatability(
        seeds=len(maps),
        rank_correlation=float(np.mean([rank_correlation(seen[i], seen[j]) for i, j in pairs])),
        jaccard=float(np.mean([jaccard(tops[i], tops[j]) for i, j in pairs])),
    )


def measure_repeatability(
    model: ExplainableModel,
    pixels: NDArray[np.float32],
    attribution: Attribution,
    *,
    target: Target = Target.image_score(),  # noqa: B008  (frozen)
    turn: Turn = Turn(),  # noqa: B008  (frozen)
    lungs: LungFields | None = None,
    seeds: int = SEEDS,
    progress: Progress = silent,
    cache: AttributionCache | None = None,
) -> Repeatability:
    """Make the map again with other seeds and compare: as many times its own duration, less one.

    Parameters
    ----------
    model : ExplainableModel
    pixels : ndarray of float32, shape [H, W]
    attribution : Attribution
        The map in question, made with `target`, `turn` and `lungs`.
    target, turn, lungs
        As for :func:`explain.methods.explain`.
    seeds : int
        Number of maps that are compared, this one included.
    progress : Progress
        Called with 0..1 over all maps; an exception raised there ends the work.
    cache : AttributionCache or None
        Asked first for each seed's map, and given what is made.

    Raises
    ------
    ValueError
        If the method draws nothing at random, or `seeds` is below two.
    """
    own = attribution.provenance.seed
    if own is None:
        raise ValueError(f"{title(attribution.method)} draws nothing at random: its map is always the same")
    others = [seed for seed in range(seeds) if seed != own][: seeds - 1]
    maps = [attribution]
    for index, seed in enumerate(others):

        def share(fraction: float, _message: str, index: int = index) -> None:
            progress((index + fraction) / len(others), f"Repeating with seed {index + 2} of {seeds}")

        made = explain(
            model, pixels, attribution.method,
            target=target, turn=turn, lungs=lungs, seed=seed, progress=share, cache=cache,
        )  # fmt: skip
        maps.append(made)
    return repeatability(maps)
