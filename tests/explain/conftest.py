"""Networks so small that their explanation can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import resources
from models import zoo
from models.explained_layer import ExplainedLayer
from models.geometry import GridTransform, Turn
from models.pneumothorax import PneumothoraxModel
from models.preprocess import to_network


class BrightPatch:
    """Scores the brightness of a window of its grid: the truth about it is that window.

    The layer has two channels: the brightness ``x`` and its opposite ``-x``.  The score weighs the
    mean of each over the window, ``w_1 mean(x) - w_2 mean(x) - 4``; the mean gradient over channel
    ``k`` of ``N`` pixels is ``w_k / N``, so that Grad-CAM is ``relu((w_1 - w_2) x) / N``.
    """

    name = "bright-patch"
    has_gradients = True
    explained_layer_name = "brightness and its opposite"
    half_gradients = False
    size = 36

    def __init__(self, window: tuple[slice, slice], weights: tuple[float, float] = (8.0, 0.0)) -> None:
        self.network = nn.Conv2d(1, 2, 1, bias=False)
        with torch.no_grad():
            self.network.weight.copy_(torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1))
        self.network.requires_grad_(False)
        self.window = window
        self.weights = torch.tensor(weights)

    @property
    def explained_layers(self) -> tuple[ExplainedLayer, ...]:
        return (ExplainedLayer(self.network),)

    def prepare(
        self,
        pixels: NDArray[np.float32],
        turn: Turn = Turn(),  # noqa: B008
    ) -> tuple[Tensor, GridTransform]:
        transform = GridTransform((pixels.shape[0], pixels.shape[1]), self.size, turn)
        return torch.from_numpy(transform.forward(pixels))[None, None], transform

    def score(self, batch: Tensor, region: Tensor | None = None) -> Tensor:
        layer = self.network(batch)
        if region is not None:
            return layer[:, 0][:, region].mean(dim=1)
        rows, columns = self.window
        means = layer[:, :, rows, columns].mean(dim=(2, 3))
        return (means * self.weights).sum(dim=1) - 4.0


class _Product(nn.Module):
    """Multiplies each pixel with its weight."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.register_buffer("weights", weights)

    def forward(self, batch: Tensor) -> Tensor:
        return batch * self.weights


class LinearNetwork:
    """Scores ``sum(w x) - 1`` over its grid: each pixel's true part in a difference of two films is known.

    Its layer holds ``w x``, so that Grad-CAM is ``relu(w x)``.
    """

    name = "linear"
    has_gradients = True
    explained_layer_name = "weighed pixels"
    half_gradients = False

    def __init__(self, weights: NDArray[np.float32]) -> None:
        self.network = _Product(torch.from_numpy(weights))
        self.size = len(weights)

    @property
    def explained_layers(self) -> tuple[ExplainedLayer, ...]:
        return (ExplainedLayer(self.network),)

    def prepare(
        self,
        pixels: NDArray[np.float32],
        turn: Turn = Turn(),  # noqa: B008
    ) -> tuple[Tensor, GridTransform]:
        transform = GridTransform((pixels.shape[0], pixels.shape[1]), self.size, turn)
        return torch.from_numpy(transform.forward(pixels))[None, None], transform

    def score(self, batch: Tensor, region: Tensor | None = None) -> Tensor:
        layer = self.network(batch)[:, 0]
        if region is not None:
            return layer[:, region].mean(dim=1)
        return layer.sum(dim=(1, 2)) - 1


class TextureDetector:
    """Looks for a chequered texture anywhere on the film: nothing of a chest looks like it.

    A matched filter, a threshold, and the strongest answers weigh most: not linear, and like a
    real detector blind for where the texture lies.
    """

    name = "texture-detector"
    has_gradients = True
    explained_layer_name = "answers of the filter"
    half_gradients = False
    size = 96

    def __init__(self) -> None:
        self.network = nn.Sequential(nn.Conv2d(1, 1, 5, padding=2), nn.ReLU())
        rows, columns = np.indices((5, 5))
        with torch.no_grad():
            self.network[0].weight.copy_(torch.from_numpy(1.0 - (rows + columns) % 2 * 2)[None, None] / 25)
            self.network[0].bias.fill_(-0.1)
        self.network.requires_grad_(False)

    @property
    def explained_layers(self) -> tuple[ExplainedLayer, ...]:
        return (ExplainedLayer(self.network[1]),)

    def prepare(
        self,
        pixels: NDArray[np.float32],
        turn: Turn = Turn(),  # noqa: B008
    ) -> tuple[Tensor, GridTransform]:
        transform = GridTransform((pixels.shape[0], pixels.shape[1]), self.size, turn)
        return torch.from_numpy(to_network(pixels, transform))[None, None], transform

    def score(self, batch: Tensor, region: Tensor | None = None) -> Tensor:
        answers = self.network(batch)[:, 0]
        if region is not None:
            return answers[:, region].mean(dim=1)
        return 4 * torch.log(answers.square().sum(dim=(1, 2)) + 0.1)


@pytest.fixture(scope="session")
def pneumothorax_model() -> PneumothoraxModel:
    return zoo.load("attention-unet", "cpu")


@pytest.fixture(scope="session")
def bright_patch() -> type[BrightPatch]:
    return BrightPatch


@pytest.fixture(scope="session")
def linear_network() -> type[LinearNetwork]:
    return LinearNetwork


@pytest.fixture(scope="session")
def texture_detector() -> type[TextureDetector]:
    return TextureDetector


@pytest.fixture(scope="session")
def sample_film() -> NDArray[np.float32]:
    """Return the synthetic film with a pneumothorax, 0..1, float32 [512, 470]: not square on purpose."""
    folder = Path(resources.__file__).parent / "sample_study"
    stored = pydicom.dcmread(folder / "current-with-pneumothorax.dcm")
    shown = stored.pixel_array.astype(np.float32) / (2**stored.BitsStored - 1)
    small = cv2.resize(shown, (512, 512), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[:, 21:491])
