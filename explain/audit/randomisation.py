"""Model randomisation (Adebayo et al. 2018): a map must change when the network forgets what it learned.

The layers are re-initialised from the output to the input, each step keeping the earlier ones
random.  A method whose map stays as it was shows the film, not the network.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Protocol, TypeVar

import torch
from torch import nn

#: A part of the network that holds more of its parameters than this is taken apart into its children.
LARGEST_SHARE = 0.5
#: Steps of the cascade that are looked at: enough to see where a map turns.
STEPS = 6


class HasNetwork(Protocol):
    """A model whose network can be made to forget."""

    @property
    def network(self) -> nn.Module:
        """Changed in place, in a copy."""
        ...


M = TypeVar("M", bound=HasNetwork)


def layers(network: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return the network's layers with parameters, by name, from the output to the input.

    Containers are opened, and every part that holds more than half of the parameters.
    The order is that in which the parts were registered, reversed.
    """
    total = _parameters(network)

    def open_up(module: nn.Module, prefix: str) -> Iterator[tuple[str, nn.Module]]:
        for name, child in module.named_children():
            count = _parameters(child)
            if count == 0:
                continue
            container = isinstance(child, (nn.ModuleList, nn.ModuleDict))
            divisible = sum(_parameters(each) > 0 for each in child.children()) > 1
            if divisible and (container or count > LARGEST_SHARE * total):
                yield from open_up(child, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", child

    return [*open_up(network, "")][::-1] or [("network", network)]


def randomise(module: nn.Module, seed: int) -> None:
    """Re-initialise every parameter and every running statistic inside `module`, in place.

    Each layer is drawn from its own class's initialisation; parameters of a class that has none
    are drawn from a normal distribution with their present mean and spread.
    """
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        for part in module.modules():
            reset = getattr(part, "reset_parameters", None)
            if callable(reset):
                reset()
                continue
            for parameter in part.parameters(recurse=False):
                spread = float(parameter.std()) if parameter.numel() > 1 else 1.0
                parameter.normal_(float(parameter.mean()), spread)


def cascade(model: M, seed: int = 0, steps: int = STEPS) -> Iterator[tuple[str, int, M]]:
    """Yield a copy of the model while it forgets, from the output to the input.

    Parameters
    ----------
    model : HasNetwork
        Stays as it is.
    seed : int
    steps : int
        The copy is yielded this many times, evenly spread over the layers, the last time with
        every layer random.

    Yields
    ------
    name : str
        The layer that was randomised last.
    count : int
        How many layers are random by then.
    model : same type as `model`
        One copy, changed between two yields.
    """
    forgetful = copy.deepcopy(model)
    parts = layers(forgetful.network)
    shown = {round((index + 1) * len(parts) / steps) for index in range(steps)}
    for count, (name, part) in enumerate(parts, start=1):
        randomise(part, seed + count)
        if count in shown:
            yield name, count, forgetful


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
