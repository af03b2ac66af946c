"""How far the lung retreats in real pneumothoraces: profiles from the run-length masks of SIIM-ACR.

A mask without its film cannot be laid over another chest as it is: that chest's wall runs
elsewhere.  What carries over is how thick the air is at each height of the lung.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.training.readers.run_length import decode_relative
from models.training.readers.siim_acr import GRID, read_annotations

#: Heights, from the lung's apex to its base, at which the thickness is kept.
LEVELS = 24


@dataclass(frozen=True)
class LungFrame:
    """Where a lung lies on an average SIIM-ACR film, as shares of its edge."""

    top: float
    bottom: float
    outer: float
    inner: float


#: Medians over the lung fields of 30 SIIM-ACR training films without a pneumothorax, both sides,
#: the left lung mirrored.
AVERAGE = LungFrame(top=0.13, bottom=0.79, outer=0.11, inner=0.47)


def retreat_profiles(path: Path, held_out: Collection[str]) -> NDArray[np.float32]:
    """Return the thickness of the air from the lung's apex to its base, float32 [N, LEVELS].

    In units of the lung's width.  Only masks that hug the chest wall are used.

    Parameters
    ----------
    path : Path
        ``train-rle.csv``.
    held_out : collection of str
        Images whose masks must not be seen.
    """
    edges = np.linspace(AVERAGE.top, AVERAGE.bottom, LEVELS + 1) * GRID[0]
    profiles = []
    for name, texts in read_annotations(path).items():
        if name in held_out:
            continue
        for text in texts:
            mask = decode_relative(text, GRID)
            columns = mask.sum(axis=0)
            on_the_right = columns[GRID[1] // 2 :].sum() > columns.sum() / 2
            profile = _profile(mask[:, ::-1] if on_the_right else mask, edges)
            if profile is not None:
                profiles.append(profile)
    return np.stack(profiles)


def _profile(mask: NDArray[np.bool_], edges: NDArray[np.float64]) -> NDArray[np.float32] | None:
    """Return one profile; None for air in front of the lung, behind it, or beside the heart."""
    width = (AVERAGE.inner - AVERAGE.outer) * GRID[1]
    rows = mask.sum(axis=1)
    filled = np.flatnonzero(rows)
    outermost = np.array([np.argmax(mask[row]) for row in filled[:: max(1, filled.size // 16)]])
    medial = (0.4 * AVERAGE.outer + 0.6 * AVERAGE.inner) * GRID[1]
    if filled.size < 20 or np.median(outermost) > medial:
        return None
    # Chests differ in height: air above the average apex belongs to the first level.
    shift = min(0.0, filled[0] - edges[0])
    bins = np.clip(np.searchsorted(edges + shift, np.arange(GRID[0]), side="right") - 1, 0, LEVELS - 1)
    inside = (np.arange(GRID[0]) >= edges[0] + shift) & (np.arange(GRID[0]) < edges[-1] + shift)
    total = np.bincount(bins[inside], weights=rows[inside], minlength=LEVELS)
    count = np.maximum(np.bincount(bins[inside], minlength=LEVELS), 1)
    profile = np.clip(total / count / width, 0.0, 1.0)
    return np.asarray(profile, np.float32) if profile.max() > 0.02 else None
