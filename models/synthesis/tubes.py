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
    middle = 0.5 * (tubes.start + tubes.end)
    ray = projection.source - middle
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    sine = np.sqrt(np.clip(1.0 - (np.sum(ray * axis, axis=1) / length) ** 2, 0.0, 1.0))
    start_normal = projection.project(tubes.start + tubes.start_tangent * 1e-3)[0] - start
    end_normal = projection.project(tubes.end + tubes.end_tangent * 1e-3)[0] - end
    scale = 0.5 * (start_scale + end_scale)
    radius = 0.5 * (tubes.start_radius + tubes.end_radius)
    flat = np.linalg.norm(end - start, axis=1)
    specks = (flat < 1.0) & (radius * scale / pitch < 0.5)
    volume = np.pi * radius**2 * length * tubes.contrast
    _splat(image, 0.5 * (start + end)[specks], (volume * (scale / pitch) ** 2)[specks])
    for i in np.flatnonzero(~specks):
        _draw(
            image,
            start[i],
            end[i],
            float(tubes.start_radius[i]),
            float(tubes.end_radius[i]),
            float(start_scale[i] + end_scale[i]) / 2.0 / pitch,
            float(sine[i]),
            float(length[i]),
            float(tubes.contrast[i]),
            start_normal[i],
            end_normal[i],
        )
    return image


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


def _draw(
    image: NDArray[np.float32],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    start_radius: float,
    end_radius: float,
    pixels_per_mm: float,
    sine: float,
    length: float,
    contrast: float,
    start_normal: NDArray[np.float64],
    end_normal: NDArray[np.float64],
) -> None:
    rows, columns = image.shape
    reach = max(start_radius, end_radius) * pixels_per_mm + 1.5
    top = max(0, int(np.floor(min(start[0], end[0]) - reach)))
    bottom = min(rows, int(np.ceil(max(start[0], end[0]) + reach)) + 1)
    left = max(0, int(np.floor(min(start[1], end[1]) - reach)))
    right = min(columns, int(np.ceil(max(start[1], end[1]) + reach)) + 1)
    if top >= bottom or left >= right:
        return
    r = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(start[0])
    c = np.arange(left, right, dtype=np.float32)[None, :] - np.float32(start[1])
    dr, dc = float(end[0] - start[0]), float(end[1] - start[1])
    flat = float(np.hypot(dr, dc))
    if flat < 0.5:  # seen end on: a disc as thick as the piece is long
        distance = np.hypot(r - np.float32(dr / 2), c - np.float32(dc / 2))
        radius = 0.5 * (start_radius + end_radius) * pixels_per_mm
        inside = np.clip(np.float32(radius + 0.5) - distance, 0.0, 1.0)
        image[top:bottom, left:right] += np.float32(contrast * length) * inside
        return
    along = (r * np.float32(dr) + c * np.float32(dc)) * np.float32(1.0 / (flat * flat))
    across = (c * np.float32(dr) - r * np.float32(dc)) * np.float32(1.0 / flat)
    # Pieces butt against each other: together their ends cover each pixel once.
    first = start_normal / (np.hypot(*start_normal) + 1e-12)
    last = end_normal / (np.hypot(*end_normal) + 1e-12)
    beyond_start = r * np.float32(first[0]) + c * np.float32(first[1])
    before_end = np.float32(dr * last[0] + dc * last[1]) - (r * np.float32(last[0]) + c * np.float32(last[1]))
    ends = np.clip(beyond_start + 0.5, 0, 1) * np.clip(before_end + 0.5, 0, 1)
    true_radius = (start_radius + (end_radius - start_radius) * np.clip(along, 0, 1)) * np.float32(
        pixels_per_mm
    )
    radius = np.maximum(true_radius, np.float32(0.75))
    # Area pi r² / 2 of the half disc is kept when a thin tube is drawn wider.
    thin = (true_radius / radius) ** 2
    half = np.sqrt(np.maximum(radius * radius - across * across, 0.0)) * thin
    # A tube along the ray has ends, which bound the chord that an endless one would have.
    chord = 2.0 * half / np.float32(max(sine, _LEAST_SINE))
    image[top:bottom, left:right] += np.float32(contrast / pixels_per_mm) * (chord * ends)
