"""Maps that know nothing of the network: what an explanation has to be better than."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import GridTransform

#: Patches across a random map: as coarse as a class activation map.
RANDOM_GRID = 9


def random_map(size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a smooth random map, float32 [size, size], 0..1."""
    coarse = rng.random((RANDOM_GRID, RANDOM_GRID), dtype=np.float32)
    return np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def edge_map(grid: NDArray[np.float32], transform: GridTransform) -> NDArray[np.float32]:
    """Return the magnitude of a film's gradient (Sobel), without the edge to the padding.

    Parameters
    ----------
    grid : ndarray of float32, shape [S, S]
        The film in a network's grid.
    transform : GridTransform
        What brought it there.

    Returns
    -------
    ndarray of float32, shape [S, S]
        0 in the padding.
    """
    top, left, rows, columns = transform.content
    inside = (slice(top, top + rows), slice(left, left + columns))
    film = np.ascontiguousarray(grid[inside], np.float32)
    edges = np.zeros(grid.shape, np.float32)
    edges[inside] = np.hypot(cv2.Sobel(film, cv2.CV_32F, 1, 0), cv2.Sobel(film, cv2.CV_32F, 0, 1))
    return edges
