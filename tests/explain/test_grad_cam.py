from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from explain.attribution import Attribution
from explain.methods import explain
from explain.model import ExplainableModel
from models.explained_layer import ExplainedLayer
from models.geometry import Turn
from models.pneumothorax import PneumothoraxModel

Film = NDArray[np.float32]

TURNS = [Turn(*flags) for flags in itertools.product((False, True), repeat=3)]
WINDOW = (slice(4, 12), slice(20, 28))


def grad_cam(model: ExplainableModel, film: Film, turn: Turn = Turn()) -> Attribution:  # noqa: B008
    return explain(model, film, "grad-cam", turn=turn)


def noise(*shape: int) -> Film:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def test_the_map_by_hand(bright_patch) -> None:
    """Grad-CAM is relu((8 - 2) x) / N: the film itself, scaled to a maximum of 1."""
    film = noise(36, 36) * 0.4
    film[WINDOW] += 0.5
    made = grad_cam(bright_patch(WINDOW, (8.0, 2.0)), film)
    np.testing.assert_allclose(made.heatmap, film / film.max(), atol=1e-6)
    assert made.heatmap.dtype == np.float32


def test_only_what_is_bright_where_the_net_weight_is_positive_counts(bright_patch) -> None:
    """On a film of both signs relu keeps the positive part; with the weights exchanged the negative one."""
    bright = noise(36, 36) * 0.6 - 0.5
    bright[WINDOW] += 0.7
    for weights, film, expected in (((5.0, 1.0), bright, bright), ((1.0, 5.0), -bright, bright)):
        made = grad_cam(bright_patch(WINDOW, weights), film)
        np.testing.assert_allclose(made.heatmap, np.maximum(expected, 0) / expected.max(), atol=1e-6)


def test_weighed_place_by_place_only_what_the_score_looks_at_counts(bright_patch) -> None:
    """Outside of the window the gradient is 0: there the film may be as bright as it likes."""
    film = noise(36, 36) * 0.4
    film[WINDOW] += 0.5
    film[25:33, 3:11] = 1.0

    class ByPlace(bright_patch):
        @property
        def explained_layers(self):
            return (ExplainedLayer(self.network, by_place=True),)

    model = ByPlace(WINDOW, (8.0, 2.0))
    inside = np.zeros_like(film)
    inside[WINDOW] = film[WINDOW] / film[WINDOW].max()
    np.testing.assert_allclose(grad_cam(model, film).heatmap, inside, atol=1e-6)


def test_a_layer_weighed_by_channel_and_one_weighed_by_place_are_added(bright_patch) -> None:
    class Both(bright_patch):
        @property
        def explained_layers(self):
            return (ExplainedLayer(self.network), ExplainedLayer(self.network, by_place=True))

    film = noise(36, 36) * 0.4
    film[WINDOW] += 0.5
    film[25:33, 3:11] = 1.0
    by_channel, inside = np.maximum(film, 0) / film.max(), np.zeros_like(film)
    inside[WINDOW] = film[WINDOW] / film[WINDOW].max()
    expected = by_channel + inside
    np.testing.assert_allclose(grad_cam(Both(WINDOW), film).heatmap, expected / expected.max(), atol=1e-6)


def test_layers_count_alike_whatever_the_size_of_their_gradients(bright_patch) -> None:
    class Layered(bright_patch):
        """The window's brightness x, then 100 x at half the resolution."""

        def __init__(self) -> None:
            super().__init__(WINDOW)
            coarse = torch.nn.AvgPool2d(2)
            self.network = torch.nn.Sequential(self.network, coarse)

        @property
        def explained_layers(self):
            return tuple(ExplainedLayer(part, by_place=True) for part in self.network)

        def score(self, batch, region=None):  # noqa: ARG002
            rows, columns = (slice(axis.start // 2, axis.stop // 2) for axis in WINDOW)
            return 100 * self.network(batch)[:, 0, rows, columns].mean(dim=(1, 2))

    film = noise(36, 36) * 0.2
    film[WINDOW] = 0.5
    film[4:8, 20:24] = 1.0
    heatmap = grad_cam(Layered(), film).heatmap
    assert heatmap[5:7, 21:23].min() == pytest.approx(1.0)
    # Half as bright in both layers: half of the sum of their maxima; nothing beside the window but the
    # coarse layer's interpolation.
    np.testing.assert_allclose(heatmap[9:11, 25:27], 0.5, atol=1e-5)
    assert heatmap[14:].max() == 0


@pytest.mark.parametrize("weights", [(0.0, 0.0), (3.0, 3.0), (1.0, 6.0)])
def test_the_map_is_zero_when_nothing_raises_the_score(bright_patch, weights: tuple[float, float]) -> None:
    made = grad_cam(bright_patch(WINDOW, weights), noise(36, 36))
    assert made.heatmap.shape == (36, 36)
    assert not made.heatmap.any()


@pytest.mark.parametrize("turn", TURNS)
def test_the_map_lands_where_the_evidence_is_in_the_films_own_grid(bright_patch, turn: Turn) -> None:
    film = np.zeros((120, 80), np.float32)
    film[15:30, 10:25] = 1.0
    heatmap = grad_cam(bright_patch(WINDOW), film, turn).heatmap
    heatmap = heatmap / heatmap.max()
    assert heatmap.shape == film.shape
    rows, columns = np.indices(film.shape)
    centre = [(axis * heatmap).sum() / heatmap.sum() for axis in (rows, columns)]
    assert centre == pytest.approx([22.0, 17.0], abs=0.7)
    assert heatmap[18:27, 13:22].min() > 0.9
    assert heatmap[60:].max() == 0


def test_nothing_of_the_padding_comes_back(bright_patch) -> None:
    """A layer that is active in the padding alone gives a map of zeros, not one scaled by the padding."""
    model = bright_patch(WINDOW)
    model.network = torch.nn.Conv2d(1, 2, 1)
    with torch.no_grad():
        model.network.weight.copy_(torch.tensor([-1.0, 0.0]).reshape(2, 1, 1, 1))
        model.network.bias.copy_(torch.tensor([1.0, 0.0]))  # 1 - x: 0 on the white film, 1 beside it
    model.network.requires_grad_(False)
    assert not grad_cam(model, np.ones((120, 60), np.float32)).heatmap.any()
    half = np.ones((120, 60), np.float32)
    half[:60] = 0.5
    heatmap = grad_cam(model, half).heatmap
    heatmap = heatmap / heatmap.max()
    assert heatmap[:50].min() == pytest.approx(1.0)
    assert heatmap[70:].max() == pytest.approx(0.0)


def test_where_the_film_supports_nothing_the_map_is_pale_and_says_so(bright_patch) -> None:
    """The window is darker than its surroundings: blurring it raises the score."""
    film = noise(36, 36) * 0.2 + 0.5
    film[WINDOW] = 0.3
    made = grad_cam(bright_patch(WINDOW), film)
    assert made.heatmap.max() == pytest.approx(0.05)
    assert made.provenance.effect == 0
    assert made.provenance.negligible
    assert "negligible effect" in made.caption


def test_the_map_says_how_it_was_made(bright_patch) -> None:
    film = noise(36, 36)
    film[WINDOW] = 1.0
    made = grad_cam(bright_patch(WINDOW), film)
    assert (made.method, made.model, made.target, made.signed) == (
        "grad-cam", "bright-patch", "image score", False,
    )  # fmt: skip
    assert made.provenance.library.startswith("captum ")
    assert made.provenance.layer == "brightness and its opposite"
    assert made.caption == (
        f"grad-cam of bright-patch: image score, layer brightness and its opposite, {made.seconds:.1f} s"
    )
    assert made.faithfulness is None


def test_the_shipped_network_is_explained_in_the_films_own_grid_and_left_as_it_was(
    pneumothorax_model: PneumothoraxModel, sample_film: Film
) -> None:
    before = {key: value.clone() for key, value in pneumothorax_model.network.state_dict().items()}
    upright = grad_cam(pneumothorax_model, sample_film).heatmap
    assert upright.shape == sample_film.shape
    assert upright.min() >= 0
    assert 0 < upright.max() <= 1.0 + 1e-6
    for turn in (Turn(flip_columns=True), Turn(transpose=True, flip_rows=True)):
        lying = grad_cam(pneumothorax_model, turn.undo(sample_film), turn).heatmap
        np.testing.assert_allclose(turn.apply(lying), upright, atol=1e-3)
    for key, value in pneumothorax_model.network.state_dict().items():
        assert torch.equal(value, before[key])
    for layer in pneumothorax_model.explained_layers:
        assert not layer.module._forward_hooks
        assert not layer.module._backward_hooks
    assert not pneumothorax_model.network.training


def test_a_network_that_learned_nothing_gives_another_map(
    pneumothorax_model: PneumothoraxModel, sample_film: Film
) -> None:
    """Model randomisation test (Adebayo et al. 2018): the map must depend on what was learned."""
    trained = grad_cam(pneumothorax_model, sample_film).heatmap
    likeness = []
    for seed in range(4):
        torch.manual_seed(seed)
        untrained = copy.copy(pneumothorax_model)
        untrained.network = copy.deepcopy(pneumothorax_model.network)
        for module in untrained.network.modules():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
        other = grad_cam(untrained, sample_film).heatmap
        # A map without contrast is as unlike as can be.
        likeness.append(spearmanr(trained.ravel(), other.ravel()).statistic if other.std() > 0 else 0.0)
    assert np.mean(likeness) < 0.5
