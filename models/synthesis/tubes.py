"""Thin tubes (vessels, airways, long bones) as line segments, projected without a voxel grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from .geometry import Projection

_LEAST_SINE: Final = 0.35


@dataclass(frozen=True, eq=False)
class Tubes:
    """Straight pieces of round tubes.

    Attributes
    ----------
    start, end : ndarray of float64, shape [N, 3]
        Ends of each piece, in patient millimetres.
    start_radius, end_radius : ndarray of float64, shape [N]
        Radius in mm at the ends.
    contrast : ndarray of float64, shape [N]
        Hounsfield units added to what the tube replaces.
    start_tangent, end_tangent : ndarray of float64, shape [N, 3]
        Direction of the tube at the ends, any length: neighbours are mitred along it.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    start_radius: NDArray[np.float64]
    end_radius: NDArray[np.float64]
    contrast: NDArray[np.float64]
    start_tangent: NDArray[np.float64]
    end_tangent: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.start)

    def thinned(self, share: float) -> Tubes:
        """Return the tubes with `share` of their radii."""
        return replace(self, start_radius=self.start_radius * share, end_radius=self.end_radius * share)

    def parted(self, radius_mm: float) -> tuple[Tubes, Tubes]:
        """Return the pieces up to that mean radius, and the broader ones."""
        thin = 0.5 * (self.start_radius + self.end_radius) <= radius_mm
        first, second = (
            Tubes(**{name: array[some] for name, array in vars(self).items()}) for some in (thin, ~thin)
        )
        return first, second

    def moved(self, mapping: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Tubes:
        """Return the tubes with every point [N, 3] sent through a smooth `mapping`."""
        start, end = mapping(self.start), mapping(self.end)
        return replace(
            self,
            start=start,
            end=end,
            start_tangent=mapping(self.start + 0.1 * self.start_tangent) - start,
            end_tangent=mapping(self.end + 0.1 * self.end_tangent) - end,
        )

    def sheared(self, turn: float) -> Tubes:
        """Return the tubes moved sideways by `turn` mm for each mm that they lie further back."""
        shift = np.array([[1.0, 0.0, 0.0], [turn, 1.0, 0.0], [0.0, 0.0, 1.0]])
        return replace(
            self,
            start=self.start @ shift,
            end=self.end @ shift,
            start_tangent=self.start_tangent @ shift,
            end_tangent=self.end_tangent @ shift,
        )


def join(parts: list[Tubes]) -> Tubes:
    """Put several sets of tubes into one."""
    return Tubes(
        np.concatenate([p.start for p in parts]),
        np.concatenate([p.end for p in parts]),
        np.concatenate([p.start_radius for p in parts]),
        np.concatenate([p.end_radius for p in parts]),
        np.concatenate([p.contrast for p in parts]),
        np.concatenate([p.start_tangent for p in parts]),
        np.concatenate([p.end_tangent for p in parts]),
    )


def polyline(points: NDArray[np.float64], radii: NDArray[np.float64], contrast: float, step: float) -> Tubes:
    """Return a smooth tube through `points` [K, 3] with `radii` [K], in pieces of about `step` mm."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    count = max(2, int(np.ceil(length[-1] / step)) + 1)
    at = np.linspace(0.0, length[-1], count)
    spline = CubicSpline(length, points, axis=0)
    path, tangent = spline(at), spline(at, 1)
    radius = np.interp(at, length, radii)
    return Tubes(
        path[:-1], path[1:], radius[:-1], radius[1:], np.full(count - 1, contrast), tangent[:-1], tangent[1:]
    )


def project_tubes(tubes: Tubes, projection: Projection) -> NDArray[np.float32]:
    """Integrate ``contrast`` along the ray of every detector pixel, in Hounsfield units times mm.

    The chord of a ray through a cylinder of radius r at distance p from its axis is
    ``2 sqrt(r² - p²) / sin(alpha)``, alpha being the angle between ray and axis.  A tube thinner
    than a pixel is drawn one pixel wide with the same integral.

    Returns
    -------
    ndarray of float32, shape [rows, columns]
    """
    image = np.zeros(projection.shape, np.float32)
    start, start_scale = projection.project(tubes.start)
    end, end_scale = projection.project(tubes.end)
    pitch = projection.pixel_mm
    axis = tubes.end - tubes.start
    length = np.linalg.norm(axis, axis=1) + 1e-9
    ray = projection.source - 0.5 * (tubes.start + tubes.end)
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    sine = np.sqrt(np.clip(1.0 - (np.sum(ray * axis, axis=1) / length) ** 2, 0.0, 1.0))
    scale = 0.5 * (start_scale + end_scale)
    radius = 0.5 * (tubes.start_radius + tubes.end_radius)
    flat = np.linalg.norm(end - start, axis=1)
    specks = (flat < 1.0) & (radius * scale / pitch < 0.5)
    volume = np.pi * radius**2 * length * tubes.contrast
    _splat(image, 0.5 * (start + end)[specks], (volume * (scale / pitch) ** 2)[specks])
    pieces = _Pieces(
        start,
        end,
        tubes.start_radius * scale / pitch,
        tubes.end_radius * scale / pitch,
        scale / pitch,
        sine,
        length,
        tubes.contrast,
        projection.project(tubes.start + tubes.start_tangent * 1e-3)[0] - start,
        projection.project(tubes.end + tubes.end_tangent * 1e-3)[0] - end,
    )
    reach = np.maximum(pieces.start_radius, pieces.end_radius)[:, None] + 1.5
    corner = np.floor(np.minimum(start, end) - reach).astype(np.intp)
    size = (np.ceil(np.maximum(start, end) + reach).astype(np.intp) - corner).max(axis=1) + 1
    left = ~specks & np.all((corner < projection.shape) & (corner + size[:, None] > 0), axis=1)
    for edge in _EDGES:
        chosen = np.flatnonzero(left & (size <= edge))
        left[chosen] = False
        block = max(1, _BLOCK_PIXELS // edge**2)
        for first in range(0, len(chosen), block):
            some = chosen[first : first + block]
            _draw(image, pieces.of(some), corner[some], edge)
    for one in np.flatnonzero(left)[:, None]:
        _draw(image, pieces.of(one), corner[one], int(size[one[0]]))
    return image


#: Pieces are drawn many at a time, in boxes of these edges (pixels).
_EDGES: Final = (6, 8, 10, 13, 17, 23, 32, 48)
_BLOCK_PIXELS: Final = 400_000


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Straight pieces on the film: places [N, 2] and radii in pixels, and what :func:`_draw` needs."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    start_radius: NDArray[np.float64]
    end_radius: NDArray[np.float64]
    pixels_per_mm: NDArray[np.float64]
    sine: NDArray[np.float64]
    length: NDArray[np.float64]
    contrast: NDArray[np.float64]
    start_normal: NDArray[np.float64]
    end_normal: NDArray[np.float64]

    def of(self, chosen: NDArray[np.intp]) -> _Pieces:
        return _Pieces(**{name: array[chosen] for name, array in vars(self).items()})


def _splat(image: NDArray[np.float32], at: NDArray[np.float64], amount: NDArray[np.float64]) -> None:
    """Share pieces smaller than a pixel among the four pixels around each, keeping their integral."""
    rows, columns = image.shape
    corner = np.floor(at).astype(np.intp)
    part = at - corner
    for down in (0, 1):
        for right in (0, 1):
            r, c = corner[:, 0] + down, corner[:, 1] + right
            weight = np.abs(1 - down - part[:, 0]) * np.abs(1 - right - part[:, 1])
            inside = (r >= 0) & (r < rows) & (c >= 0) & (c < columns)
            np.add.at(image, (r[inside], c[inside]), (amount * weight)[inside].astype(np.float32))


def _draw(image: NDArray[np.float32], pieces: _Pieces, corner: NDArray[np.intp], edge: int) -> None:
    """Add pieces to the image, each in a box of `edge` pixels from its `corner` [N, 2]."""

    def column(values: NDArray[np.float64]) -> NDArray[np.float32]:
        return values.astype(np.float32)[:, None, None]

    steps = np.arange(edge, dtype=np.float32)
    r = steps[None, :, None] + column(corner[:, 0] - pieces.start[:, 0])
    c = steps[None, None, :] + column(corner[:, 1] - pieces.start[:, 1])
    run = pieces.end - pieces.start
    dr, dc = column(run[:, 0]), column(run[:, 1])
    flat = np.hypot(run[:, 0], run[:, 1])
    first, last = (
        normal / (np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12)
        for normal in (pieces.start_normal, pieces.end_normal)
    )
    inverse = column(1.0 / np.maximum(flat, 0.5))
    along = (r * dr + c * dc) * inverse * inverse
    across = (c * dr - r * dc) * inverse
    # Pieces butt against each other: together their ends cover each pixel once.
    beyond_start = r * column(first[:, 0]) + c * column(first[:, 1])
    before_end = (dr - r) * column(last[:, 0]) + (dc - c) * column(last[:, 1])
    ends = np.clip(beyond_start + 0.5, 0, 1) * np.clip(before_end + 0.5, 0, 1)
    true_radius = column(pieces.start_radius) + column(pieces.end_radius - pieces.start_radius) * np.clip(
        along, 0, 1
    )
    radius = np.maximum(true_radius, np.float32(0.75))
    # Area pi r² / 2 of the half disc is kept when a thin tube is drawn wider.
    thin = (true_radius / radius) ** 2
    half = np.sqrt(np.maximum(radius * radius - across * across, 0.0)) * thin
    # A tube along the ray has ends, which bound the chord that an endless one would have.
    chord = half * column(2.0 / np.maximum(pieces.sine, _LEAST_SINE) / pieces.pixels_per_mm) * ends
    # Seen end on: a disc as thick as the piece is long.
    distance = np.hypot(r - dr * np.float32(0.5), c - dc * np.float32(0.5))
    mean_radius = column(0.5 * (pieces.start_radius + pieces.end_radius))
    disc = np.clip(mean_radius + np.float32(0.5) - distance, 0.0, 1.0) * column(pieces.length)
    value = np.where(column(flat) < 0.5, disc, chord) * column(pieces.contrast)
    rows = corner[:, 0, None] + np.arange(edge)
    columns = corner[:, 1, None] + np.arange(edge)
    value[(rows < 0) | (rows >= image.shape[0])] = 0.0
    value.transpose(0, 2, 1)[(columns < 0) | (columns >= image.shape[1])] = 0.0
    index = (
        np.clip(rows, 0, image.shape[0] - 1)[:, :, None] * image.shape[1]
        + np.clip(columns, 0, image.shape[1] - 1)[:, None, :]
    )
    top, bottom = int(index.min()), int(index.max()) + 1
    added = np.bincount((index - top).ravel(), value.ravel(), bottom - top)
    image.reshape(-1)[top:bottom] += added.astype(np.float32)
