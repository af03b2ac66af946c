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


def focal_bce(logits: Tensor, target: Tensor, gamma: float, alpha: float = 0.5) -> Tensor:
    """Return the focal loss averaged over each film's pixels, [N] (Lin et al. 2017, equation 5).

    ``-2 alpha_t (1 - p_t)^gamma log(p_t)`` with ``p_t`` the probability of the truth and ``alpha_t`` =
    `alpha` where the truth is 1 and ``1 - alpha`` where it is 0.  The factor 2, which is not in the
    paper, makes `gamma` = 0, `alpha` = 0.5 the plain binary cross entropy.

    Parameters
    ----------
    logits, target : Tensor [N, H, W]
        Target in 0..1.
    gamma : float
        How much pixels that are right already are held back; 0 not at all.
    alpha : float
        Weight of the drawn pixels against the others.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    weight = 2.0 * (alpha * target + (1.0 - alpha) * (1.0 - target))
    miss = (torch.sigmoid(logits) - target).abs()
    return (weight * miss**gamma * entropy).mean(dim=(1, 2))


def dice_bce(
    logits: Tensor, target: Tensor, positive: Tensor, gamma: float = 0.0, alpha: float = 0.5
) -> Tensor:
    """Return Dice + 2 BCE per film, [N]; an empty film has BCE alone.

    The Dice of an empty target is decided by a single false pixel: a gradient that drowns
    the others.  The image-level head and BCE teach emptiness instead.

    Parameters
    ----------
    logits, target : Tensor [N, H, W]
        Target in 0..1.
    positive : Tensor of bool [N]
        Whether anything is drawn on the film.
    gamma, alpha : float
        Of the focal loss that takes BCE's place where `gamma` is above 0.
    """
    if gamma > 0:
        bce = focal_bce(logits, target, gamma, alpha)
    else:
        bce = F.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(dim=(1, 2))
    return 2.0 * bce + torch.where(positive, soft_dice_loss(logits, target), torch.zeros_like(bce))
