"""From a probability map to single findings, each on one side of the chest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.prediction import Box, Instance, LungFields, Side

#: A piece smaller than this share of the image is noise: 0.02 % is 210 pixels of a 1,024² film.
SMALLEST_SHARE = 0.0002


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
        Decide the sides; a piece that reaches into both lung fields is cut between them.
    """
    binary = probability >= threshold
    if lungs is None or not (lungs.right.any() and lungs.left.any()):
        parts = [(binary, Side.UNKNOWN)]
    else:
        nearer_left = _nearer_left(lungs)
        parts = [(binary & ~nearer_left, Side.RIGHT), (binary & nearer_left, Side.LEFT)]
    instances = []
    for part, side in parts:
        labels, _ = ndimage.label(part, structure=np.ones((3, 3)))
        for index, slices in enumerate(ndimage.find_objects(labels), start=1):
            inside = labels[slices] == index
            if inside.sum() < SMALLEST_SHARE * probability.size:
                continue
            mask = np.zeros(probability.shape, dtype=np.bool_)
            mask[slices] = inside
            score = float(probability[slices][inside].max())
            instances.append(Instance(mask=mask, box=Box.around(mask), score=score, side=side))
    return tuple(sorted(instances, key=lambda instance: -instance.score))


def _nearer_left(lungs: LungFields) -> NDArray[np.bool_]:
    """Return bool [H, W]: true where the left lung field is nearer than the right one."""
    # A coarse grid is enough to say which side of the mediastinum a pixel lies on.
    step = max(1, min(lungs.right.shape) // 256)
    coarse = [
        ndimage.distance_transform_edt(~field[::step, ::step]) for field in (lungs.right, lungs.left)
    ]
    nearer = coarse[1] < coarse[0]
    rows, columns = lungs.right.shape
    return np.asarray(np.repeat(np.repeat(nearer, step, axis=0), step, axis=1)[:rows, :columns])
