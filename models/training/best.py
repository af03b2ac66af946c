"""The best weights so far by one validation figure, and when to stop looking for better ones."""

from __future__ import annotations

import math
from typing import Any

from torch import nn


class Best:
    """Keeps the weights with the highest figure.

    Parameters
    ----------
    patience : int
        Validations in a row without a higher figure after which a run stops; 0 never stops it and
        keeps no weights.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.figure = -math.inf
        self.missed = 0
        self.weights: dict[str, Any] | None = None

    def see(self, figure: float, network: nn.Module) -> bool:
        """Take note of a validation; return whether the run should stop.  NaN counts as no better."""
        if not self.patience:
            return False
        if figure > self.figure:
            self.figure, self.missed = figure, 0
            self.weights = {key: value.detach().clone() for key, value in network.state_dict().items()}
        else:
            self.missed += 1
        return self.missed >= self.patience

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""
        return {"figure": self.figure, "missed": self.missed, "weights": self.weights}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self.figure, self.missed, self.weights = state["figure"], state["missed"], state["weights"]
