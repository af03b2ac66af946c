"""Mask R-CNN from torchvision's operations, with Detectron2's names for every tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import batched_nms

from models.mask_rcnn.backbone import FeaturePyramid
from models.mask_rcnn.boxes import clip, decode, nonempty
from models.mask_rcnn.config import MaskRcnnConfig
from models.mask_rcnn.losses import Target, losses
from models.mask_rcnn.proposals import ProposalGenerator
from models.mask_rcnn.roi_heads import RoiHeads


@dataclass(frozen=True, eq=False)
class Detections:
    """What was found on one image, the most certain first.

    Attributes
    ----------
    boxes : Tensor [R, 4]
        ``(x0, y0, x1, y1)`` in input pixels; never differentiable.
    logits : Tensor [R]
        Log-odds of each one's class against all others and the background.
    classes : Tensor of int64 [R]
    masks : Tensor [R, M, M]
        Mask logits within the box, on a grid of its own.
    """

    boxes: Tensor
    logits: Tensor
    classes: Tensor
    masks: Tensor

    @property
    def scores(self) -> Tensor:
        """Probability of each one's class, [R]."""
        return torch.sigmoid(self.logits)


class MaskRcnn(nn.Module):
    """Mask R-CNN (He et al. 2017) with a feature pyramid.

    ``state_dict`` has the keys and shapes of Detectron2's ``GeneralizedRCNN`` built from the same settings.

    Parameters
    ----------
    config : MaskRcnnConfig

    Raises
    ------
    ValueError
        If the backbone is unknown or has no features at one of the strides.
    """

    #: Which of several implementations this is.
    engine = "torchvision"
    #: The part that training begins with other networks' weights.
    pretrained = "backbone.bottom_up"

    def __init__(self, config: MaskRcnnConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = FeaturePyramid(config)
        self.proposal_generator = ProposalGenerator(config)
        self.roi_heads = RoiHeads(config)
        for name, values in (("pixel_mean", config.pixel_mean), ("pixel_std", config.pixel_std)):
            self.register_buffer(name, torch.tensor(values).view(-1, 1, 1), persistent=False)

    @overload
    def forward(self, x: Tensor, targets: None = None) -> list[Detections]: ...
    @overload
    def forward(self, x: Tensor, targets: Sequence[Target]) -> dict[str, Tensor]: ...
    def forward(
        self, x: Tensor, targets: Sequence[Target] | None = None
    ) -> list[Detections] | dict[str, Tensor]:
        """Detect, or return the training losses where `targets` are given.

        Parameters
        ----------
        x : Tensor [N, channels, H, W]
            As the configuration's pixel mean and standard deviation expect it.
        targets : sequence of Target or None
            One an image.
        """
        if targets is not None:
            return losses(self, x, targets)
        return self.detect(x)

    def features(self, x: Tensor) -> dict[int, Tensor]:
        """Return the pyramid's levels {2 .. 6: [N, C, H, W]}; images are padded to multiples of 32."""
        normalised = (x - self.pixel_mean) / self.pixel_std  # type: ignore[operator]
        rows, columns = x.shape[-2:]
        out: dict[int, Tensor] = self.backbone(F.pad(normalised, (0, -columns % 32, 0, -rows % 32)))
        return out

    def detect(self, x: Tensor, outlined: bool = True) -> list[Detections]:
        """Return what is found on each image of `x` [N, channels, H, W].

        Logits and masks can be differentiated with respect to `x`; boxes, and which of them are kept, are
        taken as given.  Unless `outlined`, masks are left out, for speed: M is 0 then.
        """
        rows, columns = x.shape[-2:]
        features = self.features(x)
        proposals = self.proposal_generator.select(self.proposal_generator.dense(features), rows, columns)
        logits, deltas = self.roi_heads.classify(features, proposals)
        counts = [len(each) for each in proposals]
        kept = [
            self._suppress(*each, rows, columns)
            for each in zip(proposals, torch.split(logits, counts), torch.split(deltas, counts), strict=True)
        ]
        if not outlined:
            return [
                Detections(boxes, odds, classes, odds.new_zeros((len(boxes), 0, 0)))
                for boxes, odds, classes in kept
            ]
        masks = self.roi_heads.outline(features, [boxes for boxes, _, _ in kept])
        counts = [len(boxes) for boxes, _, _ in kept]
        return [
            Detections(boxes, odds, classes, mask[torch.arange(len(boxes)), classes])
            for (boxes, odds, classes), mask in zip(kept, torch.split(masks, counts), strict=True)
        ]

    def _suppress(
        self, proposals: Tensor, logits: Tensor, deltas: Tensor, rows: int, columns: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return boxes, log-odds and classes of one image after non-maximum suppression by class."""
        config = self.config
        with torch.no_grad():
            boxes = decode(deltas, proposals, config.box_weights)
            finite = boxes.isfinite().all(dim=1) & logits.isfinite().all(dim=1)
            boxes, scores = boxes[finite], logits[finite].softmax(dim=1)[:, :-1]
            boxes = clip(boxes.reshape(-1, config.classes, 4), rows, columns)
            place, label = torch.nonzero(scores > config.score_threshold, as_tuple=True)
            chosen, score = boxes[place, label], scores[place, label]
            keep = batched_nms(chosen, score, label, config.detection_nms)[: config.detections]
            # Only now, as Detectron2 does: an empty box suppresses nothing but takes a place.
            keep = keep[nonempty(chosen[keep])]
            # Last of all, so that they count among the detections kept, as Detectron2 does it.
            keep = keep[nonempty(chosen[keep])]
            place, label, chosen = place[keep], label[keep], chosen[keep]
        return chosen, log_odds(logits[finite][place], label), label


def log_odds(logits: Tensor, label: Tensor) -> Tensor:
    """Return ``log(p / (1 - p))`` of the softmax probability of each row's label, [R]."""
    own = logits.gather(1, label[:, None])[:, 0]
    others = logits.scatter(1, label[:, None], -torch.inf)
    return own - torch.logsumexp(others, dim=1)
