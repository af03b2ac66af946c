"""Additive attention gate of Attention U-Net."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class AttentionGate(nn.Module):
    """Additive attention gate on a skip connection.

    ``q = psi(relu(W_x x + W_g g + b_g)) + b_psi``, ``alpha = sigmoid(q)``,
    ``x_hat = alpha * x`` (Oktay et al. 2018, "Attention U-Net: Learning Where to Look for the
    Pancreas", equations 1 and 2).  As there, ``x`` is brought to the coarser grid of the
    gating signal by a strided 2x2 convolution and ``alpha`` is resampled back bilinearly.
    The paper's final 1x1 convolution on ``x_hat`` is left to the decoder block that follows.

    Parameters
    ----------
    skip_channels : int
        Channels of ``x``.
    gate_channels : int
        Channels of ``g``.
    inner_channels : int
        Channels in which the two are added.
    """

    def __init__(self, skip_channels: int, gate_channels: int, inner_channels: int) -> None:
        super().__init__()
        self.skip = nn.Conv2d(skip_channels, inner_channels, 2, stride=2, bias=False)
        self.gate = nn.Conv2d(gate_channels, inner_channels, 1)
        self.psi = nn.Conv2d(inner_channels, 1, 1)

    def attention(self, x: Tensor, g: Tensor) -> Tensor:
        """Return the coefficients alpha, [N, 1, H, W] in the grid of `x`.

        Parameters
        ----------
        x : Tensor [N, skip_channels, H, W]
        g : Tensor [N, gate_channels, H / 2, W / 2]
            Encoders without padding at their first convolutions give other sizes near H / 2; ``x`` is then
            resampled to it.
        """
        inner = self.skip(x)
        if inner.shape[-2:] != g.shape[-2:]:
            inner = F.interpolate(inner, size=g.shape[-2:], mode="bilinear", align_corners=False)
        q = self.psi(torch.relu(inner + self.gate(g)))
        return F.interpolate(torch.sigmoid(q), size=x.shape[-2:], mode="bilinear", align_corners=False)

    def forward(self, x: Tensor, g: Tensor) -> Tensor:
        """Return `x` weighted by its attention coefficients, [N, skip_channels, H, W]."""
        return x * self.attention(x, g)
