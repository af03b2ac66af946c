"""Layers of air on walls that lie across thick slices.

There a profile is blurred over more than a thin layer: by the slice itself, a box, and by reading between
slices, a triangle, both as wide as the slices are apart along the normal.  Tissue, line and lung cannot all
be told from each other any more.  But what the line adds is known from the layer on the walls that stand
upright in the same scan; with that given the rest is fitted as in :mod:`.profile`, by profiles that reach
deeper and are averaged over a larger patch.  One patch proves little: what counts is over how much of the
wall such patches hang together.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .border import Levels
from .gaps import EDGE_SLICE_MM, hanging_area
from .grid import Hounsfield
from .profile import fit_profiles
from .surface import FloatArray
from .wall import MOST_HU, Wall

#: A wall lies across the slices where this share of its normal runs along them.
ACROSS = 0.5
#: So many points of a layer on upright walls tell what the visceral line adds.
_LEAST_POINTS = 100
#: Samples of a profile, millimetres below the wall, and how many of the last are lung.
_DEPTHS_MM = np.arange(-1.2, 15.0, 0.6)
_LUNG_SAMPLES = 4
#: They measure within this of the side's median (HU).
_LUNG_HU = 120.0
#: Profiles are averaged over this many steps from point to point, about 10 mm.
_STEPS = 16
#: Gaps and places of the wall that are tried (mm), and the least gap that is believed.
_TRIED_MM = np.concatenate([np.arange(0.0, 5.9, 0.4), np.arange(6.0, 11.1, 1.0)])
_WALLS_MM = np.arange(-2.0, 2.01, 0.2)
_LEAST_GAP_MM = 0.8
#: Without a layer a fit leaves over at least this (HU), with one at most this share of it, and beside what
#: is taken for a layer this.
_LEAST_WITHOUT, _MOST_LEFT, _LEFT_BESIDE = 4.0, 0.7, 0.8
#: Pieces this near to each other are one, in steps from point to point.
_JOINED = 1
#: A layer reaches at least this far (mm²), and beside one that does others at least so far.
#: Healthy walls show up to 15 cm².
_LEAST_AREA_MM2, _OTHER_AREA_MM2 = 2000.0, 500.0
#: It is followed this many steps from point to point.
_BESIDE = 6
_PITCH_MM = 0.1


def slab_gaps(
    wall: Wall,
    hounsfield: Hounsfield,
    spacing_mm: tuple[float, float, float],
    levels: Levels,
    blur_mm: float,
    upright: FloatArray,
) -> FloatArray:
    """Return the thickness of layers of air on walls that lie across thick slices.

    Parameters
    ----------
    wall : Wall
    hounsfield : ndarray of int16, shape [S, H, W]
    spacing_mm : tuple of float
    levels : Levels
    blur_mm : float
        Resolution within the slices.
    upright : ndarray of float32, shape [N]
        Thickness of the layer as :func:`~models.ct.gaps.layer_gaps` gives it (mm).

    Returns
    -------
    ndarray of float32, shape [N]
        Millimetres; 0 where no layer is seen, and everywhere in thin slices or where there is no layer on
        upright walls.
    """
    gap = np.zeros(len(upright), np.float32)
    across = np.abs(wall.normals[:, 0])
    known = (upright > 0) & (across < ACROSS)
    if spacing_mm[0] <= EDGE_SLICE_MM or np.count_nonzero(known) < _LEAST_POINTS:
        return gap
    line = float(np.median(fit_profiles(wall.profiles[known] - np.float32(levels.air), blur_mm).line))
    profiles = wall.sampled(hounsfield, spacing_mm, _DEPTHS_MM.astype(np.float32))
    np.clip(profiles, -1024.0, MOST_HU, out=profiles)
    lung = np.abs(profiles[:, -_LUNG_SAMPLES:].mean(axis=1) - np.float32(levels.lung)) < _LUNG_HU
    where = wall.seen & lung & (across >= ACROSS)
    above = wall.averaged(profiles, where, _STEPS) - np.float32(levels.air)
    left, without = np.ones_like(gap), np.zeros_like(gap)
    tenths = np.clip((10.0 * across).astype(np.intp), 0, 9)
    for tenth in np.unique(tenths[where]):
        alike = np.flatnonzero(where & (tenths == tenth))
        thick_mm = spacing_mm[0] * (0.1 * float(tenth) + 0.05)
        gap[alike], left[alike], without[alike] = _fitted(above[alike], thick_mm, blur_mm, line)
    believed = where & (gap > _LEAST_GAP_MM - 0.01) & (without > _LEAST_WITHOUT)
    layer = believed & (left < _MOST_LEFT)
    reach = hanging_area(wall, wall.near(layer, _JOINED) & where, layer)
    if reach.max() < _LEAST_AREA_MM2:
        return np.zeros_like(gap)
    layer &= reach >= _OTHER_AREA_MM2
    layer |= believed & (left < _LEFT_BESIDE) & wall.near(layer, _BESIDE)
    return np.where(layer, gap, np.float32(0))


def _fitted(
    above_air: FloatArray, thick_mm: float, blur_mm: float, line: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return for each profile [N, D] the gap, the share left over with it, and what is without (HU)."""
    dictionary = _dictionary(round(thick_mm, 3), round(blur_mm, 1))
    left = []
    for _, basis, fixed in dictionary:
        rest = above_air - np.float32(line) * fixed
        left.append((rest**2).sum(axis=1) - ((rest @ basis) ** 2).sum(axis=1))
    errors = np.sqrt(np.maximum(np.array(left), 0.0) / len(_DEPTHS_MM))
    tried = np.array([gap for gap, _, _ in dictionary], np.float32)
    without: FloatArray = errors[tried == 0.0].min(axis=0)
    best = errors.argmin(axis=0)
    return tried[best], errors.min(axis=0) / np.maximum(without, np.float32(1e-3)), without


@lru_cache(maxsize=16)
def _dictionary(thick_mm: float, blur_mm: float) -> tuple[tuple[float, FloatArray, FloatArray], ...]:
    """Return for each gap and wall: the gap, an orthonormal basis of tissue and lung [D, 2], the line [D]."""
    places = np.arange(-30.0, 30.0 + _PITCH_MM / 2, _PITCH_MM)
    blur = np.exp(-0.5 * (places / blur_mm) ** 2)
    blur = np.convolve(blur, np.abs(places) <= thick_mm / 2, "same")
    blur = np.convolve(blur, np.clip(1.0 - np.abs(places) / thick_mm, 0.0, None), "same")
    blur /= blur.sum() * _PITCH_MM
    edge = np.cumsum(blur) * _PITCH_MM
    found = []
    for gap in _TRIED_MM:
        for wall in _WALLS_MM:
            tissue = np.interp(wall - _DEPTHS_MM, places, edge)
            lung = np.interp(_DEPTHS_MM - wall - gap, places, edge)
            fixed = np.interp(_DEPTHS_MM - wall - gap, places, blur) * (gap > 0.0)
            basis, _ = np.linalg.qr(np.stack([tissue, lung], axis=1))
            found.append((float(gap), basis.astype(np.float32), fixed.astype(np.float32)))
    return tuple(found)
