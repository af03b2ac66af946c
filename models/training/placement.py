"""Where and at what precision a network runs while it is trained; tasks need not know."""

from __future__ import annotations

import contextlib
import dataclasses
from contextlib import AbstractContextManager
from typing import Any, get_args

import torch
from torch import Tensor, nn

from models.training.depthwise import DepthwiseInFloat32
from models.training.precision import Precision


def check_precision(precision: str, device: torch.device) -> None:
    """Make sure that `device` can train at `precision`.

    Raises
    ------
    ValueError
        If not, or if the name is unknown.
    """
    if precision not in get_args(Precision):
        raise ValueError(f"precision must be one of {', '.join(get_args(Precision))}, not {precision!r}")
    if precision == "float16" and device.type != "cuda":
        raise ValueError("training in float16 needs a CUDA GPU; choose bfloat16 or float32")


class Placed(nn.Module):
    """A network seen from a task: takes its input from any processor, answers in float32.

    Parameters
    ----------
    network : nn.Module
        Gives tensors, or lists, dicts and dataclasses of them.
    device : torch.device
        Where `network` is.
    precision : str
        Of the forward and backward pass; weights, losses and the optimiser stay in float32.
    home : torch.device or None
        Where the answer is brought; None leaves it on `device`.
    """

    def __init__(
        self, network: nn.Module, device: torch.device, precision: str, home: torch.device | None = None
    ) -> None:
        super().__init__()
        self.network = network
        self._device, self._precision, self._home = device, precision, home

    def forward(self, x: Tensor, *more: Any) -> Any:
        """Run the network on `x` [N, 1, H, W], and on what else it is given."""
        x = x.to(self._device, memory_format=torch.channels_last)
        with self._autocast():
            output = self.network(x, *more)
        return _brought(output, self._home)

    def _autocast(self) -> AbstractContextManager[object]:
        stack = contextlib.ExitStack()
        if self._precision != "float32":
            stack.enter_context(torch.autocast(self._device.type, dtype=getattr(torch, self._precision)))
            if self._device.type == "cpu" and self.training:
                stack.enter_context(DepthwiseInFloat32())
        return stack


def _brought(value: Any, home: torch.device | None) -> Any:
    """Return `value` with every tensor in float32 and at `home`."""
    if isinstance(value, Tensor):
        exact = value.float() if value.is_floating_point() else value
        return exact if home is None else exact.to(home)
    if isinstance(value, dict):
        return {key: _brought(each, home) for key, each in value.items()}
    if isinstance(value, list):
        return [_brought(each, home) for each in value]
    parts = {field.name: _brought(getattr(value, field.name), home) for field in dataclasses.fields(value)}
    return dataclasses.replace(value, **parts)
