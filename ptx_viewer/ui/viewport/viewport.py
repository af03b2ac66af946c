"""The film canvas: one image or stack, how it is looked at, and what lies over it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QCursor,
    QFocusEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from models.prediction import Box
from ptx_viewer.study.errors import StudyError
from ptx_viewer.study.image import Image2D, Window
from ptx_viewer.ui import theme

from .annotations import Annotations
from .brush import Stroke
from .film import Film
from .geometry import Geometry, ViewState, pixel_aspect
from .heatmap import Heatmap
from .layers import HeatmapLayer, MaskLayer, MaskStyle, PixelProbe, Tool
from .masks import MaskOverlay
from .mouse import Mouse
from .painting import Message, Scene, paint_frame, paint_message, paint_scene

_CURSORS = {
    Tool.WINDOW: Qt.CursorShape.ArrowCursor,
    Tool.PAN: Qt.CursorShape.OpenHandCursor,
    Tool.ZOOM: Qt.CursorShape.SizeVerCursor,
    Tool.SCROLL: Qt.CursorShape.SizeVerCursor,
    Tool.BRUSH: Qt.CursorShape.CrossCursor,
    Tool.ERASER: Qt.CursorShape.CrossCursor,
}


class ImageStack(Protocol):
    """Images in order; one is read when it is shown."""

    def __len__(self) -> int: ...

    def image(self, index: int) -> Image2D:
        """Return an image; raises StudyError when it cannot be read."""


class FilmViewport(QWidget):
    """Shows one image with its masks and heatmap and lets the reader look at it and paint.

    Everything the mouse does is a method as well, so that keys can be bound to it.  Rotating and
    flipping change the display only: probes, masks and strokes stay in the source image's grid.
    """

    #: PixelProbe under the cursor, or None outside the image.
    cursorMoved = Signal(object)  # noqa: N815  (Qt's own style)
    #: Centre and width.
    windowChanged = Signal(float, float)  # noqa: N815
    #: Zoom, position, rotation, flips or inversion changed.
    viewChanged = Signal()  # noqa: N815
    #: Finding and its new mask, bool [H, W] in the source grid; once for each finished stroke.
    maskEdited = Signal(str, object)  # noqa: N815
    sliceChanged = Signal(int)  # noqa: N815
    #: Clicked or focused.
    activated = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._film: Film | None = None
        self._stack: ImageStack | None = None
        self._slice = 0
        self._window: Window | None = None
        self._view = ViewState()
        self._inverted = False
        self._heatmap: Heatmap | None = None
        self._masks = MaskOverlay()
        self._tool = Tool.WINDOW
        self._brush_radius = 12.0
        self._edit_target: str | None = None
        self._stroke: Stroke | None = None
        self._cursor: QPointF | None = None
        self._private = False
        self._labels = True
        self._active = False
        self._message = Message()
        self._mouse = Mouse(self)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setAccessibleName("Film")

    # ------------------------------------------------------------------ what is shown

    @property
    def image(self) -> Image2D | None:
        """The image shown; None while there is only a message."""
        return self._film.image if self._film is not None else None

    @property
    def slice_index(self) -> int:
        """Place of the image shown in its stack; 0 for a single one."""
        return self._slice

    @property
    def slice_count(self) -> int:
        """Number of images in the stack; 1 for a single one, 0 when nothing is shown."""
        if self._stack is not None:
            return len(self._stack)
        return 1 if self._film is not None else 0

    def show_image(self, image: Image2D) -> None:
        """Show one image as its file asks, fitted, without masks or heatmap."""
        self._stack = None
        self._slice = 0
        self._start(image)

    def show_stack(self, stack: ImageStack, index: int = 0) -> None:
        """Show a stack, beginning with image `index`; window and view stay while scrolling."""
        self._stack = stack
        self._slice = min(max(index, 0), max(len(stack) - 1, 0))
        self._film = None
        self._window, self._view, self._inverted = None, ViewState(), False
        self._load_slice()
        self.viewChanged.emit()

    def set_slice(self, index: int) -> None:
        """Show another image of the stack; beyond its ends the first or last."""
        index = min(max(index, 0), self.slice_count - 1)
        if self._stack is not None and index != self._slice and index >= 0:
            self._slice = index
            self._load_slice()

    def clear(self, message: str = "") -> None:
        """Show a message in place of an image, e.g. what is being loaded."""
        self._show_message(Message(message))

    def show_unreadable(self, reason: str) -> None:
        """Say that the image cannot be shown, and why."""
        self._show_message(Message(reason, problem=True))

    def _show_message(self, message: Message) -> None:
        self._stack, self._slice = None, 0
        self._drop_image(message)

    def _drop_image(self, message: Message) -> None:
        self._leave_image()
        self._film = None
        self._message = message
        self.cursorMoved.emit(None)
        self.update()

    def _leave_image(self) -> None:
        """Masks, heatmap and a stroke belong to one image and must not outlive it."""
        self.cancel_stroke()
        self._masks.set_layers(())
        self._heatmap = None
        self._edit_target = None

    def _start(self, image: Image2D) -> None:
        self._mouse.cancel()
        self._leave_image()
        self._film = Film(image)
        self._window, self._view, self._inverted = None, ViewState(), False
        self._announce_window()
        self.viewChanged.emit()
        self._emit_probe()
        self.update()

    def _load_slice(self) -> None:
        assert self._stack is not None
        shape = self.image.shape if self.image is not None else None
        before = self.window
        try:
            image = self._stack.image(self._slice)
        except StudyError as error:
            self._drop_image(Message(str(error), problem=True))
        else:
            self._leave_image()
            self._film = Film(image)
            if shape is not None and shape != image.shape:
                self._view = replace(self._view, zoom=None, centre=None)
            if self.window != before:
                self._announce_window()
            self._emit_probe()
            self.update()
        self.sliceChanged.emit(self._slice)

    # ------------------------------------------------------------------ window and level

    @property
    def window(self) -> Window:
        """The window in use, on modality values."""
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
            ratio = self.devicePixelRatioF()
            point = (about.x() * ratio, about.y() * ratio) if about is not None else None
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

    # ------------------------------------------------------------------ overlays

    def set_masks(self, layers: Sequence[MaskLayer]) -> None:
        """Replace all masks; a stroke in progress is given up.

        Raises
        ------
        ValueError
            If a mask is not of the image's shape.
        """
        for layer in layers:
            self._check_grid(layer.mask.shape)
        if self._stroke is not None:
            self._mouse.cancel()
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

    # ------------------------------------------------------------------ tools

    @property
    def tool(self) -> Tool:
        """What the left mouse button does."""
        return self._tool

    def set_tool(self, tool: Tool) -> None:
        """Choose what the left mouse button does."""
        self._mouse.cancel()
        self._tool = tool
        self.setCursor(QCursor(_CURSORS[tool]))
        self.update()

    @property
    def brush_radius(self) -> float:
        """Radius of brush and eraser in source pixels."""
        return self._brush_radius

    def set_brush_radius(self, pixels: float) -> None:
        """Set the radius of brush and eraser in source pixels."""
        self._brush_radius = min(max(float(pixels), 0.5), 500.0)
        self.update()

    def set_edit_target(self, finding_id: str | None) -> None:
        """Choose the finding that brush and eraser change; None: they do nothing."""
        if self._stroke is not None:
            self._mouse.cancel()
        self._edit_target = finding_id
        self.update()

    @property
    def edit_target(self) -> str | None:
        """The finding that brush and eraser change."""
        return self._edit_target

    def begin_stroke(self) -> bool:
        """Start a stroke of the current tool; False when there is no finding to change."""
        layer = self._masks.find(self._edit_target)
        if layer is None or not self._tool.paints:
            return False
        self._stroke = Stroke(layer.mask, self._brush_radius, erase=self._tool is Tool.ERASER)
        return True

    def extend_stroke(self, position: QPointF) -> None:
        """Paint from the stroke's last point to a logical point of the canvas."""
        geometry = self._geometry()
        if self._stroke is not None and geometry is not None and self._edit_target is not None:
            ratio = self.devicePixelRatioF()
            self._stroke.move_to(*geometry.to_source(position.x() * ratio, position.y() * ratio))
            self._masks.show_stroke(self._edit_target, self._stroke.mask)
            self.update()

    def finish_stroke(self) -> None:
        """End the stroke and hand its mask over, if it changed anything."""
        stroke, target = self._stroke, self._edit_target
        self.cancel_stroke()
        if stroke is not None and target is not None and stroke.changed:
            self._masks.replace_mask(target, stroke.mask)
            self.maskEdited.emit(target, stroke.mask)

    def cancel_stroke(self) -> None:
        """Give the stroke up; the mask is as before."""
        if self._stroke is not None and self._edit_target is not None:
            self._masks.show_stroke(self._edit_target, None)
        self._stroke = None
        self.update()

    # ------------------------------------------------------------------ cursor

    def probe(self, position: QPointF) -> PixelProbe | None:
        """Return what lies at a logical point of the canvas; None outside the image."""
        geometry, image = self._geometry(), self.image
        if geometry is None or image is None:
            return None
        ratio = self.devicePixelRatioF()
        x, y = geometry.to_source(position.x() * ratio, position.y() * ratio)
        row, column = math.floor(y), math.floor(x)
        if not (0 <= row < image.shape[0] and 0 <= column < image.shape[1]):
            return None
        spacing = image.spacing
        colour = image.colour
        heat = self._heatmap.layer.heatmap if self._heatmap is not None else None
        return PixelProbe(
            row=row,
            column=column,
            value=None if colour is not None else float(np.real(image.raw[row, column])),
            unit="" if colour is not None else image.raw_unit,
            colour=tuple(int(part) for part in colour[row, column]) if colour is not None else None,
            heatmap=float(heat[row, column]) if heat is not None else None,
            position_mm=((row + 0.5) * spacing.row_mm, (column + 0.5) * spacing.column_mm)
            if spacing is not None
            else None,
            spacing=spacing,
        )

    def _emit_probe(self) -> None:
        self.cursorMoved.emit(self.probe(self._cursor) if self._cursor is not None else None)

    # ------------------------------------------------------------------ Qt's events

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
        painter.translate(_to_device_grid(painter, ratio))
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
        brush = None
        if self._tool.paints and self._cursor is not None and self._masks.find(self._edit_target):
            point = geometry.to_source(self._cursor.x() * ratio, self._cursor.y() * ratio)
            brush = (*point, self._brush_radius)
        annotations = Annotations(
            image=film.image,
            window=self._window,
            zoom_percent=100 * geometry.zoom,
            view=self._view,
            inverted=self._inverted,
            slice_index=self._slice,
            slices=self.slice_count,
            private=self._private,
            pixels_per_mm=geometry.zoom / ratio / min(spacing.row_mm, spacing.column_mm)
            if spacing is not None
            else None,
            heatmap=self._heatmap.layer if self._heatmap is not None else None,
            labels=self._labels,
        )
        return Scene(
            film, geometry, self._window, self._inverted, self._heatmap, self._masks, annotations, brush
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A fitted film changes its zoom with the canvas."""
        super().resizeEvent(event)
        if self._film is not None and self.fitted:
            self.viewChanged.emit()

    def event(self, event: QEvent) -> bool:
        """Claim Esc while painting, before a shortcut of the window takes it."""
        if (
            event.type() is QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and self._stroke is not None
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc gives up a stroke; every other key belongs to the window."""
        if event.key() == Qt.Key.Key_Escape and self._stroke is not None:
            self._mouse.cancel()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Become the active viewport and begin what the button stands for."""
        self.activated.emit()
        self._mouse.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Continue a drag and report the pixel under the cursor."""
        self._cursor = event.position()
        self._mouse.move(event)
        self._emit_probe()
        if self._tool.paints:
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag."""
        self._mouse.release(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom or scroll."""
        self._mouse.wheel(event)
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the cursor any more."""
        super().leaveEvent(event)
        self._cursor = None
        self._emit_probe()
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Become the active viewport."""
        super().focusInEvent(event)
        self.activated.emit()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Stop drawing the frame of the focus."""
        super().focusOutEvent(event)
        self.update()


def _to_device_grid(painter: QPainter, ratio: float) -> QPointF:
    """Return the shift that puts the canvas' corner on a whole device pixel.

    At fractional scales (125 %) a canvas inside a window may begin between two device pixels;
    without the shift every film pixel would be interpolated.
    """
    transform = painter.deviceTransform()
    across, down = transform.dx(), transform.dy()
    return QPointF((round(across) - across) / ratio, (round(down) - down) / ratio)
