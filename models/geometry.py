"""The one place where grids are turned, padded and resized, and turned back.

A :class:`GridTransform` maps a source grid to a network's square grid: quarter
turns and mirror first (so that the patient stands as on a usual display), then
resizing to square pixels in the patient's proportions, then centred zero padding.  It holds
the exact inverse, so that a probability map comes back in the source image's own rows and columns.

Coordinates follow the pixel-centre convention: pixel ``(r, c)`` covers
``[r - 0.5, r + 0.5] x [c - 0.5, c + 0.5]``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

S = TypeVar("S", bound=np.generic)


@dataclass(frozen=True)
class Turn:
    """A symmetry of the rectangle: transpose first, then mirror rows and columns.

    Attributes
    ----------
    transpose : bool
        Swap rows and columns.
    flip_rows, flip_columns : bool
        Reverse the order of rows (upside down) or of columns (left to right), after the transpose.
    pixel_height : float
        Height of a pixel of the array that is turned over its width: the row spacing over the column
        spacing.  Turning moves pixels as they are; :class:`GridTransform` makes them square.
    """

    transpose: bool = False
    flip_rows: bool = False
    flip_columns: bool = False
    pixel_height: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.pixel_height) and self.pixel_height > 0):
            raise ValueError(f"a pixel's height over its width must be above 0, not {self.pixel_height}")

    def apply(self, array: NDArray[S]) -> NDArray[S]:
        """Turn `array` [H, W, ...]; the result is contiguous."""
        turned = array.swapaxes(0, 1) if self.transpose else array
        turned = turned[:: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]
        return np.ascontiguousarray(turned)

    def undo(self, array: NDArray[S]) -> NDArray[S]:
        """Turn `array` back: ``undo(apply(a))`` equals ``a`` exactly."""
        turned = array[:: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]
        turned = turned.swapaxes(0, 1) if self.transpose else turned
        return np.ascontiguousarray(turned)

    def apply_to_point(self, point: tuple[float, float], shape: tuple[int, int]) -> tuple[float, float]:
        """Return where a point (row, column) of an array of `shape` lies after the turn."""
        (row, column), (rows, columns) = point, shape
        if self.transpose:
            row, column, rows, columns = column, row, columns, rows
        return (
            rows - 1 - row if self.flip_rows else row,
            columns - 1 - column if self.flip_columns else column,
        )

    def undo_point(self, point: tuple[float, float], shape: tuple[int, int]) -> tuple[float, float]:
        """Return where a point of the turned array lies in the array of `shape` that was turned."""
        (row, column), (rows, columns) = point, shape[::-1] if self.transpose else shape
        row = rows - 1 - row if self.flip_rows else row
        column = columns - 1 - column if self.flip_columns else column
        return (column, row) if self.transpose else (row, column)


def turn_to_standard(row_direction: str, column_direction: str, pixel_height: float = 1.0) -> Turn:
    """Return the turn that shows a frontal film as usual: patient's left at the right, head up.

    Parameters
    ----------
    row_direction, column_direction : str
        Patient direction in which columns, and rows, increase (PatientOrientation,
        DICOM PS3.3 C.7.6.1.1.1); only the leading letter of each counts.
    pixel_height : float
        Height of a stored pixel over its width.

    Returns
    -------
    Turn
        One that turns nothing where the directions are not those of a frontal view.
    """
    across, down = row_direction[:1].upper(), column_direction[:1].upper()
    if across in ("H", "F") and down in ("L", "R"):
        across, down, transpose = down, across, True
    elif across in ("L", "R") and down in ("H", "F"):
        transpose = False
    else:
        return Turn(pixel_height=pixel_height)
    return Turn(transpose, flip_rows=down == "H", flip_columns=across == "R", pixel_height=pixel_height)


def resample(image: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Resize `image` [H, W]; shrinking averages over areas so that fine lines do not alias."""
    height, width = image.shape
    if (rows < height and columns > width) or (rows > height and columns < width):
        # OpenCV averages over areas only where both edges shrink: the one that does comes first.
        least = (min(columns, width), min(rows, height))
        image = np.asarray(cv2.resize(image, least, interpolation=cv2.INTER_AREA), np.float32)
        method = cv2.INTER_LINEAR
    else:
        method = cv2.INTER_AREA if rows <= height else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (columns, rows), interpolation=method), np.float32)


@dataclass(frozen=True)
class GridTransform:
    """From a source grid to a square network grid, and back.

    Attributes
    ----------
    source_shape : tuple of int
        Rows and columns of the source image.
    size : int
        Edge of the square network grid.
    turn : Turn
        Applied before resizing; its pixel height says what makes the pixels square.
    """

    source_shape: tuple[int, int]
    size: int
    turn: Turn = Turn()

    @property
    def turned_shape(self) -> tuple[int, int]:
        """Rows and columns after the turn."""
        rows, columns = self.source_shape
        return (columns, rows) if self.turn.transpose else (rows, columns)

    @property
    def square_shape(self) -> tuple[float, float]:
        """Rows and columns after the turn in square pixels: no fewer along either axis than there are."""
        rows, columns = self.turned_shape
        height = 1 / self.turn.pixel_height if self.turn.transpose else self.turn.pixel_height
        return rows * max(height, 1.0), columns * max(1 / height, 1.0)

    @property
    def content(self) -> tuple[int, int, int, int]:
        """Where the image lies in the network grid: top, left, rows, columns."""
        rows, columns = self.square_shape
        scale = self.size / max(rows, columns)
        inner_rows = max(1, round(rows * scale))
        inner_columns = max(1, round(columns * scale))
        return (
            (self.size - inner_rows) // 2,
            (self.size - inner_columns) // 2,
            inner_rows,
            inner_columns,
        )

    def forward(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring `image` [H, W] into the network grid [size, size]; padding is 0.

        Shrinking averages over areas so that fine lines do not alias.

        Raises
        ------
        ValueError
            If `image` is not of the source shape.
        """
        self._check(image, self.source_shape)
        return self.place(self.turn.apply(image))

    def place(self, turned: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring the whole film, turned already and at any resolution, into the network grid; padding is 0.

        Parameters
        ----------
        turned : ndarray of float32, shape [h, w]
            Covers exactly what the turned source image covers.
        """
        top, left, rows, columns = self.content
        inner = resample(turned, rows, columns)
        grid = np.zeros((self.size, self.size), dtype=np.float32)
        grid[top : top + rows, left : left + columns] = inner
        return grid

    def backward(self, grid: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring a map [size, size] back into the source grid [H, W], bilinearly.

        Raises
        ------
        ValueError
            If `grid` is not square of edge ``size``.
        """
        self._check(grid, (self.size, self.size))
        top, left, rows, columns = self.content
        inner = np.ascontiguousarray(grid[top : top + rows, left : left + columns], dtype=np.float32)
        height, width = self.turned_shape
        restored = cv2.resize(inner, (width, height), interpolation=cv2.INTER_LINEAR)
        return self.turn.undo(restored).astype(np.float32, copy=False)

    def backward_labels(self, grid: NDArray[np.int32]) -> NDArray[np.int32]:
        """Bring labels [size, size] back into the source grid [H, W]: the nearest one, never a mixture.

        Raises
        ------
        ValueError
            If `grid` is not square of edge ``size``.
        """
        self._check(grid, (self.size, self.size))
        top, left, rows, columns = self.content
        height, width = self.turned_shape
        # Centre to centre, as `backward` does; OpenCV's own nearest neighbour takes pixel corners.
        nearest_row = ((np.arange(height) + 0.5) * rows / height).astype(np.intp) + top
        nearest_column = ((np.arange(width) + 0.5) * columns / width).astype(np.intp) + left
        return self.turn.undo(grid[np.ix_(nearest_row, nearest_column)])

    def content_mask(self) -> NDArray[np.bool_]:
        """Return bool [size, size]: true where the grid holds image, false in the padding."""
        top, left, rows, columns = self.content
        mask = np.zeros((self.size, self.size), dtype=np.bool_)
        mask[top : top + rows, left : left + columns] = True
        return mask

    @staticmethod
    def _check(array: NDArray[np.generic], shape: tuple[int, int]) -> None:
        if array.shape != shape:
            raise ValueError(f"expected an array of shape {shape}, got {array.shape}")
