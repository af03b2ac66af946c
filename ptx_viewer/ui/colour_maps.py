"""Colour maps for heatmaps over grey films: perceptually uniform, signed ones centred on zero."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

#: Name to show -> name in pyqtgraph; CET maps are Peter Kovesi's (arXiv:1509.03700).
UNSIGNED = {"inferno": "inferno", "viridis": "viridis", "cividis": "cividis", "magma": "magma"}
SIGNED = {"blue-white-yellow": "CET-CBD1", "blue-black-yellow": "CET-D6", "blue-white-red": "CET-D1"}

ENTRIES = 256
#: Entry of a signed map that stands for exactly zero.
ZERO = 128


def names(signed: bool) -> tuple[str, ...]:
    """Return the maps that suit signed or unsigned heatmaps, the usual one first."""
    return tuple(SIGNED if signed else UNSIGNED)


@lru_cache(maxsize=32)
def colours(name: str, signed: bool) -> NDArray[np.uint8]:
    """Return the opaque colours [256, 3] of a map, from its lowest to its highest value.

    An unknown name, or one of the other kind, gives the usual map: a diverging map on an
    unsigned heatmap would invent a meaning for its middle.
    """
    known = SIGNED if signed else UNSIGNED
    colour_map = pg.colormap.get(known.get(name, known[names(signed)[0]]))
    positions = values(signed)
    table = colour_map.map((positions + 1) / 2 if signed else positions, mode="byte")
    opaque = np.ascontiguousarray(table[:, :3])
    opaque.flags.writeable = False
    return opaque


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
    alpha = np.abs(values(signed)) * min(max(opacity, 0.0), 1.0)
    table = np.empty((ENTRIES, 4), dtype=np.uint8)
    table[:, :3] = np.rint(colours(name, signed)[:, ::-1] * alpha[:, None])
    table[:, 3] = np.rint(alpha * 255)
    return table
