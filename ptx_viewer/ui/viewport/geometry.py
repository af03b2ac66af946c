"""Where the source grid lies on the screen: zoom, position, quarter turns and flips.

Source points are ``(x, y)`` with the image's edges at 0 and at its width and height, so pixel
``(row, column)`` covers ``[column, column + 1] x [row, row + 1]``.  Screen points are device
pixels of the canvas, with the canvas' edges at 0 in the same way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

#: Device pixels per source pixel beyond which zooming shows nothing new.
MAXIMUM_ZOOM = 64.0


@dataclass(frozen=True)
class ViewState:
    """How the reader looks at an image.

    The image is first turned clockwise, then flipped as seen on the screen.

    Attributes
    ----------
    zoom : float or None
        Device pixels per source pixel along the axis with the finer spacing; None fits the image
        to the canvas, whatever its size.
    centre : tuple of float or None
        Source point in the middle of the canvas; None for the image's middle.
    quarter_turns : int
        0..3, clockwise.
    flipped_horizontally, flipped_vertically : bool
        Left and right, top and bottom of the screen exchanged.
    """

    zoom: float | None = None
    centre: tuple[float, float] | None = None
    quarter_turns: int = 0
    flipped_horizontally: bool = False
    flipped_vertically: bool = False

    def rotated(self, quarter_turns: int) -> ViewState:
        """Return the state turned clockwise as seen on the screen."""
        # A turn that follows one mirror equals the opposite turn before it.
        mirrored = self.flipped_horizontally != self.flipped_vertically
        turns = self.quarter_turns + (-quarter_turns if mirrored else quarter_turns)
        return replace(self, quarter_turns=turns % 4)

    @property
    def symmetry(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The turn and flips as a matrix from source axes to screen axes."""
        a, b, c, d = ((1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))[self.quarter_turns]
        across = -1 if self.flipped_horizontally else 1
        down = -1 if self.flipped_vertically else 1
        return (across * a, across * b), (down * c, down * d)


@dataclass(frozen=True)
class Geometry:
    """An exact map between source and screen for one image, view and canvas size.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns of the image.
    aspect : tuple of float
        Relative size of a pixel along x and y; the smaller one is 1.
    canvas : tuple of int
        Width and height in device pixels.
    view : ViewState
    """

    shape: tuple[int, int]
    aspect: tuple[float, float]
    canvas: tuple[int, int]
    view: ViewState

    @property
    def fit_zoom(self) -> float:
        """Largest zoom at which the whole image is on the canvas."""
        width, height = self._turned_extent()
        return max(min(self.canvas[0] / width, self.canvas[1] / height), 1e-6)

    @property
    def zoom(self) -> float:
        """Device pixels per source pixel along the axis with the finer spacing."""
        return self.fit_zoom if self.view.zoom is None else self.view.zoom

    @property
    def centre(self) -> tuple[float, float]:
        """Source point in the middle of the canvas."""
        rows, columns = self.shape
        return (columns / 2, rows / 2) if self.view.centre is None else self.view.centre

    def matrix(self) -> NDArray[np.float64]:
        """Return the affine matrix [2, 3] from source points to device pixels.

        The image's corner is put on a whole device pixel, so that at 1:1 every source pixel
        is one device pixel and nothing is interpolated.
        """
        (a, b), (c, d) = self.view.symmetry
        scale_x, scale_y = self.zoom * self.aspect[0], self.zoom * self.aspect[1]
        linear = np.array([[a * scale_x, b * scale_y], [c * scale_x, d * scale_y]], dtype=np.float64)
        offset = np.array(self.canvas, dtype=np.float64) / 2 - linear @ np.array(self.centre)
        return np.column_stack([linear, np.floor(offset + 0.5)])

    def inverse(self) -> NDArray[np.float64]:
        """Return the affine matrix [2, 3] from device pixels to source points."""
        forward = self.matrix()
        linear = np.linalg.inv(forward[:, :2])
        return np.column_stack([linear, -linear @ forward[:, 2]])

    def to_device(self, x: float, y: float) -> tuple[float, float]:
        """Map a source point to device pixels."""
        across, down = self.matrix() @ (x, y, 1.0)
        return float(across), float(down)

    def to_source(self, across: float, down: float) -> tuple[float, float]:
        """Map a point in device pixels to the source."""
        x, y = self.inverse() @ (across, down, 1.0)
        return float(x), float(y)

    def image_rectangle(self) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom of the visible part of the image, whole device pixels."""
        rows, columns = self.shape
        corners = np.array([self.to_device(0, 0), self.to_device(columns, rows)])
        left, top = np.floor(corners.min(axis=0) + 0.5).astype(int)
        right, bottom = np.floor(corners.max(axis=0) + 0.5).astype(int)
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        return (
            max(int(left), 0),
            max(int(top), 0),
            min(int(right), self.canvas[0]),
            min(int(bottom), self.canvas[1]),
        )

    def zoomed(self, zoom: float, about: tuple[float, float] | None = None) -> ViewState:
        """Return the view at `zoom` with the device point `about` (or the middle) kept in place."""
        zoom = min(max(zoom, min(self.fit_zoom, 1.0) / 4), MAXIMUM_ZOOM)
        if about is None:
            return self._kept_inside(replace(self.view, zoom=zoom, centre=self.centre))
        zoomed = replace(self, view=replace(self.view, zoom=zoom))
        away = zoomed.inverse()[:, :2] @ (np.array(about) - np.array(self.canvas) / 2)
        x, y = np.array(self.to_source(*about)) - away
        return self._kept_inside(replace(self.view, zoom=zoom, centre=(float(x), float(y))))

    def panned(self, across: float, down: float) -> ViewState:
        """Return the view with the image moved by device pixels."""
        linear = self.inverse()[:, :2]
        step = linear @ (across, down)
        centre = (self.centre[0] - float(step[0]), self.centre[1] - float(step[1]))
        return self._kept_inside(replace(self.view, zoom=self.zoom, centre=centre))

    def centred_on(self, left: float, top: float, right: float, bottom: float) -> ViewState:
        """Return the view that shows a source box with as much again around it on every side."""
        middle = ((left + right) / 2, (top + bottom) / 2)
        width, height = self._turned_extent((right - left, bottom - top))
        wanted = min(self.canvas[0] / (3 * width), self.canvas[1] / (3 * height))
        # Never smaller than the whole film, and never magnified into a blur for a small finding.
        zoom = max(self.fit_zoom, min(wanted, 2.0))
        return self._kept_inside(replace(self.view, zoom=zoom, centre=middle))

    def _kept_inside(self, view: ViewState) -> ViewState:
        """Keep the middle of the canvas on the image, so that it cannot be lost."""
        rows, columns = self.shape
        x, y = view.centre if view.centre is not None else (columns / 2, rows / 2)
        return replace(view, centre=(min(max(x, 0.0), columns), min(max(y, 0.0), rows)))

    def _turned_extent(self, size: tuple[float, float] | None = None) -> tuple[float, float]:
        """Width and height on the screen at zoom 1 of a source extent (x, y), or of the image."""
        rows, columns = self.shape
        across, down = size if size is not None else (columns, rows)
        across, down = across * self.aspect[0], down * self.aspect[1]
        return (down, across) if self.view.quarter_turns % 2 else (across, down)


def pixel_aspect(row_mm: float, column_mm: float) -> tuple[float, float]:
    """Return the relative size of a pixel along x and y; the smaller one is 1."""
    if not (math.isfinite(row_mm) and math.isfinite(column_mm) and row_mm > 0 and column_mm > 0):
        return 1.0, 1.0
    finest = min(row_mm, column_mm)
    return column_mm / finest, row_mm / finest
