"""How thick a layer of air is, from the profile of values under the chest wall.

Across the wall a scan shows: tissue up to `e`, air over a gap `g`, the visceral pleura as a line,
then lung; all blurred by the scan's own resolution, a Gaussian of standard deviation `s`.  With
``F`` the normal distribution function and values relative to pure air,

``value(d) = t F((e - d) / s) + l F((d - e - g) / s) + p N(d; e + g, s)``

is linear in tissue `t`, lung `l` and the line's integral `p` (HU mm).  For each pair of `e` and `g` of a
dictionary the best of them is a projection, so that the fit of thousands of profiles is one product of
matrices.  A gap thinner than the resolution is still seen, because the line and the dark between move the
values; below about 0.6 mm line and wall are one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from .surface import FloatArray
from .wall import DEPTHS_MM

#: Gaps in the dictionary, and places of the wall about where the value is half way (mm).
MOST_MM = 6.0
_GAPS_MM = np.concatenate([np.arange(0.0, 2.0, 0.1), np.arange(2.0, MOST_MM + 0.01, 0.2)])
_WALLS_MM = np.arange(-0.45, 0.46, 0.15)
#: Resolutions between which the scan's own is looked for (mm).
SIGMAS_MM = tuple(round(0.1 * tenths, 1) for tenths in range(4, 15))
_TERMS = 3
#: A slice up to this blurs across itself about as much as within (mm).
_THIN_SLICE_MM = 2.0
#: Share of the profiles, in percent, that are expected to show no layer.
_PLAIN_PERCENT = 20.0
_AT_ONCE = 4000


@dataclass(frozen=True, eq=False)
class Fit:
    """What fits each profile best.

    Attributes
    ----------
    gap_mm, wall_mm : ndarray of float32, shape [N]
        Thickness of the layer of air, and the wall's place in the profile.
    tissue, lung : ndarray of float32, shape [N]
        Above pure air (HU).
    line : ndarray of float32, shape [N]
        Integral of the visceral line above its surroundings (HU mm).
    error, without : ndarray of float32, shape [N]
        Root mean square difference of profile and fit, and the same of the best fit without a layer.
    """

    gap_mm: FloatArray
    wall_mm: FloatArray
    tissue: FloatArray
    lung: FloatArray
    line: FloatArray
    error: FloatArray
    without: FloatArray


def fit_profiles(above_air: FloatArray, sigma_mm: float) -> Fit:
    """Fit profiles [N, D] at :data:`~models.ct.wall.DEPTHS_MM`, in HU above pure air."""
    gaps, walls, projectors, solvers = _dictionary(sigma_mm)
    none = gaps == 0.0
    found = np.zeros((7, len(above_air)), np.float32)
    for first in range(0, len(above_air), _AT_ONCE):
        chosen = slice(first, first + _AT_ONCE)
        part = above_air[chosen]
        explained = ((part @ projectors) ** 2).reshape(len(part), -1, _TERMS).sum(axis=2)
        whole = (part**2).sum(axis=1)
        best = explained.argmax(axis=1)
        terms = np.einsum("nd,ntd->tn", part, solvers[best])
        most = np.stack([explained.max(axis=1), explained[:, none].max(axis=1)])
        errors = np.sqrt(np.maximum(whole - most, 0.0) / above_air.shape[1])
        found[:, chosen] = np.vstack([gaps[best], walls[best], *terms, *errors])
    return Fit(*found)


def resolution(above_air: FloatArray) -> float:
    """Return the resolution (mm) with which profiles [N, D] fit best, by those that show no layer.

    Layers are flexible enough to fit a blur that is not there.
    """
    errors = [
        float(np.percentile(fit_profiles(above_air, sigma).without, _PLAIN_PERCENT)) for sigma in SIGMAS_MM
    ]
    return SIGMAS_MM[int(np.argmin(errors))]


def blur_along(
    normals: FloatArray,
    spacing_mm: tuple[float, float, float],
    in_plane_mm: float,
    *,
    interpolation: bool = False,
) -> FloatArray:
    """Return the resolution along normals [N, 3] (mm).

    Across thick slices the blur is that of their thickness, a box; with `interpolation` also that of
    reading values between them, a triangle.
    """
    thick = spacing_mm[0] if spacing_mm[0] > _THIN_SLICE_MM else 0.0
    share = 1.0 / 12.0 + (1.0 / 6.0 if interpolation else 0.0)
    blur: FloatArray = np.sqrt(in_plane_mm**2 + share * (thick * normals[:, 0]) ** 2).astype(np.float32)
    return blur


def profile(
    gap_mm: float, wall_mm: float, sigma_mm: float, depths_mm: NDArray[np.float64] = DEPTHS_MM
) -> NDArray[np.float64]:
    """Return the profiles [3, D] of tissue, lung and line of unit height (the line: of unit integral)."""
    line = (depths_mm - wall_mm - gap_mm) / sigma_mm
    return np.stack(
        [
            ndtr((wall_mm - depths_mm) / sigma_mm),
            ndtr(line),
            np.exp(-0.5 * line**2) / (sigma_mm * np.sqrt(2.0 * np.pi)),
        ]
    )


@lru_cache(maxsize=32)
def _dictionary(sigma_mm: float) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return gaps and walls [C], an orthonormal basis of each pair [D, 3 C], and what gives the terms."""
    gaps, walls, bases, solvers = [], [], [], []
    for gap in _GAPS_MM:
        for wall in _WALLS_MM:
            terms = profile(float(gap), float(wall), sigma_mm).T
            if gap == 0.0:
                terms = terms[:, :2]
            basis, _ = np.linalg.qr(terms)
            missing = ((0, 0), (0, _TERMS - terms.shape[1]))
            gaps.append(gap)
            walls.append(wall)
            bases.append(np.pad(basis, missing))
            solvers.append(np.pad(np.linalg.pinv(terms), missing[::-1]))
    return (
        np.array(gaps, np.float32),
        np.array(walls, np.float32),
        np.concatenate(bases, axis=1).astype(np.float32),
        np.array(solvers, np.float32),
    )
