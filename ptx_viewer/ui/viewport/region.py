"""Drawing the region that is to be explained: a box, or a stroke of the brush."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF

from .brush import Stroke
from .drag import Drag

if TYPE_CHECKING:
    from .viewport import FilmViewport


class RegionDrag(Drag):
    """Shows the region while it is drawn and hands it over when the button goes up."""

    def __init__(self, viewport: FilmViewport, start: QPointF) -> None:
        super().__init__(viewport, start)
        image = viewport.image
        assert image is not None
        self._shape = image.shape

    def finish(self) -> None:
        """Hand the region over, unless nothing was drawn."""
        mask = self._mask()
        self.viewport.show_region(None)
        if mask is not None and mask.any():
            self.viewport.regionDrawn.emit(mask)

    def cancel(self) -> None:
        """Show nothing more."""
        self.viewport.show_region(None)

    def _mask(self) -> NDArray[np.bool_] | None:
        raise NotImplementedError


class BoxDrag(RegionDrag):
    """The rectangle between the two ends of the drag; every pixel that it touches is inside."""

    def __init__(self, viewport: FilmViewport, start: QPointF) -> None:
        super().__init__(viewport, start)
        self._first = viewport.source_point(start)
        self._last: tuple[float, float] | None = None

    def move(self, position: QPointF) -> None:
        """Stretch the box to here."""
        self._last = self.viewport.source_point(position)
        self.viewport.show_region(self._mask())

    def _mask(self) -> NDArray[np.bool_] | None:
        if self._last is None:
            return None
        rows, columns = self._shape
        (x0, y0), (x1, y1) = self._first, self._last
        top, bottom = _clipped(min(y0, y1), rows), _clipped(math.ceil(max(y0, y1)), rows)
        left, right = _clipped(min(x0, x1), columns), _clipped(math.ceil(max(x0, x1)), columns)
        mask = np.zeros(self._shape, dtype=np.bool_)
        mask[top:bottom, left:right] = True
        return mask


class StrokeDrag(RegionDrag):
    """Everything that the brush passes over."""

    def __init__(self, viewport: FilmViewport, start: QPointF) -> None:
        super().__init__(viewport, start)
        self._stroke = Stroke(np.zeros(self._shape, dtype=np.bool_), viewport.brush_radius, erase=False)
        self.move(start)

    def move(self, position: QPointF) -> None:
        """Brush up to here."""
        self._stroke.move_to(*self.viewport.source_point(position))
        self.viewport.show_region(self._stroke.mask)

    def _mask(self) -> NDArray[np.bool_] | None:
        return self._stroke.mask


def _clipped(value: float, length: int) -> int:
    return min(max(math.floor(value), 0), length)
