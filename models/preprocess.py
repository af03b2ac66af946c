"""From displayed pixels to a network's input: one module for training, inference and explanation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.geometry import GridTransform

#: Percentiles of the image that become black and white.
BLACK_PERCENTILE = 0.5
WHITE_PERCENTILE = 99.5


def normalise(pixels: NDArray[np.floating | np.integer]) -> NDArray[np.float32]:
    """Stretch displayed pixels between robust percentiles to 0..1.

    Parameters
    ----------
    pixels : ndarray of float or integer, shape [H, W]
        As displayed, rising from black to white; any finite scale is accepted, e.g. 0..1 or 0..255.

    Returns
    -------
    ndarray of float32, shape [H, W]
        Clipped to 0..1; all 0 for an image of one grey value.

    Raises
    ------
    ValueError
        If a value is not finite.
    """
    if not np.isfinite(pixels).all():
        raise ValueError("the image holds values that are not finite numbers")
    # Some 512 rows and columns are plenty for the percentiles of a large film.
    step = max(1, min(pixels.shape) // 512)
    low, high = np.percentile(pixels[::step, ::step], [BLACK_PERCENTILE, WHITE_PERCENTILE])
    if high <= low:
        return np.zeros(pixels.shape, dtype=np.float32)
    stretched = (pixels.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    return np.clip(stretched, 0.0, 1.0, out=stretched)


def to_network(
    pixels: NDArray[np.floating | np.integer], transform: GridTransform
) -> NDArray[np.float32]:
    """Normalise `pixels` and bring them into the network's grid.

    Parameters
    ----------
    pixels : ndarray of float or integer, shape [H, W]
    transform : GridTransform
        From the grid of `pixels` to the network's.

    Returns
    -------
    ndarray of float32, shape [size, size]
        -1 = black .. 1 = white; padding is black.

    Raises
    ------
    ValueError
        If a value is not finite, or `pixels` is not of the transform's source shape.
    """
    # Turned first: the percentiles sample the same pixels however the film lies in its file.
    upright = GridTransform(transform.turned_shape, transform.size)
    return upright.forward(normalise(transform.turn.apply(pixels))) * 2.0 - 1.0
