"""A trained U-Net that outlines pneumothorax and scores the image."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from models.cards import ModelCard
from models.explained_layer import ExplainedLayer
from models.networks.encoder_stage import encoder_stage
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

    explained_layer_name = (
        "decoder stage at 1/8 resolution; encoder at 1/8 and 1/16, place by place (HiResCAM)"
    )
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
    def explained_layers(self) -> tuple[ExplainedLayer, ...]:
        """The decoder's stage at an eighth of the resolution, and the encoder's at an eighth and a sixteenth.

        Of all stages the decoder's map agrees best with the outlines of the validation films, but the image
        score sees it through the pixel logits alone.  What the score takes straight from the encoder's pooled
        features passes through the encoder's stages, whose maps say best what the score changes with.
        docs/explanations.md has the table.
        """
        encoder: nn.Module = self.network.encoder  # type: ignore[assignment]
        decoder: nn.ModuleList = self.network.decoder  # type: ignore[assignment]
        return (
            ExplainedLayer(decoder[1]),
            *(ExplainedLayer(encoder_stage(encoder, stride), by_place=True) for stride in (8, 16)),
        )

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
