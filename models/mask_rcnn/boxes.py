"""Anchors and box arithmetic, numerically as Detectron2 does it.

Boxes are ``(x0, y0, x1, y1)`` in input pixels; pixel ``(r, c)`` covers ``[c, c + 1] x [r, r + 1]``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from models.mask_rcnn.config import SCALE_CLAMP


def cell_anchors(sizes: tuple[float, ...], ratios: tuple[float, ...]) -> Tensor:
    """Return anchors around the origin, float32 [len(sizes) * len(ratios), 4]; nothing is rounded.

    Parameters
    ----------
    sizes : tuple of float
        Square roots of the areas; all ratios of the first size come first.
    ratios : tuple of float
        Height over width.
    """
    anchors = []
    for size in sizes:
        for ratio in ratios:
            width = math.sqrt(size**2 / ratio)
            height = ratio * width
            anchors.append([-width / 2, -height / 2, width / 2, height / 2])
    return torch.tensor(anchors, dtype=torch.float32)


def grid_anchors(rows: int, columns: int, stride: int, cells: Tensor) -> Tensor:
    """Return the anchors of a level, [rows * columns * A, 4]: row by row, all anchors of a place together.

    The first is centred on the image's corner (Detectron2's ``ANCHOR_GENERATOR.OFFSET`` is 0).

    Parameters
    ----------
    rows, columns : int
        Of the level's feature map.
    stride : int
        Input pixels per feature pixel.
    cells : Tensor [A, 4]
        See :func:`cell_anchors`.
    """
    x = torch.arange(columns, dtype=torch.float32, device=cells.device) * stride
    y = torch.arange(rows, dtype=torch.float32, device=cells.device) * stride
    down, across = torch.meshgrid(y, x, indexing="ij")
    shifts = torch.stack([across, down, across, down], dim=-1).reshape(-1, 1, 4)
    return (shifts + cells).reshape(-1, 4)


def decode(deltas: Tensor, boxes: Tensor, weights: tuple[float, float, float, float]) -> Tensor:
    """Move and stretch `boxes` by predicted deltas (Girshick et al. 2014, appendix C).

    ``x = dx w + x0``, ``w' = w exp(dw)``; the growth is clamped at 1000 / 16.

    Parameters
    ----------
    deltas : Tensor [N, 4 * K]
        ``(dx, dy, dw, dh)``, scaled by `weights`, for each of K classes.
    boxes : Tensor [N, 4]
    weights : tuple of float

    Returns
    -------
    Tensor [N, 4 * K]
        float32.
    """
    deltas, boxes = deltas.float(), boxes.float()
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    x, y = boxes[:, 0] + 0.5 * width, boxes[:, 1] + 0.5 * height
    dx, dy = deltas[:, 0::4] / weights[0], deltas[:, 1::4] / weights[1]
    dw = (deltas[:, 2::4] / weights[2]).clamp(max=SCALE_CLAMP)
    dh = (deltas[:, 3::4] / weights[3]).clamp(max=SCALE_CLAMP)
    new_x, new_y = dx * width[:, None] + x[:, None], dy * height[:, None] + y[:, None]
    new_width, new_height = dw.exp() * width[:, None], dh.exp() * height[:, None]
    corners = (
        new_x - 0.5 * new_width, new_y - 0.5 * new_height, new_x + 0.5 * new_width, new_y + 0.5 * new_height
    )  # fmt: skip
    return torch.stack(corners, dim=-1).reshape(deltas.shape)


def encode(targets: Tensor, boxes: Tensor, weights: tuple[float, float, float, float]) -> Tensor:
    """Return the deltas [N, 4] that turn `boxes` into `targets`: the inverse of :func:`decode`.

    Parameters
    ----------
    targets, boxes : Tensor [N, 4]
        Neither of width or height 0.
    weights : tuple of float
    """
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    x, y = boxes[:, 0] + 0.5 * width, boxes[:, 1] + 0.5 * height
    new_width, new_height = targets[:, 2] - targets[:, 0], targets[:, 3] - targets[:, 1]
    new_x, new_y = targets[:, 0] + 0.5 * new_width, targets[:, 1] + 0.5 * new_height
    return torch.stack(
        [
            weights[0] * (new_x - x) / width,
            weights[1] * (new_y - y) / height,
            weights[2] * torch.log(new_width / width),
            weights[3] * torch.log(new_height / height),
        ],
        dim=1,
    )


def clip(boxes: Tensor, rows: int, columns: int) -> Tensor:
    """Return `boxes` [..., 4] cut at the edges of the image."""
    limits = boxes.new_tensor([columns, rows, columns, rows])
    return torch.minimum(boxes.clamp(min=0), limits)


def nonempty(boxes: Tensor) -> Tensor:
    """Return bool [N]: which boxes [N, 4] have a width and a height above 0."""
    return (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
