"""What a voxel of a chest CT belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from models.prediction import Side

SIDES = (Side.RIGHT, Side.LEFT)


class Label(IntEnum):
    """Values of :attr:`CtSegmentation.labels`."""

    BACKGROUND = 0
    RIGHT_LUNG = 1
    LEFT_LUNG = 2
    RIGHT_PNEUMOTHORAX = 3
    LEFT_PNEUMOTHORAX = 4
    AIRWAYS = 5


_LUNG = {Side.RIGHT: Label.RIGHT_LUNG, Side.LEFT: Label.LEFT_LUNG}
_AIR = {Side.RIGHT: Label.RIGHT_PNEUMOTHORAX, Side.LEFT: Label.LEFT_PNEUMOTHORAX}


def lung_label(side: Side) -> Label:
    """Return the label of one side's lung."""
    return _LUNG[side]


def air_label(side: Side) -> Label:
    """Return the label of one side's pleural air."""
    return _AIR[side]


class NoLungsError(ValueError):
    """The volume shows no lungs: a head, an abdomen, or values that are no Hounsfield units."""


@dataclass(frozen=True, eq=False)
class CtSegmentation:
    """Lungs, airways and pleural air, voxel by voxel.

    Attributes
    ----------
    labels : ndarray of uint8, shape [S, H, W]
        Values of :class:`Label`.
    air_hounsfield : float
        What pure air measures in this scan (the trachea's median).
    lung_hounsfield : dict of Side to float
        What each side's parenchyma measures (its median).
    notices : tuple of str
        Sentences about what may be mistaken, e.g. emphysema.
    """

    labels: NDArray[np.uint8]
    air_hounsfield: float
    lung_hounsfield: dict[Side, float]
    notices: tuple[str, ...] = ()

    def of(self, *wanted: Label) -> NDArray[np.bool_]:
        """Return the voxels with one of these labels, bool [S, H, W]."""
        table = np.zeros(256, np.bool_)
        table[list(wanted)] = True
        found: NDArray[np.bool_] = table[self.labels]
        return found

    @property
    def pneumothorax(self) -> NDArray[np.bool_]:
        """Pleural air of both sides, bool [S, H, W]."""
        return self.of(Label.RIGHT_PNEUMOTHORAX, Label.LEFT_PNEUMOTHORAX)

    @property
    def right_lung(self) -> NDArray[np.bool_]:
        """The patient's right lung, bool [S, H, W]."""
        return self.of(Label.RIGHT_LUNG)

    @property
    def left_lung(self) -> NDArray[np.bool_]:
        """The patient's left lung, bool [S, H, W]."""
        return self.of(Label.LEFT_LUNG)
