"""One side of one film with its air as outlined, and as it might have been outlined."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.prediction import LungFields, Side
from ptx_viewer.study.spacing import Spacing

from .millimetres import usable
from .outline import Hemithorax
from .placement import Placement
from .uncertainty import larger_outline, smaller_outline, threshold_range
from .view import FilmView

Bool = NDArray[np.bool_]

#: Alternative outlines are measured on a grid of at most this many rows and columns: about 1 mm, which
#: widens an interval by no more than that.
_COARSE = 384
#: Percentile of the probability inside an outline that stands for where the network is surest.
_SUREST = 95


@dataclass(frozen=True, eq=False)
class SideOutlines:
    """What is measured on one side.

    Attributes
    ----------
    side : Side
    placement : Placement
        Of `outlined`.
    outlined : Hemithorax
        Lung field and air in full resolution.
    field : ndarray of bool, shape [h, w]
        The lung field alone, in the grid of `outlined`.
    alternatives : tuple of Hemithorax
        With the air cut at a lower and at a higher threshold, on a coarser grid; an air that has
        vanished is left out.  Empty without a probability map.
    area_ratios : tuple of float
        Area of the air of each threshold / area as outlined; 0 where it has vanished.
    share_ratios : tuple of float
        The same for the share of the hemithorax.
    words : str
        What the alternatives are; ``""`` without any.
    """

    side: Side
    placement: Placement
    outlined: Hemithorax
    field: Bool
    alternatives: tuple[Hemithorax, ...] = ()
    area_ratios: tuple[float, ...] = ()
    share_ratios: tuple[float, ...] = ()
    words: str = ""


def side_outlines(
    mask: Bool,
    lungs: LungFields | None,
    side: Side,
    spacing: Spacing | None,
    view: FilmView,
    probability: NDArray[np.float32] | None,
    threshold: float | None,
) -> SideOutlines:
    """Cut one side out of a film, and outline it anew at a lower and a higher threshold.

    Parameters
    ----------
    mask : ndarray of bool, shape [H, W]
        Not empty.
    lungs : LungFields or None
    side : Side
    spacing : Spacing or None
    view : FilmView
    probability : ndarray of float32, shape [H, W], or None
    threshold : float or None
    """
    own = opposite = None
    if lungs is not None and side is not Side.UNKNOWN:
        own, opposite = (lungs.right, lungs.left) if side is Side.RIGHT else (lungs.left, lungs.right)
    masks = (mask,) if own is None else (mask, own)
    placement = Placement.around(masks, side, view.turn, usable(spacing))
    air = placement.take(mask)
    field = np.zeros_like(air) if own is None else placement.take(own)
    millimetres = (placement.row_mm, placement.column_mm)
    outlined = Hemithorax.of(field, air, *millimetres)
    if probability is None or threshold is None or not 0 < threshold < 1:
        return SideOutlines(side, placement, outlined, field)

    step = max(1, math.ceil(max(air.shape) / _COARSE))
    pick = (slice(step // 2, None, step), slice(step // 2, None, step))
    coarse_air, coarse_field = np.ascontiguousarray(air[pick]), np.ascontiguousarray(field[pick])
    chance = np.ascontiguousarray(placement.take(probability)[pick])
    allowed = np.ones_like(coarse_air)
    if opposite is not None:
        allowed = ~placement.take(opposite)[pick]
    inside = chance[coarse_air]
    peak = float(np.percentile(inside, _SUREST)) if inside.size else 1.0
    low, high = threshold_range(threshold, peak)
    cuts = (smaller_outline(coarse_air, chance, high), larger_outline(coarse_air, chance, low, allowed))
    hemithorax = coarse_field | coarse_air
    pixels = max(1, int(np.count_nonzero(coarse_air)))
    share = pixels / max(1, int(np.count_nonzero(hemithorax)))
    areas = [int(np.count_nonzero(cut)) for cut in cuts]
    shares = [
        area / max(1, int(np.count_nonzero(cut | coarse_field)))
        for area, cut in zip(areas, cuts, strict=True)
    ]
    return SideOutlines(
        side=side,
        placement=placement,
        outlined=outlined,
        field=field,
        alternatives=tuple(
            # What grows over the chest wall is area, but does not move the wall.
            Hemithorax.of(coarse_field, cut & hemithorax, millimetres[0] * step, millimetres[1] * step)
            for cut in cuts
            if cut.any()
        ),
        area_ratios=tuple(area / pixels for area in areas),
        share_ratios=tuple(other / share for other in shares),
        words=f"outline cut at {low:.2f} and {high:.2f} instead of {threshold:.2f}",
    )
