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
from models.geometry import GridTransform, Turn
from models.pneumothorax import PneumothoraxModel


class BrightPatch:
    """Scores the brightness of a window of its grid: the truth about it is that window.

    The layer has two channels: the brightness ``x`` and its opposite ``-x``.  The score weighs the
    mean of each over the window, ``w_1 mean(x) - w_2 mean(x) - 4``; the mean gradient over channel
    ``k`` of ``N`` pixels is ``w_k / N``, so that Grad-CAM is ``relu((w_1 - w_2) x) / N``.
    """

    name = "bright-patch"
    has_gradients = True
    explained_layer_name = "brightness and its opposite"
    size = 36

    def __init__(self, window: tuple[slice, slice], weights: tuple[float, float] = (8.0, 0.0)) -> None:
        self.network = nn.Conv2d(1, 2, 1, bias=False)
        with torch.no_grad():
            self.network.weight.copy_(torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1))
        self.network.requires_grad_(False)
        self.window = window
        self.weights = torch.tensor(weights)

    @property
    def explained_layer(self) -> nn.Module:
        return self.network

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


@pytest.fixture(scope="session")
def pneumothorax_model() -> PneumothoraxModel:
    return zoo.load("attention-unet", "cpu")


@pytest.fixture(scope="session")
def bright_patch() -> type[BrightPatch]:
    return BrightPatch


@pytest.fixture(scope="session")
def sample_film() -> NDArray[np.float32]:
    """Return the synthetic film with a pneumothorax, 0..1, float32 [512, 470]: not square on purpose."""
    folder = Path(resources.__file__).parent / "sample_study"
    stored = pydicom.dcmread(folder / "current-with-pneumothorax.dcm")
    shown = stored.pixel_array.astype(np.float32) / (2**stored.BitsStored - 1)
    small = cv2.resize(shown, (512, 512), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[:, 21:491])
