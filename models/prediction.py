"""What a model returns: plain data in the source image's own grid."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Side(StrEnum):
    """The patient's side, never the side of the screen."""

    RIGHT = "right"
    LEFT = "left"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Box:
    """Half-open box in pixel indices: rows ``top..bottom-1``, columns ``left..right-1``."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, mask: NDArray[np.bool_]) -> Box:
        """Return the tightest box around the true pixels of `mask`.

        Parameters
        ----------
        mask : ndarray of bool, shape [H, W]

        Raises
        ------
        ValueError
            If no pixel of `mask` is true.
        """
        rows = np.flatnonzero(mask.any(axis=1))
        columns = np.flatnonzero(mask.any(axis=0))
        if rows.size == 0:
            raise ValueError("an empty mask has no bounding box")
        return cls(
            left=int(columns[0]), top=int(rows[0]), right=int(columns[-1]) + 1, bottom=int(rows[-1]) + 1
        )


@dataclass(frozen=True, eq=False)
class Instance:
    """One pneumothorax: a connected piece of the mask on one side.

    Attributes
    ----------
    mask : ndarray of bool, shape [H, W]
        In the source image's grid.
    box : Box
        Tightest box around `mask`.
    score : float
        0..1, the highest probability inside the instance.
    side : Side
    """

    mask: NDArray[np.bool_]
    box: Box
    score: float
    side: Side


@dataclass(frozen=True)
class WeightFile:
    """Which weights gave an answer.

    Attributes
    ----------
    name : str
        Of the file, without its folder.
    sha256 : str
        Of its content.
    shipped : bool
        False for a user's own.
    """

    name: str
    sha256: str
    shipped: bool


@dataclass(frozen=True, eq=False)
class Prediction:
    """One model's answer for one image.

    Attributes
    ----------
    model : str
        Name in the zoo, e.g. ``"attention-unet"``.
    card_id : str
        Identifier of the model card that describes the weights.
    probability : ndarray of float32, shape [H, W]
        Per-pixel probability of pneumothorax in the source image's grid.
    score : float
        0..1, probability that the image shows a pneumothorax at all.
    threshold : float
        Image-level decision threshold from the card.
    mask_threshold : float
        Pixel-level threshold from the card.
    instances : tuple of Instance
        Empty when ``score < threshold``: an empty mask is a decision.
    seconds : float
        Wall-clock time of the prediction.
    device : str
        e.g. ``"cpu"`` or ``"cuda:0"``.
    notices : tuple of str
        Sentences for the reader, e.g. that memory ran out and the CPU was used.
    engine : str
        The library whose layers ran: ``"torch"`` for the U-Nets, ``"detectron2"`` or ``"torchvision"``
        for a Mask R-CNN.
    weights : WeightFile or None
        None for a consensus, and in answers that were kept before this was known.
    """

    model: str
    card_id: str
    probability: NDArray[np.float32]
    score: float
    threshold: float
    mask_threshold: float
    instances: tuple[Instance, ...]
    seconds: float
    device: str
    notices: tuple[str, ...] = ()
    engine: str = "torch"
    weights: WeightFile | None = None

    @property
    def present(self) -> bool:
        """Whether the model says that a pneumothorax is present."""
        return self.score >= self.threshold

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Union of the instances, bool [H, W]; all false when there are none."""
        mask = np.zeros(self.probability.shape, dtype=np.bool_)
        for instance in self.instances:
            mask |= instance.mask
        return mask


@dataclass(frozen=True, eq=False)
class LungFields:
    """The two lung fields of a frontal film, in the source image's grid.

    Attributes
    ----------
    right, left : ndarray of bool, shape [H, W]
        The *patient's* right and left lung field.
    card_id : str
        Identifier of the model card that describes the weights.
    """

    right: NDArray[np.bool_]
    left: NDArray[np.bool_]
    card_id: str
    seconds: float = 0.0

    def of(self, side: Side) -> NDArray[np.bool_]:
        """Return the field of one side; both together for an unknown side."""
        if side is Side.RIGHT:
            return self.right
        if side is Side.LEFT:
            return self.left
        return self.right | self.left
