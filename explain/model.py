"""The two calls that a model offers to every explanation, and what they are made with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from models.geometry import GridTransform, Turn

if TYPE_CHECKING:
    from torch import Tensor, nn

    from models.explained_layer import ExplainedLayer

#: ``progress(fraction, message)`` with fraction in 0..1.  An exception raised there (cancelling)
#: passes through every explanation and leaves nothing behind.
Progress = Callable[[float, str], None]


def silent(_fraction: float, _message: str) -> None:
    """Ignore progress."""


class ExplainableModel(Protocol):
    """What an explanation needs of a model.

    Attributes
    ----------
    name : str
        In the zoo.
    has_gradients : bool
        Whether :meth:`score` can be differentiated with respect to the batch.
    explained_layer_name : str
        The layers that Grad-CAM looks at, in words.
    half_gradients : bool
        Whether Grad-CAM stays what it is in half precision.
    """

    name: str
    has_gradients: bool
    explained_layer_name: str
    half_gradients: bool

    @property
    def network(self) -> nn.Module:
        """What a copy of can be changed to test an explanation."""
        ...

    @property
    def explained_layers(self) -> tuple[ExplainedLayer, ...]:
        """Layers whose activations Grad-CAM weighs; asked for only where there are gradients."""
        ...

    def prepare(self, pixels: NDArray[np.float32], turn: Turn = ...) -> tuple[Tensor, GridTransform]:
        """Return network input [1, 1, S, S] and the transform back to the source grid."""
        ...

    def score(self, batch: Tensor, region: Tensor | None = None) -> Tensor:
        """Return logits [N] of a batch [N, 1, S, S].

        Parameters
        ----------
        batch : Tensor
        region : Tensor of bool, shape [S, S], or None
            None asks for the image's logit, a region for the mean pixel logit inside it.
        """
        ...
