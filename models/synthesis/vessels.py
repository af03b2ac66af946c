"""Arteries and veins of the lungs: trees that fill the lung and taper from the hilum.

A tree is grown by halving: a stem runs from its root part of the way to the centre of a cloud
of target points, the cloud is cut in two across its longest axis, and each half gets a branch.
Radii follow Murray's law, r^n = r1^n + r2^n, from equal twigs (n = 2.65).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .anatomy import Anatomy, Side, sign
from .cavity import cavities, mediastinal_x
from .fields import coverage
from .tubes import Tubes

_MURRAY: Final = 2.65
_TWIG_RADIUS: Final = 0.36
_TWIG_RADII: Final = np.array([_TWIG_RADIUS, 0.5 * _TWIG_RADIUS])
#: So few targets are reached by one twig each from where the branch ends.
_BUNDLE: Final = 3
#: A stem that feeds more targets than this is one of the hilum.
_LOBAR: Final = 700

#: A branch: points [K, 3], unit tangents [K, 3] and radii [K].
_Piece = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
_ENDS: Final = (slice(None, -1), slice(1, None))


def _targets(anatomy: Anatomy, side: Side, count: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Random points [count, 3] inside the full lung, at least 3 mm from the pleura."""
    found: list[NDArray[np.float64]] = []
    have = 0
    while have < count:
        points = random.uniform((12.0, -110.0, -170.0), (150.0, 110.0, 140.0), (3 * count, 3))
        points[:, 0] *= sign(side)
        # Upright lungs have fuller vessels below.
        keep = random.random(len(points)) < np.clip(0.85 - points[:, 2] / 350.0, 0.2, 1.0)
        points = points[keep]
        x, y, z = (points[:, k : k + 1].astype(np.float32) for k in range(3))
        inside = cavities(anatomy, x, y, z).pleural[:, 0] > 3.0
        found.append(points[inside])
        have += int(inside.sum())
    return np.concatenate(found)[:count]


def _grow(
    root: NDArray[np.float64],
    heading: NDArray[np.float64],
    targets: NDArray[np.float64],
    random: np.random.Generator,
    pieces: list[_Piece],
) -> None:
    stack = [(root, heading, targets)]
    while stack:
        origin, direction, cloud = stack.pop()
        count = len(cloud)
        if count <= _BUNDLE:
            for tip in cloud:
                tangent = (tip - origin) / (np.linalg.norm(tip - origin) + 1e-9)
                pieces.append((np.stack([origin, tip]), np.stack([tangent, tangent]), _TWIG_RADII))
            continue
        centre = cloud.mean(axis=0)
        span = float(np.linalg.norm(centre - origin)) + 1e-6
        # Lobar arteries part near the hilum.
        share = random.uniform(0.30, 0.50) * (0.5 if count > _LOBAR else 1.0)
        tip = origin + (centre - origin) * share
        # Bend: leave along the parent's direction, arrive towards the tip.
        middle = 0.5 * (origin + tip) + direction * (0.10 * span) + random.normal(0, 0.03 * span, 3)
        radius = _TWIG_RADIUS * count ** (1.0 / _MURRAY)
        onward = radius * 0.93
        t = np.linspace(0.0, 1.0, 6 if count > 12 else 3)[:, None]
        curve = (1 - t) ** 2 * origin + 2 * t * (1 - t) * middle + t**2 * tip
        tangent = (1 - t) * (middle - origin) + t * (tip - middle)
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
        pieces.append((curve, tangent, radius + (onward - radius) * t[:, 0]))
        arriving = tangent[-1]
        offsets = cloud - centre
        _, vectors = np.linalg.eigh(offsets.T @ offsets)
        along = offsets @ vectors[:, -1]
        cut = np.sort(along)[int(random.uniform(0.33, 0.67) * (count - 1))]
        first = along <= cut
        if first.all() or not first.any():
            first = np.arange(count) < count // 2
        stack.append((tip, arriving, cloud[first]))
        stack.append((tip, arriving, cloud[~first]))


@lru_cache(maxsize=4)
def grow_vessels(anatomy: Anatomy, side: Side, seed: int, twigs: int = 2600) -> Tubes:
    """Return arteries and veins of one full lung; `contrast` is 1 in the lung, for the caller to scale.

    The same `anatomy`, `side` and `seed` give the same tree, so that a lung before and after its
    collapse has the same vessels.
    """
    random = np.random.default_rng([seed, 2, 0 if side == "right" else 1])
    s = sign(side)
    roots = (
        # interlobar artery, then the veins' confluence, lower and further in front
        (np.array([s * 22.0, 6.0, 26.0 if side == "right" else 34.0]), np.array([s * 0.9, 0.1, -0.3]), twigs),
        (np.array([s * 18.0, 12.0, 0.0]), np.array([s * 0.9, 0.0, 0.1]), twigs // 2),
    )
    pieces: list[_Piece] = []
    for usual, heading, count in roots:
        root = np.array(mediastinal_x(anatomy, (usual[0], usual[1], usual[2])))
        _grow(root, heading, _targets(anatomy, side, count, random), random, pieces)
    start, end = (np.concatenate([curve[part] for curve, _, _ in pieces]) for part in _ENDS)
    start_tangent, end_tangent = (
        np.concatenate([tangent[part] for _, tangent, _ in pieces]) for part in _ENDS
    )
    first, last = (np.concatenate([radius[part] for _, _, radius in pieces]) for part in _ENDS)
    # Inside the mediastinum a vessel is tissue among tissue: it shows only from the hilum on.
    x, y, z = (0.5 * (start + end)[:, k : k + 1].astype(np.float32) for k in range(3))
    shown = coverage(cavities(anatomy, x, y, z).pleural[:, 0] - np.float32(6.0), 16.0).astype(np.float64)
    return Tubes(start, end, first, last, shown, start_tangent, end_tangent)
