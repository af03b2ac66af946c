"""How a person stood when the film was made."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from .geometry import Projection

#: The upper edge of the film stands a hand's breadth above the shoulders: mean and spread (mm).
_CENTRE_Z: Final = (-12.0, 7.0)
_CENTRE_X: Final = (0.0, 5.0)
#: Nobody is so far off that a part of the lung is missing (mm).
_MOST: Final = 14.0


def posed(projection: Projection, seed: int, repeat: int = 0) -> Projection:
    """Return `projection` centred as it was on the person of `seed`, on their film number `repeat`."""
    random = np.random.default_rng([seed, 6, repeat])
    x, z = (
        mean + float(np.clip(random.normal(0.0, spread), -_MOST, _MOST))
        for mean, spread in (_CENTRE_X, _CENTRE_Z)
    )
    return replace(projection, centre_mm=(x, z))
