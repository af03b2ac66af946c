"""Under which parts of a chest wall a thin layer of air lies, and how thick it is there.

One profile does not tell a layer from the wall's own unevenness.  What does is how the profiles that
fit one hang together: a layer reaches over a large piece of the wall, what only looks like one does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from .border import Levels
from .grid import Mask
from .profile import Fit, blur_along, fit_profiles
from .surface import FloatArray
from .wall import DEPTHS_MM, Wall

#: Blur along a normal that still lets a layer be measured (mm): thick slices that the wall lies along do not.
_MOST_BLUR_MM = 1.4
#: The lung under a layer measures within this of its side's median (HU).
_LUNG_HU = 150.0
#: Thinnest gap that the fit tells from none (mm).
_LEAST_GAP_MM = 0.6
#: Between line and wall a layer that is beyond doubt is darker than lung by this (HU).
_DARKER = 30.0
#: Where the line is not clear, a wall without a layer leaves over at least this (HU).
_DARK_ERROR = 15.0
#: Least area of air found by its density, or darker than lung, that starts a layer (mm²).
_LEAST_AREA_MM2 = 100.0
#: A layer without air found by its density reaches at least this far (mm²): healthy walls show up to 41 cm².
_LEAST_EXTENT_MM2 = 6000.0
#: What reaches this far starts by itself (mm²), if it is more than this share of all that fits a layer.
#: Healthy walls show up to 71 cm² and under 30 %, layers from 308 cm² and 60 %.
_FAR_MM2, _FAR_SHARE = 20000.0, 0.5
#: Beyond its border a layer is followed this many steps from point to point, by profiles averaged over as
#: many more, and up to this thickness (mm).
_STEPS, _MOST_EDGE_MM = 10, 1.6
#: Slices further apart than this do not show how a layer ends (mm).
EDGE_SLICE_MM = 3.0


@dataclass(frozen=True)
class _Evidence:
    """What a fit with a layer has to show.

    Attributes
    ----------
    line : float
        The least visceral line (HU mm).  Half a millimetre of soft tissue is 450.
    without : float
        Profiles that differ less than this from a wall without a layer (root mean square, HU) show none.
    left : float
        The most that is left over with a layer, as a share of that without one.
    """

    line: float
    without: float
    left: float

    def shown(self, fit: Fit, levels: Levels) -> Mask:
        shown: Mask = (
            (fit.without > self.without)
            & (fit.gap_mm >= _LEAST_GAP_MM)
            & (fit.line > self.line)
            & (fit.line < _MOST_LINE)
            & (fit.error < self.left * fit.without)
            & (np.abs(fit.lung + levels.air - levels.lung) < _LUNG_HU)
        )
        return shown


#: Vessels and atelectasis are more than a visceral line (HU mm).
_MOST_LINE = 800.0
#: By itself, and at the border of a layer, where one is expected to end thinly.
_ALONE = _Evidence(line=80.0, without=5.0, left=0.65)
_AT_BORDER = _Evidence(line=50.0, without=3.0, left=0.85)


def layer_gaps(
    wall: Wall, levels: Levels, spacing_mm: tuple[float, float, float], blur_mm: float, found: Mask
) -> FloatArray:
    """Return the thickness of the layer of air under each point of a wall (mm), 0 where there is none.

    Parameters
    ----------
    wall : Wall
    levels : Levels
    spacing_mm : tuple of float
        Of the scan.
    blur_mm : float
        Resolution within the slices.
    found : ndarray of bool, shape [N]
        Points under which there is air already found by its density.

    Returns
    -------
    ndarray of float32, shape [N]
    """
    above = wall.profiles - np.float32(levels.air)
    blurs = [
        np.round(blur_along(wall.normals, spacing_mm, blur_mm, interpolation=reading), 1).astype(np.float32)
        for reading in (False, True)
    ]
    readable = wall.seen & (blur_along(wall.normals, spacing_mm, blur_mm) < _MOST_BLUR_MM)
    fit = _fitted(above, blurs, readable)
    likely = _ALONE.shown(fit, levels)
    # Where the gap varies under a patch the line is smeared, but a dark gap is no wall's edge.
    depth = DEPTHS_MM[None, :].astype(np.float32)
    between = (depth > fit.wall_mm[:, None]) & (depth < (fit.wall_mm + fit.gap_mm)[:, None])
    dark = np.where(between, above, np.inf).min(axis=1) < fit.lung - _DARKER
    certain = likely & dark
    # Behind a cleft between two walls lies tissue, not lung.
    lung_beneath = fit.lung + np.float32(levels.air - levels.lung) < _LUNG_HU
    likely |= dark & lung_beneath & (fit.without > _DARK_ERROR) & (fit.gap_mm >= _LEAST_GAP_MM) & wall.seen
    kept = likely & hanging_together(wall, likely, found, certain)
    gap: FloatArray = np.where(kept, fit.gap_mm, np.float32(0))
    if kept.any() and spacing_mm[0] <= EDGE_SLICE_MM:
        # Averaged with the layer's own profiles the wall beside it would show one too.
        beside = wall.near(kept, _STEPS) & readable & ~found & ~kept
        edge = _fitted(wall.averaged(above, beside, _STEPS), blurs, beside)
        thin = beside & _AT_BORDER.shown(edge, levels) & (edge.gap_mm < _MOST_EDGE_MM)
        piece = _pieces(wall, thin | kept)
        thin &= _area(wall, piece, kept)[piece] > 0
        gap = np.where(thin, edge.gap_mm, gap)
        kept = kept | thin
    return np.where(kept, wall.averaged(gap, kept, 1), np.float32(0))


def hanging_together(wall: Wall, likely: Mask, found: Mask, certain: Mask) -> Mask:
    """Return the points whose piece of the wall holds a layer.

    Parameters
    ----------
    wall : Wall
    likely : ndarray of bool, shape [N]
        Where the profile fits a layer.
    found : ndarray of bool, shape [N]
        Where there is air found by its density.
    certain : ndarray of bool, shape [N]
        Where the layer is darker than lung.

    Returns
    -------
    ndarray of bool, shape [N]
        A piece counts with at least 1 cm² of found air; with 1 cm² of what is certain if it reaches over
        60 cm²; with neither if it reaches over 200 cm² and over more than half of all that fits a layer.
    """
    either = likely | found
    piece = _pieces(wall, either)
    extent = _area(wall, piece, either)
    counts = _area(wall, piece, found) >= _LEAST_AREA_MM2
    counts |= (_area(wall, piece, found | certain) >= _LEAST_AREA_MM2) & (extent >= _LEAST_EXTENT_MM2)
    counts |= (extent >= _FAR_MM2) & (extent > _FAR_SHARE * extent.sum())
    together: Mask = either & counts[piece]
    return together


def _fitted(above: FloatArray, blurs_mm: list[FloatArray], where: Mask) -> Fit:
    """Fit profiles [N, D] with the blur, of those given for each, that leaves least over.

    How far reading between thick slices blurs depends on where the wall passes between them.
    """
    parts = np.zeros((7, len(above)), np.float32)
    *_, error, without = range(7)
    for place, blur in enumerate(blurs_mm):
        # Thin slices have one blur whatever lies between them.
        again = where if place == 0 else where & (blur != blurs_mm[0])
        for sigma in np.unique(blur[again]):
            chosen = np.flatnonzero(again & (blur == sigma))
            fit = np.stack(list(vars(fit_profiles(above[chosen], round(float(sigma), 1))).values()))
            if place:
                before = parts[:, chosen]
                least = np.minimum(before[without], fit[without])
                fit = np.where(fit[error] < before[error], fit, before)
                fit[without] = least
            parts[:, chosen] = fit
    return Fit(*parts)


def hanging_area(wall: Wall, chosen: Mask, counted: Mask) -> NDArray[np.float64]:
    """Return the area [N] of what is `counted` [N] in each point's piece of `chosen` [N] (mm²)."""
    piece = _pieces(wall, chosen)
    area: NDArray[np.float64] = _area(wall, piece, counted)[piece]
    return area


def _pieces(wall: Wall, chosen: Mask) -> NDArray[np.int32]:
    """Return a number [N] for each connected piece of `chosen`; every other point is one by itself."""
    only = sparse.diags_array(chosen.astype(np.float32))
    _, piece = connected_components(only @ wall.neighbours @ only, directed=False)
    numbers: NDArray[np.int32] = piece
    return numbers


def _area(wall: Wall, piece: NDArray[np.int32], where: Mask) -> NDArray[np.float64]:
    """Return the area of `where` in each piece (mm²)."""
    return np.bincount(piece, np.where(where, wall.areas_mm2, 0.0)).astype(np.float64)
