"""Figures of merit for the outline, film by film."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training.metrics import dice


@dataclass(frozen=True)
class PixelFigures:
    """How one film's mask compares with its reference.

    Attributes
    ----------
    dice, iou : float
        1 when both masks are empty.
    accuracy : float
        Share of pixels called rightly.
    false_positive_share : float
        Share of the film wrongly called pneumothorax.
    reference_share : float
        Share of the film that the reference covers.
    """

    dice: float
    iou: float
    accuracy: float
    false_positive_share: float
    reference_share: float


def pixel_figures(predicted: NDArray[np.bool_], reference: NDArray[np.bool_]) -> PixelFigures:
    """Compare two masks, bool [H, W]."""
    union = int((predicted | reference).sum())
    both = int((predicted & reference).sum())
    return PixelFigures(
        dice=dice(predicted, reference),
        iou=both / union if union else 1.0,
        accuracy=float((predicted == reference).mean()),
        false_positive_share=float((predicted & ~reference).mean()),
        reference_share=float(reference.mean()),
    )


#: Upper bounds, as a share of the film, of "small" and "medium": the thirds of the SIIM-ACR masks in the
#: run-length file (2,639 films with a pneumothorax).
SMALL, MEDIUM = 0.0051, 0.0134


def size_class(reference_share: float) -> str:
    """Return ``"small"``, ``"medium"`` or ``"large"`` by the area that was drawn."""
    if reference_share < SMALL:
        return "small"
    return "medium" if reference_share < MEDIUM else "large"
