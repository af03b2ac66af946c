"""The drawing half of the film canvas: one image, how it is looked at, and what lies over it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from models.prediction import Box
from ptx_viewer.study.image import Image2D, Window
from ptx_viewer.ui import theme

from .annotations import Annotations
from .drawings import Drawing, DrawingOverlay
from .film import Film
from .geometry import Geometry, ViewState, pixel_aspect
from .heatmap import Heatmap
from .layers import HeatmapLayer, Look, MaskLayer, MaskStyle, PixelProbe
from .linking import Frame
from .masks import MaskOutline, MaskOverlay
from .painting import Message, Scene, paint_frame, paint_message, paint_scene, to_device_grid
from .probe import probe_pixel
from .readout import Readout

#: Of a region that is asked about: no finding of anybody has it.
REGION_COLOUR = "#ffffff"


class FilmCanvas(QWidget):
    """Draws one image with its masks and heatmap; knows nothing of mouse and keys.

    Rotating and flipping change the display only: masks, heatmaps and probes stay in the source
    image's grid.
    """

    #: PixelProbe under the cursor, or None outside the image.
    cursorMoved = Signal(object)
    #: Centre and width.
    windowChanged = Signal(float, float)
    #: Zoom, position, rotation, flips or inversion changed.
    viewChanged = Signal()
    #: Finding and its new mask, bool [H, W] in the source grid; once for each finished stroke.
    maskEdited = Signal(str, object)
    #: Region that was drawn to ask about it, bool [H, W] in the source grid.
    regionDrawn = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._film: Film | None = None
        self._window: Window | None = None
        self._view = ViewState()
        self._inverted = False
        self._heatmap: Heatmap | None = None
        self._masks = MaskOverlay()
        self._drawings = DrawingOverlay()
        self._cursor: QPointF | None = None
        self._region: MaskOutline | None = None
        self._readout: Readout | None = None
        self._private = False
        self._labels = True
        self._active = False
        self._message = Message()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setAccessibleName("Film")

    @property
    def image(self) -> Image2D | None:
        """The image shown; None while there is only a message."""
        return self._film.image if self._film is not None else None

    @property
    def slice_index(self) -> int:
        """Place of the image shown in its stack; 0 for a single one."""
        return 0

    @property
    def slice_count(self) -> int:
        """Number of images to scroll through; 0 when nothing is shown."""
        return 1 if self._film is not None else 0

    def _replace(self, content: Image2D | Message) -> None:
        """Show another image, or a message; masks and heatmap belong to the old one and go."""
        self._film = Film(content) if isinstance(content, Image2D) else None
        self._message = content if isinstance(content, Message) else Message()
        self._masks.set_layers(())
        self._drawings.set_drawings(())
        self._heatmap = self._region = self._readout = None
        self._emit_probe()
        self.update()

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
        spacing = image.spacing
        aspect = pixel_aspect(spacing.row_mm, spacing.column_mm) if spacing is not None else (1.0, 1.0)
        ratio = self.devicePixelRatioF()
        canvas = (max(math.ceil(self.width() * ratio), 1), max(math.ceil(self.height() * ratio), 1))
        return Geometry(image.shape, aspect, canvas, self._view)

    def _device_point(self, position: QPointF) -> tuple[float, float]:
        """Return the middle of the device pixel that a mouse position names."""
        ratio = self.devicePixelRatioF()
        return position.x() * ratio + 0.5, position.y() * ratio + 0.5

    # ------------------------------------------------------------------ overlays

    def set_masks(self, layers: Sequence[MaskLayer]) -> None:
        """Replace all masks.

        Raises
        ------
        ValueError
            If a mask is not of the image's shape.
        """
        for layer in layers:
            self._check_grid(layer.mask.shape)
        self._masks.set_layers(layers)
        self.update()

    def set_mask_style(self, style: MaskStyle, opacity: float) -> None:
        """Draw masks as outline or filled with an opacity of 0..1, or not at all."""
        self._masks.set_style(style, opacity)
        self.update()

    def set_heatmap(self, layer: HeatmapLayer | None) -> None:
        """Show a heatmap over the film with its colour bar; None takes it away.

        Raises
        ------
        ValueError
            If the heatmap is not of the image's shape.
        """
        if layer is not None:
            self._check_grid(layer.heatmap.shape)
        self._heatmap = Heatmap(layer, self._heatmap) if layer is not None else None
        self.update()

    def show_region(self, mask: NDArray[np.bool_] | None) -> None:
        """Show a region, bool [H, W], while it is drawn; None takes it away."""
        layer = MaskLayer("region", mask, REGION_COLOUR, dashed=True) if mask is not None else None
        self._region = MaskOutline(layer) if layer is not None else None
        self.update()

    def set_drawings(self, drawings: Sequence[Drawing]) -> None:
        """Replace the lines and shapes over the film; one that is being changed stays as it is."""
        self._drawings.set_drawings(drawings)
        self.update()

    def set_readout(self, readout: Readout | None) -> None:
        """Mark a pixel, with what is read there; None takes it away."""
        if readout != self._readout:
            self._readout = readout
            self.update()

    def _check_grid(self, shape: tuple[int, ...]) -> None:
        image = self.image
        if image is None or shape != image.shape:
            shown = "nothing" if image is None else f"an image of shape {image.shape}"
            raise ValueError(f"an overlay of shape {shape} does not fit: the canvas shows {shown}")

    def set_privacy(self, private: bool) -> None:
        """Hide or show who the patient is."""
        self._private = private
        self.update()

    def set_corner_labels_visible(self, visible: bool) -> None:
        """Write the corners, or leave the film bare."""
        self._labels = visible
        self.update()

    def set_active(self, active: bool) -> None:
        """Draw the frame of the viewport that commands go to."""
        self._active = active
        self.update()

    # ------------------------------------------------------------------ cursor

    def probe(self, position: QPointF) -> PixelProbe | None:
        """Return what lies at a logical point of the canvas; None outside the image."""
        geometry, image = self._geometry(), self.image
        if geometry is None or image is None:
            return None
        heatmap = self._heatmap.layer if self._heatmap is not None else None
        return probe_pixel(image, heatmap, *geometry.to_source(*self._device_point(position)))

    def read(self, row: int, column: int) -> PixelProbe | None:
        """Return what lies at a pixel of the source grid; None outside the image."""
        image, heatmap = self.image, self._heatmap
        if image is None:
            return None
        return probe_pixel(image, heatmap.layer if heatmap is not None else None, column + 0.5, row + 0.5)

    def source_point(self, position: QPointF) -> tuple[float, float]:
        """Return the source point ``(x, y)`` at a logical point of the canvas, also beside the image."""
        geometry = self._geometry()
        assert geometry is not None
        return geometry.to_source(*self._device_point(position))

    def _emit_probe(self) -> None:
        self.cursorMoved.emit(self.probe(self._cursor) if self._cursor is not None else None)

    def _brush(self, _geometry: Geometry) -> tuple[float, float, float] | None:
        """Return centre and radius of the brush to draw, in source pixels."""
        return None

    # ------------------------------------------------------------------ painting

    def sizeHint(self) -> QSize:
        """Return a size that suits a film."""
        return QSize(800, 800)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw film, overlays and labels on pure black."""
        painter = QPainter(self)
        size = QSizeF(self.size())
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        font = QFont(self.font())
        font.setPixelSize(theme.TEXT_PX)
        ratio = self.devicePixelRatioF()
        scene = self._scene()
        painter.save()
        painter.translate(to_device_grid(painter, ratio))
        if scene is None:
            paint_message(painter, self._message, size, font)
        else:
            paint_scene(painter, scene, size, ratio, font)
        painter.restore()
        if self._active or self.hasFocus():
            paint_frame(painter, size)
        painter.end()

    def _scene(self) -> Scene | None:
        film, geometry = self._film, self._geometry()
        if film is None or geometry is None:
            return None
        spacing = film.image.spacing
        ratio = self.devicePixelRatioF()
        annotations = Annotations(
            image=film.image,
            window=self._window,
            zoom_percent=100 * geometry.zoom,
            view=self._view,
            inverted=self._inverted,
            slice_index=self.slice_index,
            slices=self.slice_count,
            private=self._private,
            pixels_per_mm=geometry.zoom / ratio / min(spacing.row_mm, spacing.column_mm)
            if spacing is not None
            else None,
            heatmap=self._heatmap.layer if self._heatmap is not None else None,
            labels=self._labels,
        )
        return Scene(
            film=film,
            geometry=geometry,
            window=self._window,
            inverted=self._inverted,
            heatmap=self._heatmap,
            masks=self._masks,
            annotations=annotations,
            brush=self._brush(geometry),
            region=self._region,
            readout=self._readout,
            drawings=self._drawings.items,
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Report that a fitted film changes its zoom with the canvas."""
        super().resizeEvent(event)
        if self._film is not None and self.fitted:
            self.viewChanged.emit()
