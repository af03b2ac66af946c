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
    weight = _box(inside, width).clamp_min(1e-6)
    smooth = film * inside
    for _ in range(2):
        smooth = _box(smooth, width) / weight * inside
    return torch.where(inside.bool(), smooth, film)


def _box(grids: Tensor, width: int) -> Tensor:
    """Return means over squares of `width` pixels, 0 beyond the edge: rows first, then columns."""
    rows = F.avg_pool2d(grids, (width, 1), stride=1, padding=(width // 2, 0))
    return F.avg_pool2d(rows, (1, width), stride=1, padding=(0, width // 2))
