from __future__ import annotations

import math

import pytest
import torch

from models.networks.attention_gate import AttentionGate


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@pytest.fixture
def gate() -> AttentionGate:
    """Return a gate whose coefficient is sigmoid(3 relu(mean of 2 x 2 + 2 g - 1) - 2)."""
    gate = AttentionGate(skip_channels=1, gate_channels=1, inner_channels=1)
    with torch.no_grad():
        gate.skip.weight.fill_(0.25)
        gate.gate.weight.fill_(2.0)
        gate.gate.bias.fill_(-1.0)
        gate.psi.weight.fill_(3.0)
        gate.psi.bias.fill_(-2.0)
    return gate


def test_coefficients_by_hand(gate: AttentionGate) -> None:
    x = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])  # mean 2.5
    open_gate, closed = torch.tensor([[[[0.5]]]]), torch.tensor([[[[-2.0]]]])
    # 2.5 + 1 - 1 = 2.5; 3 x 2.5 - 2 = 5.5.     2.5 - 4 - 1 < 0, so relu gives 0; 0 - 2 = -2.
    for g, q in ((open_gate, 5.5), (closed, -2.0)):
        expected = torch.full((1, 1, 2, 2), sigmoid(q))
        torch.testing.assert_close(gate.attention(x, g), expected)
        torch.testing.assert_close(gate(x, g), x * sigmoid(q))


def test_coefficients_come_back_bilinearly_to_the_grid_of_the_skip_connection(gate: AttentionGate) -> None:
    x = torch.zeros(1, 1, 2, 4)
    g = torch.tensor([[[[1.0, 0.0]]]])  # relu(2 - 1) = 1 -> q = 1;  relu(-1) = 0 -> q = -2
    a, b = sigmoid(1.0), sigmoid(-2.0)
    row = torch.tensor([a, 0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b, b])
    torch.testing.assert_close(gate.attention(x, g), row.expand(1, 1, 2, 4))


def test_every_channel_of_a_pixel_has_the_same_coefficient_between_0_and_1() -> None:
    torch.manual_seed(0)
    gate = AttentionGate(skip_channels=5, gate_channels=3, inner_channels=4)
    x, g = torch.randn(2, 5, 8, 6), torch.randn(2, 3, 4, 3)
    alpha = gate.attention(x, g).detach()
    assert alpha.shape == (2, 1, 8, 6)
    assert 0 < float(alpha.min()) < float(alpha.max()) < 1
    torch.testing.assert_close(gate(x, g), x * alpha)
