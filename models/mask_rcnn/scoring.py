"""From single detections to an image's score and its pixel probabilities."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

#: Detections that an image's score looks at.
_STRONGEST = 8
#: Log-odds of an image on which nothing at all is detected.
_NOTHING = -12.0


def image_logit(logits: Tensor) -> Tensor:
    """Return one image's log-odds: the odds of its strongest detections added up, a scalar.

    ``log(sum(exp(l)))`` is a smooth maximum: every strong detection counts, the strongest most.

    Parameters
    ----------
    logits : Tensor [R]
        Log-odds of its detections; R may be 0.
    """
    strongest = logits.topk(min(_STRONGEST, len(logits))).values
    return torch.logsumexp(torch.cat([strongest, strongest.new_full((1,), _NOTHING)]), dim=0)


def paste(masks: Tensor, boxes: Tensor, rows: int, columns: int) -> Tensor:
    """Sample each box's mask at the image's pixel centres, bilinearly, as Detectron2 does.

    Parameters
    ----------
    masks : Tensor [R, M, M]
        Probabilities on a grid that the box covers.
    boxes : Tensor [R, 4]
        ``(x0, y0, x1, y1)`` in pixels, of width and height above 0.
    rows, columns : int

    Returns
    -------
    Tensor [R, rows, columns]
        0 outside the box; a pixel that the box's edge runs through has a part of the mask's outermost value.
    """
    x0, y0, x1, y1 = boxes.unbind(dim=1)
    x = torch.arange(columns, device=boxes.device, dtype=torch.float32) + 0.5
    y = torch.arange(rows, device=boxes.device, dtype=torch.float32) + 0.5
    across = (x - x0[:, None]) / (x1 - x0)[:, None] * 2 - 1
    down = (y - y0[:, None]) / (y1 - y0)[:, None] * 2 - 1
    grid = torch.stack(
        [across[:, None, :].expand(-1, rows, -1), down[:, :, None].expand(-1, -1, columns)], dim=-1
    )
    pasted = F.grid_sample(masks[:, None], grid.to(masks.dtype), align_corners=False)[:, 0]
    # Coarse masks fade over half of one of their own cells: no further than to the next pixel.
    near = (x > x0.floor()[:, None] - 1) & (x < x1.ceil()[:, None] + 1)
    near_down = (y > y0.floor()[:, None] - 1) & (y < y1.ceil()[:, None] + 1)
    return pasted * (near[:, None, :] & near_down[:, :, None])


def pixel_probability(
    scores: Tensor, masks: Tensor, boxes: Tensor, rows: int, columns: int
) -> Tensor:
    """Return the probability that at least one detection holds each pixel, [rows, columns].

    ``1 - prod(1 - score * mask)`` over the detections, as if they were independent.  On the validation films
    its Dice stayed near its best over a wider range of thresholds than the highest product's did.

    Parameters
    ----------
    scores : Tensor [R]
    masks : Tensor [R, M, M]
        Probabilities.
    boxes : Tensor [R, 4]
    rows, columns : int
    """
    if not len(boxes):
        return boxes.new_zeros((rows, columns))
    held = paste(masks, boxes, rows, columns) * scores[:, None, None]
    # A detection that is certain to rounding must not end every other one's gradient.
    return -torch.expm1(torch.log1p(-held.clamp(max=1 - 1e-6)).sum(dim=0))
