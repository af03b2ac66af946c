"""What an explanation is: a map, the question it answers, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
    """

    deletion_auc: float
    insertion_auc: float
    random_deletion_auc: float
    random_insertion_auc: float
    verdict: str


@dataclass(frozen=True)
class Provenance:
    """How a map was made, so that it can be made again."""

    library: str
    layer: str | None
    baseline: str | None
    seed: int | None
    samples: int | None


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
        In the source image's grid.  0..1 for an unsigned method, -1..1 for a signed one.
    signed : bool
        Whether negative values mean evidence against.
    faithfulness : Faithfulness or None
        None when it was not computed.
    """

    method: str
    model: str
    target: str
    heatmap: NDArray[np.float32]
    signed: bool
    seconds: float
    provenance: Provenance
    faithfulness: Faithfulness | None = None

    @property
    def caption(self) -> str:
        """One line: method, model, target, layer and seconds."""
        layer = f", layer {self.provenance.layer}" if self.provenance.layer else ""
        return f"{self.method} of {self.model}: {self.target}{layer}, {self.seconds:.1f} s"
