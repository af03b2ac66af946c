"""What an explanation is: a map, the question it answers, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Repeatability:
    """How alike the maps of one method are when only its random numbers change.

    Attributes
    ----------
    seeds : int
        Number of seeds that were tried.
    rank_correlation : float
        Spearman's correlation of the maps, mean over all pairs of seeds.
    jaccard : float
        Overlap of the maps' strongest regions, mean over all pairs of seeds.
    """

    seeds: int
    rank_correlation: float
    jaccard: float


@dataclass(frozen=True)
class Faithfulness:
    """Deletion and insertion test of one map on one image (Petsiuk et al. 2018, RISE).

    Attributes
    ----------
    deletion_auc : float
        Area under the score as the most important pixels are removed; low is good.
    insertion_auc : float
        Area under the score as they are put back; high is good.
    random_deletion_auc, random_insertion_auc : float
        The same for random maps.
    verdict : {"yes", "weakly", "no"}
        Whether the map explains the score better than chance.
    edge_deletion_auc, edge_insertion_auc : float or None
        The same for the film's own edges, which know nothing of the network; None when not measured.
    mask_deletion_auc, mask_insertion_auc : float or None
        The same for the model's own pixel probabilities; None when there was no prediction.
    repeatability : Repeatability or None
        For a method that draws at random; None when not measured.
    """

    deletion_auc: float
    insertion_auc: float
    random_deletion_auc: float
    random_insertion_auc: float
    verdict: str
    edge_deletion_auc: float | None = None
    edge_insertion_auc: float | None = None
    mask_deletion_auc: float | None = None
    mask_insertion_auc: float | None = None
    repeatability: Repeatability | None = None


@dataclass(frozen=True)
class Provenance:
    """How a map was made, so that it can be made again and be read for what it is.

    Attributes
    ----------
    library : str
        Name and version of the library that computed it.
    layer : str or None
        The network's layer that was looked at, in words.
    baseline : str or None
        What stands for "nothing there", in words.
    seed : int or None
        None where nothing is drawn at random.
    samples : int or None
        How many images the model scored (or differentiated) for it.
    regions : str or None
        The pieces of the film that were judged as a whole, in words.
    settled : bool or None
        Whether the map had stopped changing when it was returned; None where it is exact at once.
    effect : float or None
        How much all of the support, or all of the opposition, whichever is more, moves the target: in logits.
    negligible : bool
        Whether `effect` is too small to speak of: the map then is scaled down, not up.
    """

    library: str
    layer: str | None
    baseline: str | None
    seed: int | None
    samples: int | None
    regions: str | None = None
    settled: bool | None = None
    effect: float | None = None
    negligible: bool = False


@dataclass(frozen=True, eq=False)
class Attribution:
    """One explanation of one model's answer for one image.

    Attributes
    ----------
    method : str
        e.g. ``"grad-cam"``.
    model : str
        Name of the explained model in the zoo.
    target : str
        The scalar that was explained, in words, e.g. ``"image score"``.
    heatmap : ndarray of float32, shape [H, W]
        In the source image's grid.  0..1 for an unsigned method, -1..1 for a signed one; its
        largest magnitude is 1 unless the whole effect is negligible.
    signed : bool
        Whether negative values mean evidence against.
    seconds : float
        What it took to make, also where it now came from the cache.
    faithfulness : Faithfulness or None
        None when it was not computed.
    regions : ndarray of int32, shape [H, W], or None
        Labels of the pieces that were judged as a whole, in the source grid; -1 outside of all.
        None for methods that judge pixels.
    below_cutoff : str or None
        Why the map shows no evidence above the cut-off and must not be taken for a finding, in words.
        Set by whoever knows the model's answer; None where there is evidence.
    """

    method: str
    model: str
    target: str
    heatmap: NDArray[np.float32]
    signed: bool
    seconds: float
    provenance: Provenance
    faithfulness: Faithfulness | None = None
    regions: NDArray[np.int32] | None = None
    below_cutoff: str | None = None

    @property
    def caption(self) -> str:
        """One line: method, model, target, and everything needed to judge the map, then seconds."""
        how = self.provenance
        parts = [f"{self.method} of {self.model}: {self.target}"]
        if how.layer:
            parts.append(f"layer {how.layer}")
        if how.regions:
            parts.append(how.regions)
        if how.baseline:
            parts.append(f"baseline {how.baseline}")
        if how.samples is not None:
            parts.append(f"{how.samples} samples")
        if how.seed is not None:
            parts.append(f"seed {how.seed}")
        if how.settled is False:
            parts.append("not settled")
        if how.negligible:
            parts.append("negligible effect")
        parts.append(f"{self.seconds:.1f} s")
        return ", ".join(parts)
