from __future__ import annotations

import pytest
import torch
from torch import nn

from explain.audit.randomisation import cascade, layers, randomise
from models.networks.unet import UNet


class Small:
    """A model whose largest part is divided, whose lists are opened, and whose empty parts are left out."""

    def __init__(self) -> None:
        self.network = nn.Module()
        self.network.body = nn.Sequential(nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 10))
        self.network.stages = nn.ModuleList([nn.Linear(2, 2), nn.BatchNorm1d(2)])
        self.network.activation = nn.ReLU()
        self.network.head = nn.Linear(2, 1)


def test_layers_run_from_the_output_to_the_input() -> None:
    names = [name for name, _ in layers(Small().network)]
    assert names == ["head", "stages.1", "stages.0", "body.2", "body.0"]


def test_every_parameter_of_the_unet_belongs_to_exactly_one_layer() -> None:
    network = UNet("tf_efficientnet_lite0", attention=True)
    parts = layers(network)
    assert [name for name, _ in parts[:6]] == [
        "image_head", "mask_head", "decoder.3", "decoder.2", "decoder.1", "decoder.0",
    ]  # fmt: skip
    held = [id(parameter) for _, part in parts for parameter in part.parameters()]
    assert len(held) == len(set(held))
    assert set(held) == {id(parameter) for parameter in network.parameters()}


def test_a_network_of_one_layer_is_one_layer() -> None:
    network = nn.Linear(3, 2)
    assert layers(network) == [("network", network)]


def test_the_cascade_forgets_layer_by_layer_and_spares_the_original() -> None:
    model = Small()
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    forgotten: list[set[str]] = []
    for _, count, copy in cascade(model, seed=3, steps=5):
        state = copy.network.state_dict()
        changed = {name for name, value in state.items() if not torch.equal(value, before[name])}
        forgotten.append({name.rpartition(".")[0] for name in changed})
        assert count == len(forgotten)
    # Batch normalisation starts from the same values every time: nothing of it had been learned here.
    assert forgotten == [
        {"head"}, {"head"}, {"head", "stages.0"}, {"head", "stages.0", "body.2"},
        {"head", "stages.0", "body.2", "body.0"},
    ]  # fmt: skip
    assert all(torch.equal(value, before[name]) for name, value in model.network.state_dict().items())


def test_few_steps_are_spread_over_the_layers_and_end_with_all_of_them() -> None:
    assert [(name, count) for name, count, _ in cascade(Small(), steps=2)] == [("stages.1", 2), ("body.0", 5)]


def test_the_same_seed_forgets_to_the_same_weights() -> None:
    def last(seed: int) -> torch.Tensor:
        return [copy.network.body[0].weight.clone() for _, _, copy in cascade(Small(), seed)][-1]

    torch.manual_seed(1)
    first = last(5)
    torch.manual_seed(2)
    assert torch.equal(last(5), first)
    assert not torch.equal(last(6), first)


def test_randomising_leaves_the_programs_own_random_numbers_alone() -> None:
    layer = nn.Linear(9, 9)
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    randomise(layer, seed=1)
    assert torch.equal(torch.rand(3), expected)


def test_what_a_normalisation_had_learned_is_forgotten() -> None:
    norm = nn.BatchNorm2d(2)
    with torch.no_grad():
        norm.running_mean.fill_(7.0)
        norm.weight.fill_(3.0)
    randomise(norm, seed=0)
    assert norm.running_mean.tolist() == [0.0, 0.0]
    assert norm.weight.tolist() == [1.0, 1.0]


def test_parameters_without_an_initialisation_of_their_own_are_drawn_anew_at_their_scale() -> None:
    class Scale(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.values = nn.Parameter(torch.linspace(4.0, 6.0, 4001))

    module = Scale()
    randomise(module, seed=0)
    values = module.values.detach()
    assert float(values.mean()) == pytest.approx(5.0, abs=0.05)
    assert float(values.std()) == pytest.approx(2 / 12**0.5, abs=0.05)
    assert float((values.diff() > 0).float().mean()) == pytest.approx(0.5, abs=0.05)
