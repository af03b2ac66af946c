"""What every method is given, and what it gives back, both in the network's own grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from explain.model import ExplainableModel, Progress
from models.geometry import GridTransform
from models.prediction import LungFields

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Question:
    """One film and one target of one model.

    Attributes
    ----------
    model : ExplainableModel
    film : Tensor, shape [1, 1, S, S]
        The network's input; not to be written to.
    region : Tensor of bool, shape [S, S], or None
        Where the mean pixel logit is explained; None for the image's logit.
    content : ndarray of bool, shape [S, S]
        True on the film, false in the padding around it.
    lungs : ndarray of bool, shape [S, S], or None
        Both lung fields, where they are known.
    seed : int
        Of everything that is drawn at random.
    progress : Progress
        Called at least between any two calls of the network.
    """

    model: ExplainableModel
    film: Tensor
    region: Tensor | None
    content: NDArray[np.bool_]
    lungs: NDArray[np.bool_] | None
    seed: int
    progress: Progress

    def score(self, batch: Tensor) -> Tensor:
        """Return the target's logits [N] of a batch [N, 1, S, S]."""
        return self.model.score(batch, self.region)


def lungs_in_grid(lungs: LungFields, transform: GridTransform) -> NDArray[np.bool_]:
    """Return both lung fields together in a network's grid, bool [S, S]."""
    both = (lungs.right | lungs.left).astype(np.float32)
    return transform.forward(both) >= 0.5


@dataclass(frozen=True, eq=False)
class Evidence:
    """A method's answer.

    Attributes
    ----------
    values : ndarray of float32, shape [S, S]
        In logits where `signed`; 0 in the padding.
    signed : bool
    library : str
        Name and version.
    effect : float
        See :class:`explain.attribution.Provenance`, as `layer`, `baseline`, `seed`, `samples` and `settled`.
    labels : ndarray of int32, shape [S, S], or None
        Of the regions; -1 in the padding.
    regions : str or None
        The same in words.
    """

    values: NDArray[np.float32]
    signed: bool
    library: str
    effect: float
    layer: str | None = None
    baseline: str | None = None
    seed: int | None = None
    samples: int | None = None
    settled: bool | None = None
    labels: NDArray[np.int32] | None = None
    regions: str | None = None


class Method(Protocol):
    """One way to explain."""

    needs_gradients: ClassVar[bool]

    def attribute(self, question: Question) -> Evidence:
        """Explain the question's target."""
        ...
