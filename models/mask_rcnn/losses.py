"""What training minimises: Detectron2's five losses, and one for labels that know the film alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import box_iou, roi_align

from models.mask_rcnn.boxes import encode
from models.mask_rcnn.proposals import DenseProposals
from models.mask_rcnn.scoring import image_logit

if TYPE_CHECKING:
    from models.mask_rcnn.network import MaskRcnn

#: Overlap below which an anchor is background, and from which it is foreground; between them it is left out.
ANCHOR_BACKGROUND, ANCHOR_FOREGROUND = 0.3, 0.7
#: Overlap from which a proposal is foreground.
ROI_FOREGROUND = 0.5
#: Proposals that an image's score looks at in training.
_SCORED_PROPOSALS = 24


@dataclass(frozen=True, eq=False)
class Target:
    """The truth about one image.

    Attributes
    ----------
    boxes : Tensor [G, 4]
    classes : Tensor of int64 [G]
    masks : Tensor of bool [G, H, W]
    outlined : bool
        Whether the instances are known: an image of which only a label is known teaches its score alone.
    label : float or None
        Probability that anything is there, for the image's score; None leaves that loss out.
    weight : float
        Of the image's score.
    """

    boxes: Tensor
    classes: Tensor
    masks: Tensor
    outlined: bool = True
    label: float | None = None
    weight: float = 1.0


@torch.no_grad()
def label_anchors(boxes: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor]:
    """Match anchors with true boxes (Ren et al. 2015, 3.1.2).

    Every true box has at least the anchors that overlap it most, however little that is.

    Parameters
    ----------
    boxes : Tensor [G, 4]
    anchors : Tensor [R, 4]

    Returns
    -------
    labels : Tensor of int64 [R]
        1 foreground, 0 background, -1 neither.
    matched : Tensor of int64 [R]
        Index of the box that each anchor overlaps most; 0 where there is none.
    """
    labels = torch.zeros(len(anchors), dtype=torch.int64, device=anchors.device)
    if not len(boxes):
        return labels, torch.zeros_like(labels)
    overlap = box_iou(boxes, anchors)
    best, matched = overlap.max(dim=0)
    labels[best >= ANCHOR_BACKGROUND] = -1
    labels[best >= ANCHOR_FOREGROUND] = 1
    labels[(overlap == overlap.amax(dim=1, keepdim=True)).any(dim=0)] = 1
    return labels, matched


@torch.no_grad()
def sample(
    labels: Tensor, background: int, count: int, positive: float, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Draw indices of foreground and background, at most `count` in all.

    Parameters
    ----------
    labels : Tensor of int64 [R]
        -1 is never drawn.
    background : int
        Label of the background; every other but -1 is foreground.
    count : int
    positive : float
        Largest share of foreground; what is lacking is filled with background.
    generator : torch.Generator or None
        None takes torch's own.
    """
    foreground = torch.nonzero((labels != -1) & (labels != background))[:, 0]
    others = torch.nonzero(labels == background)[:, 0]
    wanted = min(len(foreground), int(count * positive))
    rest = min(len(others), count - wanted)

    def some(indices: Tensor, number: int) -> Tensor:
        order = torch.randperm(len(indices), generator=generator).to(indices.device)
        return indices[order[:number]]

    return some(foreground, wanted), some(others, rest)


def losses(
    network: MaskRcnn, x: Tensor, targets: Sequence[Target], generator: torch.Generator | None = None
) -> dict[str, Tensor]:
    """Return Detectron2's losses under its names, and ``loss_image``.

    Parameters
    ----------
    network : MaskRcnn
        In training mode.
    x : Tensor [N, channels, H, W]
    targets : sequence of Target
    generator : torch.Generator or None
        Draws the samples; None takes torch's own.

    Returns
    -------
    dict of str to Tensor
        Scalars: ``loss_rpn_cls``, ``loss_rpn_loc``, ``loss_cls``, ``loss_box_reg``, ``loss_mask`` and
        ``loss_image``.
    """
    features = network.features(x)
    dense = network.proposal_generator.dense(features)
    out = proposal_losses(network, dense, targets, generator)
    proposals = network.proposal_generator.select(dense, x.shape[-2], x.shape[-1])
    drawn = [
        _draw_rois(network, boxes, target, generator)
        for boxes, target in zip(proposals, targets, strict=True)
    ]
    scored = [
        boxes[:_SCORED_PROPOSALS] if target.label is not None else boxes[:0]
        for boxes, target in zip(proposals, targets, strict=True)
    ]
    asked = [torch.cat([rois.boxes, more]) for rois, more in zip(drawn, scored, strict=True)]
    logits, deltas = network.roi_heads.classify(features, asked)
    counts = [len(boxes) for boxes in asked]
    each_logits, each_deltas = torch.split(logits, counts), torch.split(deltas, counts)
    out |= _region_losses(network, drawn, each_logits, each_deltas)
    out["loss_mask"] = _mask_loss(network, features, drawn, targets)
    out["loss_image"] = _image_loss(drawn, each_logits, targets)
    return out


def proposal_losses(
    network: MaskRcnn, dense: DenseProposals, targets: Sequence[Target], generator: torch.Generator | None
) -> dict[str, Tensor]:
    """Return the objectness and the box loss of the anchors drawn, over their number as asked for."""
    config = network.config
    anchors = torch.cat(dense.anchors)
    objectness, deltas = torch.cat(dense.objectness, dim=1), torch.cat(dense.deltas, dim=1)
    classification = objectness.sum() * 0
    localisation = deltas.sum() * 0
    known = [index for index, target in enumerate(targets) if target.outlined]
    for index in known:
        boxes = targets[index].boxes
        labels, matched = label_anchors(boxes, anchors)
        positive, negative = sample(labels, 0, config.anchors_sampled, config.anchors_positive, generator)
        both = torch.cat([positive, negative])
        truth = (labels[both] == 1).float()
        classification = classification + F.binary_cross_entropy_with_logits(
            objectness[index, both], truth, reduction="sum"
        )
        if len(positive):
            wanted = encode(boxes[matched[positive]], anchors[positive], (1.0, 1.0, 1.0, 1.0))
            localisation = localisation + (deltas[index, positive] - wanted).abs().sum()
    count = config.anchors_sampled * max(1, len(known))
    return {"loss_rpn_cls": classification / count, "loss_rpn_loc": localisation / count}


@dataclass(frozen=True, eq=False)
class _Rois:
    """Regions drawn from one image, the foreground first."""

    boxes: Tensor
    labels: Tensor
    matched: Tensor
    #: The true boxes that they are matched with; of background, any.
    truth: Tensor


@torch.no_grad()
def _draw_rois(
    network: MaskRcnn, proposals: Tensor, target: Target, generator: torch.Generator | None
) -> _Rois:
    config = network.config
    if not target.outlined:
        none = torch.zeros(0, dtype=torch.int64, device=proposals.device)
        return _Rois(proposals[:0], none, none, proposals[:0])
    # True boxes are proposals too: at first no other comes near them.
    boxes = torch.cat([proposals, target.boxes])
    labels = torch.full((len(boxes),), config.classes, dtype=torch.int64, device=boxes.device)
    matched = torch.zeros_like(labels)
    if len(target.boxes):
        overlap, matched = box_iou(target.boxes, boxes).max(dim=0)
        labels = torch.where(overlap >= ROI_FOREGROUND, target.classes[matched], labels)
    chosen = torch.cat(
        sample(labels, config.classes, config.rois_sampled, config.rois_positive, generator)
    )
    matched = matched[chosen]
    truth = target.boxes[matched] if len(target.boxes) else boxes[chosen]
    return _Rois(boxes[chosen], labels[chosen], matched, truth)


def _region_losses(
    network: MaskRcnn, drawn: Sequence[_Rois], logits: Sequence[Tensor], deltas: Sequence[Tensor]
) -> dict[str, Tensor]:
    """Return the class and the box loss, both over the number of regions drawn."""
    config = network.config
    logit = torch.cat([each[: len(rois.boxes)] for each, rois in zip(logits, drawn, strict=True)])
    delta = torch.cat([each[: len(rois.boxes)] for each, rois in zip(deltas, drawn, strict=True)])
    labels = torch.cat([rois.labels for rois in drawn])
    if not len(labels):
        return {"loss_cls": logit.sum() * 0, "loss_box_reg": delta.sum() * 0}
    foreground = torch.nonzero(labels < config.classes)[:, 0]
    boxes = torch.cat([rois.boxes for rois in drawn])[foreground]
    truth = torch.cat([rois.truth for rois in drawn])[foreground]
    own = delta.reshape(-1, config.classes, 4)[foreground, labels[foreground]]
    distance = (own - encode(truth, boxes, config.box_weights)).abs().sum()
    return {"loss_cls": F.cross_entropy(logit, labels), "loss_box_reg": distance / len(labels)}


def _mask_loss(
    network: MaskRcnn, features: dict[int, Tensor], drawn: Sequence[_Rois], targets: Sequence[Target]
) -> Tensor:
    """Return the binary cross entropy of the foreground regions' masks, each of its own class."""
    classes = network.config.classes
    foreground = [rois.labels < classes for rois in drawn]
    boxes = [rois.boxes[which] for rois, which in zip(drawn, foreground, strict=True)]
    logits = network.roi_heads.outline(features, boxes)
    if not len(logits):
        return logits.sum() * 0
    labels = torch.cat([rois.labels[which] for rois, which in zip(drawn, foreground, strict=True)])
    truth = torch.cat(
        [
            crop_masks(target.masks[rois.matched[which]], rois.boxes[which], logits.shape[-1])
            for rois, which, target in zip(drawn, foreground, targets, strict=True)
        ]
    )
    own = logits[torch.arange(len(logits)), labels]
    return F.binary_cross_entropy_with_logits(own, truth.float())


def crop_masks(masks: Tensor, boxes: Tensor, edge: int) -> Tensor:
    """Return what each box sees of its mask, bool [R, edge, edge].

    Parameters
    ----------
    masks : Tensor of bool [R, H, W]
    boxes : Tensor [R, 4]
    edge : int
    """
    own = torch.arange(len(boxes), device=boxes.device, dtype=boxes.dtype)[:, None]
    regions = torch.cat([own, boxes], dim=1)
    seen: Tensor = roi_align(
        masks[:, None].float(), regions, (edge, edge), 1.0, sampling_ratio=0, aligned=True
    )
    return seen[:, 0] >= 0.5


def _image_loss(drawn: Sequence[_Rois], logits: Sequence[Tensor], targets: Sequence[Target]) -> Tensor:
    """Return the binary cross entropy of the image scores, made of the best proposals' class logits."""
    parts = []
    for rois, logit, target in zip(drawn, logits, targets, strict=True):
        if target.label is None:
            continue
        scored = logit[len(rois.boxes) :]
        odds = torch.logsumexp(scored[:, :-1], dim=1) - scored[:, -1]
        truth = odds.new_tensor(target.label)
        parts.append(target.weight * F.binary_cross_entropy_with_logits(image_logit(odds), truth))
    return torch.stack(parts).mean() if parts else logits[0].sum() * 0
