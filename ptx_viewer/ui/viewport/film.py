"""The film itself: from an :class:`Image2D` to device pixels, fast enough to drag the window."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from ptx_viewer.study.image import Image2D, Window
from ptx_viewer.study.luts import to_display

from .geometry import Geometry
from .pyramid import Pyramid

#: Values looked up at once; wider ranges are reduced to this many steps.
STEPS = 65536


class Film:
    """One image ready to be drawn.

    Sampling depends on the view and is kept while it does not change; a new window then costs one
    look-up for each device pixel and never touches the 9 million pixels of a large film.
    """

    def __init__(self, image: Image2D) -> None:
        self.image = image
        self._default: Pyramid | None = None
        self._values: Pyramid | None = None
        self._low, self._step = 0.0, 1.0
        self._sample: tuple[Any, NDArray[Any]] | None = None
        self._drawn: tuple[Any, QImage] | None = None

    def draw(self, geometry: Geometry, window: Window | None, inverted: bool) -> QImage:
        """Return the visible part of the film for ``geometry.image_rectangle()``.

        Parameters
        ----------
        geometry : Geometry
        window : Window or None
            None shows ``Image2D.pixels`` (or the colours) as they are.
        inverted : bool
            Whether the reader inverted what is shown.
        """
        window = None if self.image.colour is not None else window
        key = (geometry, window, inverted)
        if self._drawn is None or self._drawn[0] != key:
            self._drawn = (key, self._render(geometry, window, inverted))
        return self._drawn[1]

    def _render(self, geometry: Geometry, window: Window | None, inverted: bool) -> QImage:
        key = (geometry, window is None)
        if self._sample is None or self._sample[0] != key:
            pyramid = self._default_pyramid() if window is None else self._value_pyramid()
            self._sample = (key, pyramid.sample(geometry))
        sample = self._sample[1]
        if window is not None:
            shown = np.take(self._greys(window, inverted != self.image.inverted), sample)
        else:
            shown = 255 - sample if inverted else sample
        height, width = shown.shape[:2]
        if height == 0 or width == 0:
            return QImage()
        shown = np.ascontiguousarray(shown)
        if shown.ndim == 3:
            return QImage(shown.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        return QImage(shown.data, width, height, width, QImage.Format.Format_Grayscale8).copy()

    def _default_pyramid(self) -> Pyramid:
        if self._default is None:
            colour = self.image.colour
            greys = colour if colour is not None else cv2.convertScaleAbs(self.image.pixels, alpha=255)
            self._default = Pyramid(greys)
        return self._default

    def _value_pyramid(self) -> Pyramid:
        """Return the modality values as steps 0..65535 above the lowest one."""
        if self._values is None:
            raw = self.image.raw
            if raw.dtype.kind == "f":
                raw = np.nan_to_num(raw)
            low, high = float(raw.min()), float(raw.max())
            self._low = low
            whole = raw.dtype.kind in "iub" and high - low < STEPS
            self._step = 1.0 if whole else max((high - low) / (STEPS - 1), 1e-12)
            if whole:
                # Modulo 2**16 the difference is exact, whatever the type and sign of the values.
                steps = raw.astype(np.uint16) - np.uint16(int(low) % STEPS)
            else:
                steps = np.rint((raw.astype(np.float64) - low) / self._step).astype(np.uint16)
            self._values = Pyramid(steps)
        return self._values

    def _greys(self, window: Window, dark_is_high: bool) -> NDArray[np.uint8]:
        """Return the grey of each step; inverting comes after windowing."""
        shade = to_display(self._low + np.arange(STEPS) * self._step, window, dark_is_high)
        return np.rint(shade * 255).astype(np.uint8)
