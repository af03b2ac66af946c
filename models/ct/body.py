"""The trunk, without table, blanket and the air around it."""

from __future__ import annotations

import cv2
import numpy as np

from .grid import Mask, Progress, WorkingGrid, disc

#: Between lung and fat: skin against air.
_SKIN_HU = -350
#: Table tops, tubes and blankets are thinner than this (mm).
_THIN_MM = 7.0


def body_mask(grid: WorkingGrid, progress: Progress) -> Mask:
    """Return the trunk with everything inside it, bool [s, h, w].

    In each slice the largest piece of tissue, its holes filled: lungs and gas are inside, whatever the
    trachea or the bowel open into above and below.
    """
    out = np.zeros(grid.hounsfield.shape, np.bool_)
    element = disc(grid.in_plane(_THIN_MM / 2))
    for index, plane in enumerate(grid.hounsfield):
        progress(index / len(grid.hounsfield), "Finding the body")
        tissue = cv2.morphologyEx((plane > _SKIN_HU).astype(np.uint8), cv2.MORPH_OPEN, element)
        contours, _ = cv2.findContours(tissue, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        if not contours:
            continue
        trunk = np.zeros_like(tissue)
        cv2.drawContours(trunk, [max(contours, key=cv2.contourArea)], -1, 1, cv2.FILLED)
        out[index] = trunk > 0
    return out
