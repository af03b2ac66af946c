"""Depthwise convolutions at bfloat16 whose gradients are taken at float32."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from models.training.depthwise import DepthwiseInFloat32, _Depthwise


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, 1), (5, 2, 0), (5, 1, 2)])
def test_gradients_are_those_of_the_plain_convolution(kernel: int, stride: int, padding: int) -> None:
    torch.manual_seed(0)
    x, weight = torch.randn(2, 6, 13, 11).bfloat16(), torch.randn(6, 1, kernel, kernel).bfloat16()
    ours = [x.clone().requires_grad_(), weight.clone().requires_grad_()]
    plain = [x.float().requires_grad_(), weight.float().requires_grad_()]
    with DepthwiseInFloat32():
        made = F.conv2d(ours[0], ours[1], None, stride, padding, 1, 6)
    wanted = F.conv2d(plain[0], plain[1], None, stride, padding, 1, 6)
    torch.testing.assert_close(made.float(), wanted, rtol=0.02, atol=0.1)
    gradient = torch.randn_like(wanted).bfloat16()
    made.backward(gradient)
    wanted.backward(gradient.float())
    for own, expected in zip(ours, plain, strict=True):
        # bfloat16 keeps eight bits: half a unit in the last place of the result is all that may differ.
        torch.testing.assert_close(own.grad.float(), expected.grad, rtol=2**-8, atol=1e-6)


def test_only_depthwise_convolutions_are_taken_over() -> None:
    class Spy(nn.Module):
        def __init__(self, groups: int, bias: bool) -> None:
            super().__init__()
            self.convolution = nn.Conv2d(4, 4, 3, groups=groups, bias=bias)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.convolution(x)

    x = torch.randn(1, 4, 8, 8)
    with DepthwiseInFloat32():
        depthwise, grouped, biased = (Spy(*kind)(x) for kind in ((4, False), (2, False), (4, True)))
    assert depthwise.grad_fn is not None
    assert depthwise.grad_fn.name() == f"{_Depthwise.__name__}Backward"
    assert depthwise.dtype == torch.bfloat16
    assert grouped.dtype == biased.dtype == torch.float32
