"""Losses for masks and image scores."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def soft_dice_loss(logits: Tensor, target: Tensor, smooth: float = 1.0) -> Tensor:
    """Return ``1 - (2 sum(p t) + s) / (sum(p) + sum(t) + s)`` per film, [N] (Milletari et al. 2016).

    Parameters
    ----------
    logits, target : Tensor [N, H, W]
        Target in 0..1.
    """
    probability = torch.sigmoid(logits).flatten(1)
    flat = target.flatten(1)
    overlap = 2.0 * (probability * flat).sum(dim=1) + smooth
    return 1.0 - overlap / (probability.sum(dim=1) + flat.sum(dim=1) + smooth)


def dice_bce(logits: Tensor, target: Tensor, positive: Tensor) -> Tensor:
    """Return Dice + 2 BCE per film, [N]; an empty film has BCE alone.

    The Dice of an empty target is decided by a single false pixel: a gradient that drowns
    the others.  The image-level head and BCE teach emptiness instead.

    Parameters
    ----------
    logits, target : Tensor [N, H, W]
        Target in 0..1.
    positive : Tensor of bool [N]
        Whether anything is drawn on the film.
    """
    bce = F.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(dim=(1, 2))
    return 2.0 * bce + torch.where(positive, soft_dice_loss(logits, target), torch.zeros_like(bce))
