"""The film as it is printed: turned to the usual view, at the resolution of paper, with overlays."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explain.attribution import Attribution
from models.geometry import turn_to_standard
from ptx_viewer.rendering import colour_table, heatmap_rgba, outline
from ptx_viewer.study.image import Image2D

# 87 mm at 300 dots per inch are 1028 pixels: more is not seen on paper, only mailed.
_LONGEST_EDGE = 1200
_JPEG_QUALITY = 88
_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}


@dataclass(frozen=True)
class Placed:
    """Where a film lies on the page, in millimetres."""

    left: float
    top: float
    width: float
    height: float


class Film:
    """One image, ready to be printed.

    Parameters
    ----------
    image : Image2D
        A frontal view is turned so that the patient's left lies at the right and the head
        is up; anything else stays as stored.
    """

    def __init__(self, image: Image2D) -> None:
        self._orientation = image.orientation
        self._turn = turn_to_standard(image.orientation.row_direction, image.orientation.column_direction)
        rows, columns = self._source_shape = image.shape
        height, width = rows * image.pixel_height, columns
        #: Height by width as the patient is, which differs from rows by columns where pixels are not square.
        self.proportion = width / height if self._turn.transpose else height / width
        self.shape = (columns, rows) if self._turn.transpose else (rows, columns)
        self._grey = self._base(image)

    @property
    def edges(self) -> tuple[str, str]:
        """Patient directions at the left and at the right edge; ``""`` where they are not known."""
        directions = (self._orientation.row_direction, self._orientation.column_direction)
        across = directions[1 if self._turn.transpose else 0][:1].upper()
        if self._turn.flip_columns:
            across = _OPPOSITE.get(across, "")
        return _OPPOSITE.get(across, ""), across if across in _OPPOSITE else ""

    def jpeg(self) -> BytesIO:
        """Return the film alone."""
        return _jpeg(self._grey)

    def jpeg_with(self, attribution: Attribution, colour_map: str, opacity: float) -> BytesIO:
        """Return the film under a heatmap."""
        heatmap = self._fit(self._turn.apply(np.nan_to_num(attribution.heatmap))).astype(np.float32)
        rgba = heatmap_rgba(heatmap, attribution.signed, colour_map, opacity)
        alpha = rgba[..., 3:].astype(np.float32) / 255.0
        film = self._grey if self._grey.ndim == 3 else np.repeat(self._grey[..., None], 3, axis=2)
        blended = film * (1.0 - alpha) + rgba[..., :3] * alpha
        return _jpeg(np.rint(blended).astype(np.uint8))

    def polygons(self, mask: NDArray[np.bool_], placed: Placed) -> list[NDArray[np.float64]]:
        """Return the outlines of a mask of the source grid in page millimetres, shape [N, 2] each."""
        rows, columns = self.shape
        scale = np.array([placed.width / columns, placed.height / rows])
        origin = np.array([placed.left, placed.top])
        # Pixel centres are whole numbers, so the film's own corner lies at -0.5.
        return [
            origin + (polygon + 0.5) * scale for polygon in outline(self._turn.apply(mask).astype(np.bool_))
        ]

    def place(self, point: tuple[float, float], placed: Placed) -> tuple[float, float]:
        """Return where a row and column of the source grid lie on the page: x, y in millimetres."""
        rows, columns = self.shape
        row, column = self._turn.apply_to_point(point, self._source_shape)
        return (
            placed.left + (column + 0.5) * placed.width / columns,
            placed.top + (row + 0.5) * placed.height / rows,
        )

    def _base(self, image: Image2D) -> NDArray[np.uint8]:
        if image.colour is not None:
            colour: NDArray[np.uint8] = self._fit(self._turn.apply(image.colour))
            return colour
        unit = self._fit(self._turn.apply(np.nan_to_num(image.pixels)))
        grey: NDArray[np.uint8] = np.rint(np.clip(unit, 0.0, 1.0) * 255).astype(np.uint8)
        return grey

    def _fit(self, array: NDArray[Any]) -> NDArray[Any]:
        """Resize to the resolution of paper, with square pixels; never enlarge by copying pixels."""
        rows, columns = self.shape
        longest = min(_LONGEST_EDGE, max(rows, columns))
        if self.proportion >= 1:
            size = (max(1, round(longest / self.proportion)), longest)
        else:
            size = (longest, max(1, round(longest * self.proportion)))
        shrinks = size[0] <= columns and size[1] <= rows
        return cv2.resize(array, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def colour_bar(colour_map: str) -> BytesIO:
    """Return a colour map as a horizontal bar, low at the left."""
    return _jpeg(np.repeat(colour_table(colour_map)[None], 12, axis=0), quality=95)


def _jpeg(picture: NDArray[np.uint8], quality: int = _JPEG_QUALITY) -> BytesIO:
    stream = BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality, optimize=True)
    stream.seek(0)
    return stream
