"""Right and left: the cavity is cut where it costs least, between the chest's two lateral walls.

Whatever pushes heart, trachea and septum aside, the air and lung under the right ribs is the right
side's, and that under the left ribs the left side's.  From there every other voxel is given to a side by
a minimum cut (Boykov and Jolly 2001): the surface between the sides costs its area, much less where it
runs along a sheet of pleura or between air and lung.  So lungs that touch are parted along the septum
where one is seen and at the narrowest place where none is, and air that crosses the midline in front of
the heart stays with the side that it comes from.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.csgraph import breadth_first_order, maximum_flow
from skimage.segmentation import watershed

from models.prediction import Side

from .grid import Hounsfield, Mask, WorkingGrid
from .labels import SIDES

#: Pitches at which the cut is looked for, each near the one before (mm).
_PITCHES_MM = (6.0, 3.0)
#: Share of the chest's width from either lateral wall that is that side's whatever else is seen.
_LATERAL = 0.2
#: Cavities that keep this share of the trunk's width from the trunk's middle reach the wall on that side.
_REACHES = 0.15
#: Noise and texture are averaged out over this (mm, standard deviation) before sheets are looked for.
_SIGMA_MM = 1.2
#: Difference of neighbours that makes a cut cheaper by a factor of e, and the cheapest (HU, share).
_STEEP_HU = 60.0
_CHEAPEST = 0.02
#: Where no sheet is seen a cut this far from the trachea costs twice as much (mm).
_FROM_TRACHEA_MM = 40.0
#: Capacities are whole numbers: a square millimetre of parenchyma counts this much.
_UNIT = 16.0


def part_sides(grid: WorkingGrid, chest: Mask, body: Mask, airways: Mask) -> dict[Side, Mask]:
    """Give every voxel of the chest cavity its side.

    Parameters
    ----------
    grid : WorkingGrid
        Columns run from the patient's right to the left.
    chest, body, airways : ndarray of bool, shape [s, h, w]
        Air and aerated lung; the trunk; trachea and main bronchi.

    Returns
    -------
    dict of Side to ndarray of bool, shape [s, h, w]
    """
    box = tuple(
        slice(int(at[0]), int(at[-1]) + 1)
        for at in (np.flatnonzero(chest.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1)))
    )
    inside = chest[box]
    trachea, trunk = _trachea(airways, chest) - box[2].start, _trunk(body, box[2].start)
    steep = _steepness(grid.hounsfield[box], inside, grid.spacing_mm)
    cost = np.maximum(np.exp(steep / np.float32(-_STEEP_HU)), np.float32(_CHEAPEST))
    away_mm = np.abs(np.arange(inside.shape[2]) - trachea) * grid.spacing_mm[2]
    cost *= (1.0 + away_mm / _FROM_TRACHEA_MM).astype(np.float32)
    cost[~inside] = np.inf
    side = _lateral(inside, *trunk)
    for pitch_mm in _PITCHES_MM:
        side = _cut(cost, side, tuple(max(1, round(pitch_mm / step)) for step in grid.spacing_mm), grid)
        side[~inside] = 0
    # At last along the steepest, voxel by voxel.
    rest = np.flatnonzero((inside & (side == 0)).any(axis=(0, 1)))
    if rest.size:
        part = np.s_[:, :, max(int(rest[0]) - 1, 0) : int(rest[-1]) + 2]
        side[part] = watershed(steep[part], side[part], mask=inside[part])  # type: ignore[no-untyped-call]
    found = {name: np.zeros_like(chest) for name in SIDES}
    for number, mask in enumerate(found.values(), start=1):
        mask[box] = side == number
    return found


def _steepness(
    hounsfield: Hounsfield, inside: Mask, spacing_mm: tuple[float, float, float]
) -> NDArray[np.float32]:
    """Return the range of values around each voxel within its slice (HU), after a little smoothing."""
    steep = np.zeros(inside.shape, np.float32)
    square = np.ones((3, 3), np.uint8)
    for index, values in enumerate(hounsfield):
        plane = cv2.GaussianBlur(
            values.astype(np.float32), (0, 0), _SIGMA_MM / spacing_mm[2], sigmaY=_SIGMA_MM / spacing_mm[1]
        )
        steep[index] = cv2.morphologyEx(plane, cv2.MORPH_GRADIENT, square)
    return steep


def _gathered(array: np.ndarray, by: tuple[int, ...], axes: tuple[int, ...], how: np.ufunc) -> np.ndarray:
    """Put `by` neighbours together along some axes; a last block that is not full counts as it is."""
    for axis in axes:
        parts = [array[(slice(None),) * axis + (slice(first, None, by[axis]),)] for first in range(by[axis])]
        array = parts[0].copy()
        for part in parts[1:]:
            index = tuple(slice(size) for size in part.shape)
            array[index] = how(array[index], part)
    return array


def _trachea(airways: Mask, chest: Mask) -> float:
    """Return the column of trachea and bronchi; half way between the chest's walls without them."""
    if airways.any():
        return float(np.median(np.nonzero(airways)[2]))
    columns = np.flatnonzero(chest.any(axis=(0, 1)))
    return float(columns[0] + columns[-1]) / 2


def _trunk(body: Mask, first: int) -> tuple[float, float]:
    """Return middle and width of the trunk, medians over the slices, in columns counted from `first`."""
    ends = np.array([np.flatnonzero(plane.any(axis=0))[[0, -1]] for plane in body if plane.any()])
    return float(np.median(ends.mean(axis=1))) - first, float(np.median(np.ptp(ends, axis=1)))


def _lateral(inside: Mask, middle: float, width: float) -> NDArray[np.int8]:
    """Return 1 under the right lateral wall, 2 under the left, 0 between; only one beside a lone lung."""
    last = inside.shape[2] - 1
    reach = max(1, round(_LATERAL * last))
    side = np.zeros(inside.shape, np.int8)
    if middle >= _REACHES * width:
        side[:, :, :reach] = 1
    if last - middle >= _REACHES * width:
        side[:, :, -reach:] = 2
    side[~inside] = 0
    return side


def _cut(
    cost: NDArray[np.float32], known: NDArray[np.int8], by: tuple[int, ...], grid: WorkingGrid
) -> NDArray[np.int8]:
    """Give what is not known (0) the sides of the cheapest surface, in blocks of `by` voxels.

    What lies beside the surface comes back as 0: it is left to the next finer grid.
    """
    everywhere = (0, 1, 2)
    inside = np.isfinite(_gathered(cost, by, everywhere, np.minimum))
    given = _gathered(known, by, everywhere, np.maximum)
    given[_gathered(known == 1, by, everywhere, np.logical_or) & (given == 2)] = 0
    between = inside & (given == 0)
    count = int(np.count_nonzero(between))
    node = np.full(inside.shape, -1, np.int32)
    node[between] = np.arange(count)
    node[given == 1], node[given == 2] = count, count + 1
    rows, columns, capacities = [], [], []
    for axis in range(3):
        # What lies along the way is as cheap as the cheapest on it; ways side by side add up.
        ways = _gathered(cost, by, (axis,), np.minimum)
        ways[np.isinf(ways)] = 0.0
        ways = _gathered(ways, by, tuple(k for k in everywhere if k != axis), np.add)
        area = float(np.prod([step for k, step in enumerate(grid.spacing_mm) if k != axis]))
        low, high = _halves(node, axis)
        joined = (low >= 0) & (high >= 0) & (low != high)
        capacity = np.minimum(*_halves(ways, axis))[joined] * (area * _UNIT)
        rows += [low[joined], high[joined]]
        columns += [high[joined], low[joined]]
        capacities += [np.maximum(np.rint(capacity), 1)] * 2
    size = count + 2
    graph = sparse.csr_array(
        (np.concatenate(capacities).astype(np.int32), (np.concatenate(rows), np.concatenate(columns))),
        shape=(size, size),
    )
    left_over = sparse.csr_array(graph - maximum_flow(graph, count, count + 1).flow)
    left_over.eliminate_zeros()
    reached = np.zeros(size, np.bool_)
    reached[breadth_first_order(left_over, count, return_predecessors=False)] = True
    found = given.astype(np.int8)
    found[between] = np.where(reached[node[between]], 1, 2)
    found = _nearest(found, inside, given > 0, [s * n for s, n in zip(grid.spacing_mm, by, strict=True)])
    beside = [ndimage.binary_dilation(found == number) for number in (1, 2)]
    found[beside[0] & beside[1]] = 0
    for axis, times in enumerate(by):
        found = found.repeat(times, axis=axis)
    return found[tuple(slice(size) for size in cost.shape)]


def _halves(array: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    low = [slice(None)] * 3
    high = [slice(None)] * 3
    low[axis], high[axis] = slice(None, -1), slice(1, None)
    return array[tuple(low)], array[tuple(high)]


def _nearest(side: NDArray[np.int8], inside: Mask, known: Mask, pitch: list[float]) -> NDArray[np.int8]:
    """Give pieces that hang together with nothing known to the nearest that do."""
    pieces, count = ndimage.label(inside)
    held = np.zeros(count + 1, np.bool_)
    held[np.unique(pieces[known])] = True
    held[0] = False
    nearest = ndimage.distance_transform_edt(
        ~held[pieces], sampling=pitch, return_distances=False, return_indices=True
    )
    given: NDArray[np.int8] = np.where(inside, side[tuple(nearest)], 0)
    return given
