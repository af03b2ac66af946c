"""Planes through a volume, every voxel where its slice lies.  Knows no widget."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from .spacing import Spacing, SpacingBasis
from .volume import Volume

_OPPOSITE = str.maketrans("LRAPHF", "RLPAFH")
#: Slices that step sideways by more than this are tilted (degrees); headers are rounded.
_TILTED = 1.0


class Plane(StrEnum):
    """The plane of a view, for slices that lie across the body."""

    AXIAL = "Axial"
    CORONAL = "Coronal"
    SAGITTAL = "Sagittal"


@dataclass(frozen=True)
class Cursor:
    """One voxel: where all planes meet."""

    slice_: int
    row: int
    column: int


class Planes:
    """Cuts a volume without interpolation: between slices the nearer one is shown, in gaps nothing.

    Parameters
    ----------
    volume : Volume
    """

    def __init__(self, volume: Volume) -> None:
        self.volume = volume
        self._heights = _heights(volume)
        self._pitch = min(volume.spacing_mm)
        self._height_mm = len(self._heights) * self._pitch

    def count(self, plane: Plane) -> int:
        """Return how many planes of that kind the volume has."""
        return int(self.volume.hounsfield.shape[list(Plane).index(plane)])

    def index(self, plane: Plane, cursor: Cursor) -> int:
        """Return which plane passes the cursor."""
        return (cursor.slice_, cursor.row, cursor.column)[list(Plane).index(plane)]

    def moved(self, plane: Plane, cursor: Cursor, index: int) -> Cursor:
        """Return the cursor on another plane of that kind, the nearest there is."""
        at = [cursor.slice_, cursor.row, cursor.column]
        at[list(Plane).index(plane)] = min(max(index, 0), self.count(plane) - 1)
        return Cursor(*at)

    def cut(self, array: NDArray[np.generic], plane: Plane, index: int) -> NDArray[np.generic]:
        """Return a plane of an array [S, H, W] as it is displayed; gaps repeat their upper neighbour."""
        if plane is Plane.AXIAL:
            axial: NDArray[np.generic] = array[index]
            return axial
        return self.spread(array[:, index] if plane is Plane.CORONAL else array[:, :, index])

    def spread(self, across: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return a plane across the slices, one row for each slice, as it is displayed."""
        displayed: NDArray[np.generic] = across[np.maximum(self._heights, 0)]
        return displayed

    def gathered(self, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return one row for each slice, true where any row that displays it is; gaps belong to none."""
        rows = np.zeros((len(self.volume.positions_mm), marked.shape[1]), np.bool_)
        shown = self._heights >= 0
        np.logical_or.at(rows, self._heights[shown], marked[shown])
        return rows

    def grid(self, plane: Plane) -> tuple[int, int]:
        """Return rows and columns of a plane as it is displayed."""
        _, rows, columns = self.volume.hounsfield.shape
        if plane is Plane.AXIAL:
            return rows, columns
        return len(self._heights), columns if plane is Plane.CORONAL else rows

    def values(self, plane: Plane, index: int) -> NDArray[np.generic]:
        """Return the Hounsfield units of a plane as it is displayed; gaps hold no number."""
        cut = self.cut(self.volume.hounsfield, plane, index)
        gaps = self.gaps(plane)
        return cut if gaps is None else np.where(gaps[:, None], np.float32(np.nan), cut)

    def spacing(self, plane: Plane) -> Spacing:
        """Return the distance of rows and columns of a plane as it is displayed.

        Planes across tilted slices are not straightened: their millimetres have no known basis.
        """
        _, row_mm, column_mm = self.volume.spacing_mm
        if plane is Plane.AXIAL:
            return Spacing(row_mm, column_mm, SpacingBasis.PATIENT)
        across = column_mm if plane is Plane.CORONAL else row_mm
        tilt = self.volume.tilt_degrees
        if tilt < _TILTED:
            return Spacing(self._pitch, across, SpacingBasis.PATIENT)
        return Spacing(
            self._pitch, across, SpacingBasis.UNKNOWN, f"slices tilted by {tilt:.1f}°, not straightened"
        )

    def gaps(self, plane: Plane) -> NDArray[np.bool_] | None:
        """Return which displayed rows of a plane no slice stands for; None when there are none."""
        if plane is Plane.AXIAL or (self._heights >= 0).all():
            return None
        return self._heights < 0

    def size_mm(self, plane: Plane) -> tuple[float, float]:
        """Return height and width of a plane in mm."""
        _, rows, columns = self.volume.hounsfield.shape
        _, row_mm, column_mm = self.volume.spacing_mm
        return {
            Plane.AXIAL: (rows * row_mm, columns * column_mm),
            Plane.CORONAL: (self._height_mm, columns * column_mm),
            Plane.SAGITTAL: (self._height_mm, rows * row_mm),
        }[plane]

    def place(self, plane: Plane, cursor: Cursor) -> tuple[float, float]:
        """Return where the cursor lies on a plane: shares 0..1 of its height and width."""
        _, rows, columns = self.volume.hounsfield.shape
        row, column = (cursor.row + 0.5) / rows, (cursor.column + 0.5) / columns
        middle = float(self.volume.positions_mm[cursor.slice_]) + self.volume.spacing_mm[0] / 2
        down = middle / self._height_mm
        return {Plane.AXIAL: (row, column), Plane.CORONAL: (down, column), Plane.SAGITTAL: (down, row)}[plane]

    def cursor_at(self, plane: Plane, cursor: Cursor, down: float, across: float) -> Cursor:
        """Return the cursor put to shares 0..1 of a plane's height and width; its depth stays."""
        _, rows, columns = self.volume.hounsfield.shape
        if plane is Plane.AXIAL:
            return Cursor(cursor.slice_, _clamped(down * rows, rows), _clamped(across * columns, columns))
        millimetres = down * self._height_mm - self.volume.spacing_mm[0] / 2
        nearest = int(np.argmin(np.abs(self.volume.positions_mm - millimetres)))
        if plane is Plane.CORONAL:
            return Cursor(nearest, cursor.row, _clamped(across * columns, columns))
        return Cursor(nearest, _clamped(across * rows, rows), cursor.column)

    def letters(self, plane: Plane) -> tuple[str, str, str, str]:
        """Return the patient directions at the left, top, right and bottom of a plane."""
        slices, down, across = self.volume.directions
        right, bottom = {
            Plane.AXIAL: (across, down),
            Plane.CORONAL: (across, slices),
            Plane.SAGITTAL: (down, slices),
        }[plane]
        return right.translate(_OPPOSITE), bottom.translate(_OPPOSITE), right, bottom


def _heights(volume: Volume) -> NDArray[np.intp]:
    """Return the slice shown in each row of a plane across the slices; -1 where none lies near."""
    pitch = min(volume.spacing_mm)
    usual = volume.spacing_mm[0]
    places = volume.positions_mm
    at = np.arange(-usual / 2 + pitch / 2, places[-1] + usual / 2, pitch)
    right = np.clip(np.searchsorted(places, at), 1, len(places) - 1)
    nearest = np.where(at - places[right - 1] <= places[right] - at, right - 1, right)
    # Half the usual distance, and what an uneven series may add to it.
    near = np.abs(places[nearest] - at) <= 0.75 * usual + 1e-6
    return np.where(near, nearest, -1)


def _clamped(at: float, count: int) -> int:
    return min(max(int(at), 0), count - 1)
