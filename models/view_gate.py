"""Is this picture a frontal chest film at all?  What is not is refused, with the reason."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.lung_fields import ChestView

#: Both lung fields together cover at least this share of a frontal film.
SMALLEST_LUNG_SHARE = 0.04
#: Each side shows at least this much, even when one lung is opaque.
SMALLEST_SIDE_SHARE = 0.004
#: Fewer grey levels than this is no photograph of anything.
FEWEST_GREY_LEVELS = 12


def blank_reason(pixels: NDArray[np.float32]) -> str | None:
    """Return why a picture holds nothing to look at, or None.

    Parameters
    ----------
    pixels : ndarray of float32, shape [H, W]
    """
    step = max(1, min(pixels.shape) // 256)
    sample = pixels[::step, ::step]
    if min(pixels.shape) < 64:
        return f"the picture is only {pixels.shape[1]} × {pixels.shape[0]} pixels"
    if np.unique(np.round(sample * 255)).size < FEWEST_GREY_LEVELS:
        return "the picture is blank or has only a few grey levels"
    return None


def refusal_reason(view: ChestView) -> str | None:
    """Return why a picture is not scored as a frontal chest film, or None.

    Parameters
    ----------
    view : ChestView
        What the lung network sees in it.
    """
    if view.frontal_logit < 0.0:
        return (
            "this does not look like an upright frontal chest film "
            "(a lateral view, another body part, a turned or an inverted picture?)"
        )
    right, left = (float(field.mean()) for field in (view.lungs.right, view.lungs.left))
    if right + left < SMALLEST_LUNG_SHARE or min(right, left) < SMALLEST_SIDE_SHARE:
        return "two lung fields could not be found in this picture"
    return None
