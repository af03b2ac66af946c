"""The drawing half of the film canvas: one image, how it is looked at, and what lies over it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ptx_viewer.study.image import Image2D
from ptx_viewer.ui import theme

from .annotations import Annotations
from .drawings import Drawing, DrawingOverlay
from .film import Film
from .geometry import Geometry
from .heatmap import Heatmap
from .layers import HeatmapLayer, MaskLayer, MaskStyle, PixelProbe
from .looking import LookingCanvas
from .masks import MaskOutline, MaskOverlay
from .painting import Message, Scene, paint_frame, paint_message, paint_scene, to_device_grid
from .probe import probe_pixel
from .readout import Readout

#: Of a region that is asked about: no finding of anybody has it.
REGION_COLOUR = "#ffffff"


class FilmCanvas(LookingCanvas):
    """Draws one image with its masks and heatmap; knows nothing of mouse and keys.

    Masks, heatmaps and probes stay in the source image's grid, however it is looked at.
    """

    #: PixelProbe under the cursor, or None outside the image.
    cursorMoved = Signal(object)
    #: Finding and its new mask, bool [H, W] in the source grid; once for each finished stroke.
    maskEdited = Signal(str, object)
    #: Region that was drawn to ask about it, bool [H, W] in the source grid.
    regionDrawn = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
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
