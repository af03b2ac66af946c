"""Depthwise convolutions that train at bfloat16 on a processor without losing what bfloat16 gains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class _Depthwise(torch.autograd.Function):
    """Forward at bfloat16, backward at float32.

    oneDNN has no fast bfloat16 kernel for the backward pass of a depthwise convolution: for
    EfficientNet-Lite's layers it takes four to twenty times as long as the float32 one, and more than the
    rest of the step.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, stride: list[int], padding: list[int], dilation: list[int]
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.geometry = stride, padding, dilation
        # The dispatcher's own convolution: inside the mode below F.conv2d would come back here.
        made: Tensor = torch.ops.aten.convolution(
            x, weight, None, stride, padding, dilation, False, [0, 0], x.shape[1]
        )
        return made

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        stride, padding, dilation = ctx.geometry
        of_input, of_weight, _ = torch.ops.aten.convolution_backward(
            gradients[0].float(), x.float(), weight.float(), None, stride, padding, dilation, False, [0, 0],
            x.shape[1], [True, True, False],
        )  # fmt: skip
        return of_input.to(x.dtype), of_weight.to(weight.dtype), None, None, None


class DepthwiseInFloat32(TorchFunctionMode):
    """While active, depthwise convolutions without bias run at bfloat16 and their gradients at float32."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Take over ``F.conv2d`` where it is depthwise; leave everything else alone."""
        if func is F.conv2d:
            call = _Call(*args, **(kwargs or {}))
            if call.depthwise:
                return call.run()
        return func(*args, **(kwargs or {}))


class _Call:
    """The arguments of one ``F.conv2d``."""

    def __init__(
        self, input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,  # noqa: A002
        padding: Any = 0, dilation: Any = 1, groups: int = 1,
    ) -> None:  # fmt: skip
        self.x, self.weight, self.bias = input, weight, bias
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups

    @property
    def depthwise(self) -> bool:
        named = isinstance(self.padding, str)
        return 1 < self.groups == self.x.shape[1] and self.bias is None and not named

    def run(self) -> Tensor:
        x, weight = self.x.bfloat16(), self.weight.bfloat16()
        geometry = (_pair(self.stride), _pair(self.padding), _pair(self.dilation))
        result: Tensor = _Depthwise.apply(x, weight, *geometry)
        return result


def _pair(value: Any) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)
