"""A trained U-Net that outlines pneumothorax and scores the image."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.cards import ModelCard
from models.device import describe, half_precision
from models.geometry import GridTransform, Turn
from models.instances import find_instances
from models.networks.unet import UNet
from models.prediction import LungFields, Prediction
from models.preprocess import Preprocessing, to_network
from models.weights import load_weights


class PneumothoraxModel:
    """Attention U-Net or U-Net with its card.

    Explanations need two calls only: :meth:`prepare` brings a film into the network's grid,
    :meth:`score` turns a batch of such grids into differentiable image scores.

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
        if card.threshold is None or card.mask_threshold is None:
            raise ValueError(f"the card of {card.name} states no decision thresholds")
        self.name = card.name
        self.card = card
        self.device = device
        self.preprocessing = Preprocessing.from_options(card.options)
        self.threshold = card.threshold
        self.mask_threshold = card.mask_threshold
        self.network = UNet(
            card.options["encoder"],
            attention=bool(card.options["attention"]),
            rectified_features=bool(card.options.get("rectified_features", True)),
        )
        load_weights(self.network, weights, card.sha256 if checked else None)
        self.network.eval().requires_grad_(False)
        self.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._slope = float(card.options["calibration_slope"])
        self._offset = float(card.options["calibration_offset"])

    @property
    def explained_layer(self) -> torch.nn.Module:
        """Decoder stage at an eighth of the resolution.

        Of the encoder's and the decoder's stages, its map agreed best with the outlines of the
        validation films (area under the precision-recall curve .48; next best .37).  The image score sees it
        through the pixel logits; what the score takes straight from the encoder's pooled
        features does not pass through here.
        """
        return self.network.decoder[1]

    explained_layer_name = "decoder stage at 1/8 resolution"
    #: Whether :meth:`score` can be differentiated.
    has_gradients = True

    def prepare(
        self, pixels: NDArray[np.float32], turn: Turn = Turn()  # noqa: B008  (frozen)
    ) -> tuple[Tensor, GridTransform]:
        """Return the network's input [1, 1, S, S] on this model's device, and the way back.

        Parameters
        ----------
        pixels : ndarray of float32, shape [H, W]
            0 = black .. 1 = white as displayed.
        turn : Turn
            Brings the source grid to the usual display of a frontal film.
        """
        transform = GridTransform((pixels.shape[0], pixels.shape[1]), self.card.size, turn)
        grid = torch.from_numpy(to_network(pixels, transform, self.preprocessing))[None, None]
        return grid.to(self.device, memory_format=torch.channels_last), transform

    def score(self, batch: Tensor, region: Tensor | None = None) -> Tensor:
        """Return one logit per film, [N] of a batch [N, 1, S, S]; differentiable.

        Parameters
        ----------
        batch : Tensor
        region : Tensor of bool, shape [S, S], or None
            None asks for the calibrated image-level logit; a region, in the network's grid and not empty, for
            the mean pixel logit inside it.
        """
        output = self.network(batch)
        if region is not None:
            inside: Tensor = output.masks[:, 0][:, region].float().mean(dim=1)
            return inside
        logits: Tensor = output.images[:, 0]
        return logits.float() * self._slope + self._offset

    def predict(
        self,
        pixels: NDArray[np.float32],
        turn: Turn = Turn(),  # noqa: B008  (frozen)
        lungs: LungFields | None = None,
    ) -> Prediction:
        """Outline and score one film.

        The film and its mirror image are averaged: the network knows no side.

        Parameters
        ----------
        pixels : ndarray of float32, shape [H, W]
        turn : Turn
        lungs : LungFields or None
            In the source grid; they decide each finding's side.

        Raises
        ------
        ValueError
            If a pixel is not a finite number.
        """
        started = time.perf_counter()
        grid, transform = self.prepare(pixels, turn)

        with torch.inference_mode(), half_precision(self.device):
            output = self.network(torch.cat([grid, grid.flip(-1)]))
        masks = torch.sigmoid(output.masks[:, 0].float())
        probability = (masks[0] + masks[1].flip(-1)) / 2
        logit = output.images[:, 0].float().mean() * self._slope + self._offset
        score = float(torch.sigmoid(logit))
        in_source = np.clip(transform.backward(probability.cpu().numpy()), 0.0, 1.0)
        present = score >= self.threshold
        instances = find_instances(in_source, self.mask_threshold, lungs) if present else ()
        notices: tuple[str, ...] = ()
        if present and not instances:
            notices = (
                f"{self.card.title}: the image score is above its threshold, "
                "but no region is certain enough to be outlined.",
            )
        return Prediction(
            model=self.name,
            card_id=self.card.card_id,
            probability=in_source,
            score=score,
            threshold=self.threshold,
            mask_threshold=self.mask_threshold,
            instances=instances,
            seconds=time.perf_counter() - started,
            device=describe(self.device),
            notices=notices,
        )
