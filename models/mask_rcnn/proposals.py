"""The region proposal network (Ren et al. 2015) on a feature pyramid."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision.ops import batched_nms

from models.mask_rcnn.boxes import cell_anchors, clip, decode, grid_anchors, nonempty
from models.mask_rcnn.config import MaskRcnnConfig

_UNIT_WEIGHTS = (1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class DenseProposals:
    """What the network says at every anchor, level by level.

    Attributes
    ----------
    anchors : list of Tensor [R_l, 4]
    objectness : list of Tensor [N, R_l]
        Logits.
    deltas : list of Tensor [N, R_l, 4]
    """

    anchors: list[Tensor]
    objectness: list[Tensor]
    deltas: list[Tensor]


class RpnHead(nn.Module):
    """3x3 convolution, then objectness and box regression at each place; one for all levels."""

    def __init__(self, channels: int, anchors: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.objectness_logits = nn.Conv2d(channels, anchors, 1)
        self.anchor_deltas = nn.Conv2d(channels, anchors * 4, 1)
        for layer in (self.conv, self.objectness_logits, self.anchor_deltas):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits [N, H * W * A] and deltas [N, H * W * A, 4] for `x` [N, channels, H, W]."""
        hidden = torch.relu(self.conv(x))
        logits = self.objectness_logits(hidden).permute(0, 2, 3, 1).flatten(1)
        deltas = self.anchor_deltas(hidden).permute(0, 2, 3, 1)
        return logits.float(), deltas.reshape(x.shape[0], -1, 4).float()


class AnchorGenerator(nn.Module):
    """The anchors of each level around the origin: constants that older checkpoints store by these names."""

    def __init__(self, config: MaskRcnnConfig) -> None:
        super().__init__()
        self.cell_anchors = nn.Module()
        for index, sizes in enumerate(config.anchor_sizes):
            cells = cell_anchors(sizes, config.anchor_ratios)
            self.cell_anchors.register_buffer(str(index), cells, persistent=False)


class ProposalGenerator(nn.Module):
    """Proposes regions that may hold something."""

    def __init__(self, config: MaskRcnnConfig) -> None:
        super().__init__()
        self.config = config
        self.anchor_generator = AnchorGenerator(config)
        self.rpn_head = RpnHead(config.fpn_channels, config.anchors)

    def dense(self, features: dict[int, Tensor]) -> DenseProposals:
        """Run the head on every level of `features` ({level: [N, C, H, W]})."""
        anchors, objectness, deltas = [], [], []
        for index, level in enumerate(self.config.rpn_levels):
            feature = features[level]
            cells = self.anchor_generator.cell_anchors.get_buffer(str(index))
            anchors.append(grid_anchors(feature.shape[-2], feature.shape[-1], 2**level, cells))
            logit, delta = self.rpn_head(feature)
            objectness.append(logit)
            deltas.append(delta)
        return DenseProposals(anchors, objectness, deltas)

    @torch.no_grad()
    def select(self, dense: DenseProposals, rows: int, columns: int) -> list[Tensor]:
        """Return each image's proposals [R, 4], the best first; non-maximum suppression level by level.

        Parameters
        ----------
        dense : DenseProposals
        rows, columns : int
            Of the image without padding: boxes are cut at its edges.
        """
        place = 0 if self.training else 1
        before, after = self.config.before_nms[place], self.config.after_nms[place]
        scores, boxes, levels = [], [], []
        for index, (anchors, logits, deltas) in enumerate(
            zip(dense.anchors, dense.objectness, dense.deltas, strict=True)
        ):
            best, which = logits.topk(min(before, logits.shape[1]), dim=1)
            chosen = torch.gather(deltas, 1, which[..., None].expand(-1, -1, 4))
            decoded = decode(chosen.reshape(-1, 4), anchors[which].reshape(-1, 4), _UNIT_WEIGHTS)
            scores.append(best)
            boxes.append(decoded.reshape(*which.shape, 4))
            levels.append(torch.full((which.shape[1],), index, device=which.device))
        level = torch.cat(levels)
        proposals = []
        for score, box in zip(torch.cat(scores, dim=1), torch.cat(boxes, dim=1), strict=True):
            keep = box.isfinite().all(dim=1) & score.isfinite()
            cut = clip(box, rows, columns)
            keep &= nonempty(cut)
            cut, score_kept, level_kept = cut[keep], score[keep], level[keep]
            order = batched_nms(cut, score_kept, level_kept, self.config.proposal_nms)[:after]
            proposals.append(cut[order])
        return proposals
