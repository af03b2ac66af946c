"""From a probability map to single findings, each on one side of the chest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.prediction import Box, Instance, LungFields, Side

#: A piece smaller than this share of the image is noise: 0.02 % is 210 pixels of a 1,024² film.
SMALLEST_SHARE = 0.0002
#: Pixels that touch at a corner belong together.
_NEIGHBOURS = np.ones((3, 3))


def find_instances(
    probability: NDArray[np.float32], threshold: float, lungs: LungFields | None
) -> tuple[Instance, ...]:
    """Split the thresholded map into connected findings, the most certain first.

    Parameters
    ----------
    probability : ndarray of float32, shape [H, W]
    threshold : float
        Pixels at or above it belong to a finding.
    lungs : LungFields or None
        Decide the sides; a piece that reaches into both lung fields is cut between them, any
        other belongs to the side that most of it is nearer to.
    """
    smallest = SMALLEST_SHARE * probability.size
    nearer_left = None if lungs is None else _nearer_left(lungs)
    instances = []
    labels, _ = ndimage.label(probability >= threshold, structure=_NEIGHBOURS)
    for index, slices in enumerate(ndimage.find_objects(labels), start=1):
        piece = labels[slices] == index
        for part, side in _by_side(piece, slices, lungs, nearer_left, smallest):
            if part.sum() < smallest:
                continue
            mask = np.zeros(probability.shape, dtype=np.bool_)
            mask[slices] = part
            score = float(probability[mask].max())
            instances.append(Instance(mask=mask, box=Box.around(mask), score=score, side=side))
    return tuple(sorted(instances, key=lambda instance: -instance.score))


def _by_side(
    piece: NDArray[np.bool_],
    slices: tuple[slice, ...],
    lungs: LungFields | None,
    nearer_left: NDArray[np.bool_] | None,
    smallest: float,
) -> Iterator[tuple[NDArray[np.bool_], Side]]:
    """Yield a piece with its side; cut, where it reaches well into both lung fields."""
    if lungs is None or nearer_left is None:
        yield piece, Side.UNKNOWN
        return
    left = piece & nearer_left[slices]
    if min((piece & field[slices]).sum() for field in (lungs.right, lungs.left)) < smallest:
        yield piece, Side.LEFT if 2 * left.sum() > piece.sum() else Side.RIGHT
        return
    for part, side in ((piece & ~left, Side.RIGHT), (left, Side.LEFT)):
        labels, count = ndimage.label(part, structure=_NEIGHBOURS)
        for index in range(1, count + 1):
            yield labels == index, side


def _nearer_left(lungs: LungFields) -> NDArray[np.bool_] | None:
    """Return bool [H, W]: true where the left lung field is nearer; None unless both are there."""
    # A coarse grid is enough to say which side of the mediastinum a pixel lies on.
    step = max(1, min(lungs.right.shape) // 256)
    right, left = lungs.right[::step, ::step], lungs.left[::step, ::step]
    if not (right.any() and left.any()):
        return None
    nearer = ndimage.distance_transform_edt(~left) < ndimage.distance_transform_edt(~right)
    rows, columns = lungs.right.shape
    return np.asarray(np.repeat(np.repeat(nearer, step, axis=0), step, axis=1)[:rows, :columns])
