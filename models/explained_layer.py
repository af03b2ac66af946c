"""A layer that Grad-CAM looks at."""

from __future__ import annotations

from typing import NamedTuple

from torch import nn


class ExplainedLayer(NamedTuple):
    """A layer of a network, and how its activations are weighed.

    Attributes
    ----------
    module : nn.Module
        Its output are the activations.
    by_place : bool
        By every place's own gradient (HiResCAM, Draelos and Carin 2020) instead of by the channel's mean
        (Grad-CAM, Selvaraju et al. 2017).
    """

    module: nn.Module
    by_place: bool = False
