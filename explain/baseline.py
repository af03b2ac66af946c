"""What stands for "nothing there"."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

#: Edge of the box filter, as a share of the grid's.
BLUR_SHARE = 1 / 8
#: In captions.
BLURRED = "blurred film"


def blurred(film: Tensor, content: NDArray[np.bool_], share: float = BLUR_SHARE) -> Tensor:
    """Return the film without fine structure: a box filter, twice.

    Lung, heart and chest wall keep their place and their grey; pleural lines, vessels, ribs and
    drains are gone.  Black would be no such thing: air is black.  The padding stays as it is and does
    not bleed into the film.

    Parameters
    ----------
    film : Tensor, shape [N, 1, S, S]
    content : ndarray of bool, shape [S, S]
        False in the padding.
    share : float
        The filter's edge, as a share of the grid's.

    Returns
    -------
    Tensor, shape [N, 1, S, S]
    """
    inside = torch.from_numpy(content).to(film)[None, None]
    width = int(film.shape[-1] * share) | 1
    smooth = film * inside
    for _ in range(2):
        weight = F.avg_pool2d(inside, width, stride=1, padding=width // 2)
        smooth = F.avg_pool2d(smooth, width, stride=1, padding=width // 2) / weight.clamp_min(1e-6) * inside
    return torch.where(inside.bool(), smooth, film)
