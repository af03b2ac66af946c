"""The question: which number of the model is explained."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.geometry import GridTransform

if TYPE_CHECKING:
    # A window asks its questions without torch; only the networks' process answers them.
    import torch
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Target:
    """One scalar of a model's answer.

    Made by :meth:`image_score`, :meth:`finding` or :meth:`region`.

    Attributes
    ----------
    description : str
        In words, for captions, e.g. ``"image score"`` or ``"finding (right)"``.
    mask : ndarray of bool, shape [H, W], or None
        In the source grid: the mean pixel logit inside it is explained.  None stands for the image's
        own logit.
    """

    description: str
    mask: NDArray[np.bool_] | None = None

    @classmethod
    def image_score(cls) -> Target:
        """Return the question why the image has its score."""
        return cls("image score")

    @classmethod
    def finding(cls, mask: NDArray[np.bool_], label: str = "") -> Target:
        """Return the question why the model outlined a finding: the mean pixel logit inside it.

        Parameters
        ----------
        mask : ndarray of bool, shape [H, W]
            The instance, in the source grid.
        label : str
            Tells it from other findings in captions, e.g. ``"right"``.

        Raises
        ------
        ValueError
            If no pixel is true.
        """
        return cls._of("finding", mask, label)

    @classmethod
    def region(cls, mask: NDArray[np.bool_], label: str = "") -> Target:
        """Return the question what the model sees in a region drawn on the film.

        Parameters and errors are those of :meth:`finding`.
        """
        return cls._of("region", mask, label)

    @classmethod
    def _of(cls, kind: str, mask: NDArray[np.bool_], label: str) -> Target:
        if mask.ndim != 2 or not mask.any():
            raise ValueError(f"the {kind} to explain holds no pixel of the film")
        own = np.ascontiguousarray(mask, dtype=np.bool_).copy()
        own.flags.writeable = False
        return cls(f"{kind} ({label})" if label else kind, own)

    @cached_property
    def key(self) -> str:
        """Hash of what is asked, whatever it is called: the same over restarts and machines."""
        if self.mask is None:
            return "image"
        digest = hashlib.sha256(repr(self.mask.shape).encode())
        digest.update(np.packbits(self.mask).tobytes())
        return digest.hexdigest()

    def in_grid(self, transform: GridTransform, device: torch.device) -> Tensor | None:
        """Return the mask in a network's grid, bool [S, S] on `device`; None for the image score.

        Raises
        ------
        ValueError
            If the mask is not of the film's shape.
        """
        if self.mask is None:
            return None
        if self.mask.shape != transform.source_shape:
            raise ValueError(
                f"the region to explain has shape {self.mask.shape}, the film {transform.source_shape}"
            )
        import torch

        share = transform.forward(self.mask.astype(np.float32))
        # A target smaller than a pixel of the network's grid still is a target: its fullest pixel.
        inside = share >= min(0.5, float(share.max()))
        return torch.from_numpy(inside).to(device)
