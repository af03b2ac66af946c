"""A trained U-Net that outlines both lung fields and tells whether the film is a frontal one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from models.cards import ModelCard
from models.device import half_precision
from models.geometry import GridTransform, Turn
from models.networks.unet import UNet
from models.prediction import LungFields
from models.preprocess import Preprocessing, to_network
from models.weights import load_weights

#: Widths of the lung network's decoder: it has an easier task than the pneumothorax networks.
DECODER_CHANNELS = (96, 48, 32, 16)


@dataclass(frozen=True, eq=False)
class ChestView:
    """What the lung network sees in a picture.

    Attributes
    ----------
    lungs : LungFields
    frontal_logit : float
        Positive for an upright frontal chest film.
    """

    lungs: LungFields
    frontal_logit: float


class LungFieldModel:
    """Lung-field network with its card.

    Parameters
    ----------
    card : ModelCard
    weights : Path
        safetensors file.
    device : torch.device
    checked : bool
        Whether the file must be the one that the card describes.
    """

    def __init__(self, card: ModelCard, weights: Path, device: torch.device, *, checked: bool = True) -> None:
        self.name = card.name
        self.card = card
        self.device = device
        self.preprocessing = Preprocessing.from_options(card.options)
        self.network = UNet(
            card.options["encoder"], classes=3, image_classes=1, decoder_channels=DECODER_CHANNELS
        )
        load_weights(self.network, weights, card.sha256 if checked else None)
        self.network.eval().requires_grad_(False)
        self.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def predict(self, pixels: NDArray[np.float32], turn: Turn = Turn()) -> ChestView:  # noqa: B008  (frozen)
        """Outline both lung fields in the source grid, and judge the view.

        Parameters
        ----------
        pixels : ndarray of float32, shape [H, W]
            0 = black .. 1 = white as displayed.
        turn : Turn
            Brings the source grid to the usual display: without it the sides are swapped.

        Raises
        ------
        ValueError
            If a pixel is not a finite number.
        """
        started = time.perf_counter()
        transform = GridTransform((pixels.shape[0], pixels.shape[1]), self.card.size, turn)
        grid = torch.from_numpy(to_network(pixels, transform, self.preprocessing))[None, None]
        grid = grid.to(self.device, memory_format=torch.channels_last)
        with torch.inference_mode(), half_precision(self.device):
            output = self.network(grid)
        probability = torch.softmax(output.masks[0].float(), dim=0).cpu().numpy()
        background, right, left = (transform.backward(plane) for plane in probability)
        inside = (right + left) > background
        fields = [_main_piece(inside & (right >= left)), _main_piece(inside & (left > right))]
        lungs = LungFields(
            right=fields[0], left=fields[1], card_id=self.card.card_id, seconds=time.perf_counter() - started
        )
        return ChestView(lungs=lungs, frontal_logit=float(output.images[0, 0]))


def _main_piece(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the largest connected piece, without holes: a lung field is one region."""
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(ndimage.binary_fill_holes(labels == int(sizes.argmax())))
