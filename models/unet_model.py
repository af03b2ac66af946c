"""A trained U-Net that outlines pneumothorax and scores the image."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from models.cards import ModelCard
from models.networks.unet import UNet
from models.pneumothorax import PneumothoraxModel
from models.weights import load_weights


class UNetModel(PneumothoraxModel):
    """Attention U-Net or U-Net with its card.

    Parameters
    ----------
    card : ModelCard
    weights : Path
        safetensors file.
    device : torch.device
    checked : bool
        Whether the file must be the one that the card describes.

    Raises
    ------
    ValueError
        If the card states no decision thresholds, or the weights cannot be used.
    """

    explained_layer_name = "decoder stage at 1/8 resolution"
    half_gradients = True

    def __init__(self, card: ModelCard, weights: Path, device: torch.device, *, checked: bool = True) -> None:
        network = UNet(
            card.options["encoder"],
            attention=bool(card.options["attention"]),
            rectified_features=bool(card.options.get("rectified_features", True)),
        )
        load_weights(network, weights, card.sha256 if checked else None)
        super().__init__(card, network, device)

    @property
    def explained_layers(self) -> tuple[nn.Module, ...]:
        """Decoder stage at an eighth of the resolution.

        Of the encoder's and the decoder's stages, its map agreed best with the outlines of the
        validation films (area under the precision-recall curve .48; next best .37).  The image score sees it
        through the pixel logits; what the score takes straight from the encoder's pooled
        features does not pass through here.
        """
        decoder: nn.ModuleList = self.network.decoder  # type: ignore[assignment]
        return (decoder[1],)

    def score(self, batch: Tensor, region: Tensor | None = None) -> Tensor:
        """Return one logit per film, see :meth:`PneumothoraxModel.score`."""
        output = self.network(batch)
        if region is not None:
            inside: Tensor = output.masks[:, 0][:, region].float().mean(dim=1)
            return inside
        return self.calibrated(output.images[:, 0])

    def answer(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Return pixel probabilities and image logits, see :meth:`PneumothoraxModel.answer`."""
        output = self.network(batch)
        return torch.sigmoid(output.masks[:, 0].float()), self.calibrated(output.images[:, 0])
