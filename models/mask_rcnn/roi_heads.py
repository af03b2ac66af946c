"""What is asked of each region: class, box, mask."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.ops import roi_align

from models.mask_rcnn.config import MaskRcnnConfig

#: A region of this edge is pooled from this level (Lin et al. 2017, equation 1).
_CANONICAL_EDGE, _CANONICAL_LEVEL = 224.0, 4


class BoxHead(nn.Module):
    """Fully connected layers on a pooled region."""

    def __init__(self, config: MaskRcnnConfig) -> None:
        super().__init__()
        width = config.fpn_channels * config.box_pool**2
        self._count = config.box_fc
        for place in range(1, config.box_fc + 1):
            layer = nn.Linear(width, config.box_width)
            nn.init.kaiming_uniform_(layer.weight, a=1)
            nn.init.zeros_(layer.bias)
            self.add_module(f"fc{place}", layer)
            width = config.box_width

    def forward(self, pooled: Tensor) -> Tensor:
        """Return features [R, box_width] for `pooled` [R, C, box_pool, box_pool]."""
        x = pooled.flatten(1)
        for place in range(1, self._count + 1):
            x = torch.relu(self.get_submodule(f"fc{place}")(x))
        return x


class BoxPredictor(nn.Module):
    """Class logits, the background last, and a regression for each class."""

    def __init__(self, config: MaskRcnnConfig) -> None:
        super().__init__()
        self.cls_score = nn.Linear(config.box_width, config.classes + 1)
        self.bbox_pred = nn.Linear(config.box_width, 4 * config.classes)
        nn.init.normal_(self.cls_score.weight, std=0.01)
        nn.init.normal_(self.bbox_pred.weight, std=0.001)
        nn.init.zeros_(self.cls_score.bias)
        nn.init.zeros_(self.bbox_pred.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits [R, classes + 1] and deltas [R, 4 * classes], float32."""
        return self.cls_score(x).float(), self.bbox_pred(x).float()


class MaskHead(nn.Module):
    """Convolutions, a doubling of the resolution, and a mask logit for each class."""

    def __init__(self, config: MaskRcnnConfig) -> None:
        super().__init__()
        self._count = config.mask_convs
        width = config.fpn_channels
        layers: list[nn.Conv2d | nn.ConvTranspose2d] = []
        for place in range(1, config.mask_convs + 1):
            layers.append(nn.Conv2d(width, config.mask_channels, 3, padding=1))
            self.add_module(f"mask_fcn{place}", layers[-1])
            width = config.mask_channels
        self.deconv = nn.ConvTranspose2d(width, config.mask_channels, 2, stride=2)
        self.predictor = nn.Conv2d(config.mask_channels, config.classes, 1)
        for layer in (*layers, self.deconv):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        nn.init.normal_(self.predictor.weight, std=0.001)
        nn.init.zeros_(self.predictor.bias)  # type: ignore[arg-type]

    def forward(self, pooled: Tensor) -> Tensor:
        """Return logits [R, classes, 2 M, 2 M] for `pooled` [R, C, M, M]."""
        x = pooled
        for place in range(1, self._count + 1):
            x = torch.relu(self.get_submodule(f"mask_fcn{place}")(x))
        logits: Tensor = self.predictor(torch.relu(self.deconv(x)))
        return logits.float()


class RoiHeads(nn.Module):
    """The heads and the pooling that feeds them."""

    def __init__(self, config: MaskRcnnConfig) -> None:
        super().__init__()
        self.config = config
        self.box_head = BoxHead(config)
        self.box_predictor = BoxPredictor(config)
        self.mask_head = MaskHead(config)

    def classify(self, features: dict[int, Tensor], boxes: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return class logits [R, classes + 1] and deltas [R, 4 * classes] of all images' boxes together."""
        pooled = pool(features, boxes, self.config.roi_levels, self.config.box_pool)
        logits, deltas = self.box_predictor(self.box_head(pooled))
        return logits, deltas

    def outline(self, features: dict[int, Tensor], boxes: Sequence[Tensor]) -> Tensor:
        """Return mask logits [R, classes, M, M] of all images' boxes together."""
        pooled = pool(features, boxes, self.config.roi_levels, self.config.mask_pool)
        logits: Tensor = self.mask_head(pooled)
        return logits


def pool(
    features: dict[int, Tensor], boxes: Sequence[Tensor], levels: tuple[int, ...], edge: int
) -> Tensor:
    """Return the regions' features, float32 [R, C, edge, edge].

    Aligned, and sampled as densely as the region is large (``sampling_ratio`` 0), as Detectron2 does.

    Parameters
    ----------
    features : dict of int to Tensor [N, C, H, W]
        By level.
    boxes : sequence of Tensor [R_n, 4]
        One an image, in input pixels.
    levels : tuple of int
        Levels to pool from; large regions from coarse ones.
    edge : int
    """
    count = [len(each) for each in boxes]
    image = torch.repeat_interleave(torch.arange(len(boxes)), torch.tensor(count)).to(boxes[0])
    flat = torch.cat(list(boxes))
    regions = torch.cat([image[:, None], flat], dim=1)
    size = torch.sqrt((flat[:, 2] - flat[:, 0]) * (flat[:, 3] - flat[:, 1]))
    wanted = torch.floor(_CANONICAL_LEVEL + torch.log2(size / _CANONICAL_EDGE + 1e-8))
    level = wanted.clamp(levels[0], levels[-1])
    channels = features[levels[0]].shape[1]
    # Interpolated weights need more digits than half precision has.
    pooled = flat.new_zeros((len(flat), channels, edge, edge), dtype=torch.float32)
    for each in levels:
        which = torch.nonzero(level == each)[:, 0]
        part = roi_align(
            features[each].float(), regions[which].float(), (edge, edge), 1.0 / 2**each,
            sampling_ratio=0, aligned=True,
        )  # fmt: skip
        pooled = pooled.index_put((which,), part)
    return pooled
