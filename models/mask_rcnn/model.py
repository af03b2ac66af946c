"""A trained Mask R-CNN that finds pneumothoraces and scores the image, run by either engine."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from models.cards import ModelCard
from models.explained_layer import ExplainedLayer
from models.mask_rcnn.backbone import stage_of
from models.mask_rcnn.checkpoint import config_for, fill_from_tensors, read_checkpoint
from models.mask_rcnn.config import MaskRcnnConfig
from models.mask_rcnn.engines import build_network
from models.mask_rcnn.network import Detections
from models.mask_rcnn.scoring import image_logit, pixel_probability
from models.own_weights import stock_layout_card
from models.pneumothorax import PneumothoraxModel

#: Pixel probabilities nearer to 0 or 1 than this have the logit of this one.
_CERTAIN = 1e-4


class MaskRcnnModel(PneumothoraxModel):
    """Mask R-CNN with its card.

    A pixel's probability is that of at least one detection holding it, score times mask, so that one
    threshold suppresses both uncertain detections and the uncertain rims of certain ones.  The image score
    comes from the strongest detections and gates them all: an ungated Mask R-CNN finds something on
    nearly every film.

    Parameters
    ----------
    card : ModelCard
        Its options state the network under ``mask_rcnn``.
    weights : Path
        A checkpoint in Detectron2's key layout: safetensors, ``.pth`` or ``.pkl``; of the card's network or,
        unless `checked`, of Detectron2's ``mask_rcnn_R_50_FPN_3x`` with one class.
    device : torch.device
    checked : bool
        Whether the file must be the one that the card describes.
    engine : {"detectron2", "torchvision"} or None
        None takes Detectron2 where it can be imported.

    Raises
    ------
    ValueError
        If the card states no decision thresholds or an impossible network, or the weights cannot be used.
    """

    explained_layer_name = "backbone at 1/8, 1/16 and 1/32 resolution, place by place (HiResCAM)"

    def __init__(
        self,
        card: ModelCard,
        weights: Path,
        device: torch.device,
        *,
        checked: bool = True,
        engine: str | None = None,
    ) -> None:
        tensors = read_checkpoint(weights, card.sha256 if checked else None)
        stated = MaskRcnnConfig.from_options(card.options)
        config = config_for(tensors, stated, weights.name)
        if config is not stated:
            card = stock_layout_card(card, config)
        network = build_network(config, engine)
        fill_from_tensors(network, tensors, weights.name)
        super().__init__(card, network, device)
        self.engine = network.engine

    @property
    def explained_layers(self) -> tuple[ExplainedLayer, ...]:
        """The backbone's stages at strides 8, 16 and 32.

        The box head asks another question of each of the 7 x 7 places of a region, so that a channel's mean
        gradient over the film says little, and a detector's score hangs on a few regions: both speak for
        weighing place by place.  Of all stages and levels these, together, agreed best with the outlines of
        the validation films and changed the score most when taken away; docs/explanations.md has the table.
        """
        bottom_up = self.network.get_submodule("backbone.bottom_up")
        return tuple(ExplainedLayer(stage_of(bottom_up, level), by_place=True) for level in (3, 4, 5))

    def detect(self, batch: Tensor, outlined: bool = True) -> list[Detections]:
        """Return what is found on each film of a batch [N, 1, S, S], in that grid's pixels, ungated.

        Masks only where `outlined`: the image score does not look at them.
        """
        config: MaskRcnnConfig = self.network.config  # type: ignore[assignment]
        if config.channels > 1:
            # A network for colour pictures sees three equal channels of 0 to 255.
            batch = ((batch + 1) * 127.5).expand(-1, config.channels, -1, -1)
        found: list[Detections] = self.network.detect(batch, outlined)  # type: ignore[operator]
        return found

    def score(self, batch: Tensor, region: Tensor | None = None) -> Tensor:
        """Return one logit per film, see :meth:`PneumothoraxModel.score`.

        Which boxes there are, and where, is taken as given: gradients flow through scores and masks.
        """
        found = self.detect(batch, outlined=region is not None)
        if region is None:
            return self.calibrated(torch.stack([image_logit(each.logits) for each in found]))
        probability = self._probability(found, batch.shape[-2], batch.shape[-1])[:, region]
        return torch.logit(probability, eps=_CERTAIN).mean(dim=1)

    def answer(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Return pixel probabilities and image logits, see :meth:`PneumothoraxModel.answer`."""
        found = self.detect(batch)
        logits = torch.stack([image_logit(each.logits) for each in found])
        return self._probability(found, batch.shape[-2], batch.shape[-1]), self.calibrated(logits)

    def _probability(self, found: list[Detections], rows: int, columns: int) -> Tensor:
        return torch.stack(
            [
                pixel_probability(each.scores, torch.sigmoid(each.masks), each.boxes, rows, columns)
                for each in found
            ]
        )
