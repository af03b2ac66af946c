"""How an image is looked at: window and level, zoom, position, turns, flips and inversion."""

from __future__ import annotations

import math
from dataclasses import replace

from PySide6.QtCore import QPointF, Signal
from PySide6.QtWidgets import QWidget

from models.prediction import Box
from ptx_viewer.study.image import Image2D, Window

from .film import Film
from .geometry import Geometry, ViewState, pixel_aspect
from .layers import Look
from .linking import Frame


class LookingCanvas(QWidget):
    """Keeps the look of one image and says when it changes; draws nothing itself.

    Rotating and flipping change the display only: everything that lies over the film stays in the
    source image's grid.
    """

    #: Centre and width.
    windowChanged = Signal(float, float)
    #: Zoom, position, rotation, flips or inversion changed.
    viewChanged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._film: Film | None = None
        self._window: Window | None = None
        self._view = ViewState()
        self._inverted = False

    @property
    def image(self) -> Image2D | None:
        """The image shown; None while there is only a message."""
        return self._film.image if self._film is not None else None

    def _reset_display(self) -> None:
        self._window, self._view, self._inverted = None, ViewState(), False

    # ------------------------------------------------------------------ window and level

    @property
    def window(self) -> Window:
        """The window in use, on modality values (it hides Qt's ``QWidget.window()``)."""
        if self._window is not None:
            return self._window
        return self._film.image.window if self._film is not None else Window(0.5, 1.0)

    def set_window(self, center: float, width: float) -> None:
        """Show modality values through a linear window (a colour image stays as it is)."""
        if not (math.isfinite(center) and math.isfinite(width)):
            raise ValueError(f"a window needs finite numbers, got center {center} and width {width}")
        window = Window(center, max(width, 1.0))
        if window != self._window:
            self._window = window
            self._announce_window()
            self.update()

    def reset_window(self) -> None:
        """Show the image as its file asks again; the reader's inversion is a matter of the view."""
        if self._window is not None:
            self._window = None
            self._announce_window()
            self.update()

    @property
    def look(self) -> Look:
        """How the image is looked at: view, greys and window together."""
        return Look(self._view, self._inverted, self._window)

    @property
    def frame(self) -> Frame | None:
        """What view and window relate to; None while there is only a message."""
        geometry, image = self._geometry(), self.image
        return Frame(image.shape, geometry.fit_zoom, image.window) if geometry and image else None

    def set_look(self, look: Look) -> None:
        """Look at the image as another canvas does."""
        if look == self.look:
            return
        windowed = look.window != self._window
        self._view, self._inverted, self._window = look.view, look.inverted, look.window
        if windowed:
            self._announce_window()
        self.viewChanged.emit()
        self._emit_probe()
        self.update()

    def _announce_window(self) -> None:
        self.windowChanged.emit(self.window.center, self.window.width)

    # ------------------------------------------------------------------ view

    @property
    def zoom_percent(self) -> float:
        """Device pixels for 100 source pixels."""
        geometry = self._geometry()
        return 100.0 * geometry.zoom if geometry is not None else 100.0

    @property
    def fitted(self) -> bool:
        """Whether the whole image is kept in view."""
        return self._view.zoom is None

    @property
    def quarter_turns(self) -> int:
        """Clockwise quarter turns, 0..3, before the flips."""
        return self._view.quarter_turns

    @property
    def flipped_horizontally(self) -> bool:
        """Whether left and right of the screen are exchanged."""
        return self._view.flipped_horizontally

    @property
    def flipped_vertically(self) -> bool:
        """Whether top and bottom of the screen are exchanged."""
        return self._view.flipped_vertically

    @property
    def inverted(self) -> bool:
        """Whether the reader inverted the greys; polarity of the file does not count."""
        return self._inverted

    def fit(self) -> None:
        """Show the whole image as large as the canvas allows."""
        self._set_view(replace(self._view, zoom=None, centre=None))

    def one_to_one(self) -> None:
        """Show each source pixel as one device pixel."""
        geometry = self._geometry()
        if geometry is not None:
            self._set_view(geometry.zoomed(1.0))

    def zoom_by(self, factor: float, about: QPointF | None = None) -> None:
        """Magnify about a logical point of the canvas, or its middle."""
        geometry = self._geometry()
        if geometry is not None:
            point = self._device_point(about) if about is not None else None
            self._set_view(geometry.zoomed(geometry.zoom * factor, point))

    def pan_by(self, across: float, down: float) -> None:
        """Move the image by logical pixels of the screen."""
        geometry = self._geometry()
        if geometry is not None:
            ratio = self.devicePixelRatioF()
            self._set_view(geometry.panned(across * ratio, down * ratio))

    def rotate(self, quarter_turns: int) -> None:
        """Turn what is seen clockwise."""
        self._set_view(self._view.rotated(quarter_turns))

    def flip_horizontal(self) -> None:
        """Exchange left and right of what is seen."""
        self._set_view(replace(self._view, flipped_horizontally=not self._view.flipped_horizontally))

    def flip_vertical(self) -> None:
        """Exchange top and bottom of what is seen."""
        self._set_view(replace(self._view, flipped_vertically=not self._view.flipped_vertically))

    def invert(self) -> None:
        """Exchange black and white, after windowing."""
        self._inverted = not self._inverted
        self.viewChanged.emit()
        self.update()

    def reset_view(self) -> None:
        """Fit the image, unturned, unflipped and with the greys the file asks for."""
        self._inverted = False
        self._set_view(ViewState())

    def centre_on(self, box: Box) -> None:
        """Bring a box of source pixels to the middle, magnified as far as it stays in its surroundings."""
        geometry = self._geometry()
        if geometry is not None:
            self._set_view(geometry.centred_on(box.left, box.top, box.right, box.bottom))

    def _set_view(self, view: ViewState) -> None:
        self._view = view
        self.viewChanged.emit()
        self._emit_probe()
        self.update()

    def _geometry(self) -> Geometry | None:
        image = self.image
        if image is None:
            return None
        aspect = pixel_aspect(image.pixel_height, 1.0)
        ratio = self.devicePixelRatioF()
        canvas = (max(math.ceil(self.width() * ratio), 1), max(math.ceil(self.height() * ratio), 1))
        return Geometry(image.shape, aspect, canvas, self._view)

    def _device_point(self, position: QPointF) -> tuple[float, float]:
        """Return the middle of the device pixel that a mouse position names."""
        ratio = self.devicePixelRatioF()
        return position.x() * ratio + 0.5, position.y() * ratio + 0.5

    def _emit_probe(self) -> None:
        """Say what lies under the cursor now; the canvas that knows a cursor does."""
