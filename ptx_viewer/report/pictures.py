"""The PNG files of one image, named so that they tell nothing about the patient."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx_viewer.study.image import ImageReference

from .atomic import make_folder, write_atomically


@dataclass(frozen=True)
class Pictures:
    """Writes one image's PNG files and returns their paths relative to ``findings.json``.

    Attributes
    ----------
    out_dir : Path
    stem : str
        How each file's name begins; see :func:`file_stem`.
    shape : tuple of int
        Rows and columns that every picture must have.
    """

    out_dir: Path
    stem: str
    shape: tuple[int, int]

    def mask(self, mask: NDArray[np.bool_], name: str) -> str:
        """Write a mask as 8 bits, 255 inside."""
        return self._write(mask.astype(np.uint8) * np.uint8(255), "masks", name)

    def unit_range(self, values: NDArray[np.float32], folder: str, name: str) -> str:
        """Write 0..1 as 16 bits; what is not a number becomes 0."""
        clipped = np.clip(np.nan_to_num(values, nan=0.0), 0.0, 1.0)
        return self._write(np.rint(clipped * 65535.0).astype(np.uint16), folder, name)

    def _write(self, picture: NDArray[Any], folder: str, name: str) -> str:
        if picture.shape != self.shape:
            raise ValueError(f"the image is {self.shape}, its {folder} are {picture.shape}")
        _, encoded = cv2.imencode(".png", picture)
        file_name = f"{self.stem}_{_safe(name)}.png"
        make_folder(self.out_dir / folder)
        write_atomically(self.out_dir / folder / file_name, encoded.tobytes())
        return f"{folder}/{file_name}"


def file_stem(number: int, reference: ImageReference) -> str:
    """Return a file name's start: the number makes it unique, the UID recognisable.

    A UID comes from the file and may hold anything; only its digits and dots are taken.
    """
    uid = re.sub(r"[^0-9.]", "", reference.sop_instance_uid).strip(".")[:64]
    frame = f"-frame{reference.frame}" if reference.frame else ""
    return f"{number:04d}_{uid}{frame}" if uid else f"{number:04d}{frame}"


def _safe(name: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "_", name.lower())[:80]
