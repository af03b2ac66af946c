"""Colours of heatmaps over grey films, the same as in the report; signed ones centred on zero."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ptx_viewer.rendering import FULL_OPACITY_FROM, SEQUENTIAL_COLOUR_MAPS, SIGNED_COLOUR_MAP, colour_table

ENTRIES = 256
#: Entry of a signed map that stands for exactly zero.
ZERO = 128


@lru_cache(maxsize=8)
def colours(name: str, signed: bool) -> NDArray[np.uint8]:
    """Return the opaque colours [256, 3] of a map, from its lowest to its highest value.

    An unknown name, or one of the other kind, gives the usual map: a diverging map on an
    unsigned heatmap would invent a meaning for its middle.
    """
    if not signed:
        return colour_table(name if name in SEQUENTIAL_COLOUR_MAPS else SEQUENTIAL_COLOUR_MAPS[0])
    table = colour_table(SIGNED_COLOUR_MAP)
    centred: NDArray[np.uint8] = table[np.rint((values(signed) + 1) / 2 * (ENTRIES - 1)).astype(np.intp)]
    centred.flags.writeable = False
    return centred


def values(signed: bool) -> NDArray[np.float64]:
    """Return the value [256] that each entry stands for: 0..1, or -1..1 with zero at entry 128."""
    entry = np.arange(ENTRIES)
    return np.clip((entry - ZERO) / 127, -1, 1) if signed else entry / 255


def to_entries(heatmap: NDArray[np.float32], signed: bool) -> NDArray[np.uint8]:
    """Return the entry of each value of `heatmap`; what is not a number becomes zero."""
    finite = np.nan_to_num(heatmap, nan=0.0, posinf=1.0, neginf=-1.0 if signed else 0.0)
    scaled = finite * 127 + ZERO if signed else finite * 255
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def overlay_table(name: str, signed: bool, opacity: float) -> NDArray[np.uint8]:
    """Return premultiplied BGRA entries [256, 4] whose opacity rises with the magnitude.

    Where the map says nothing the film shows unchanged.
    """
    fade = np.minimum(np.abs(values(signed)) / FULL_OPACITY_FROM, 1.0)
    alpha = fade * min(max(opacity, 0.0), 1.0)
    table = np.empty((ENTRIES, 4), dtype=np.uint8)
    table[:, :3] = np.rint(colours(name, signed)[:, ::-1] * alpha[:, None])
    table[:, 3] = np.rint(alpha * 255)
    return table
