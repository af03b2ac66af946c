"""The film canvas as the reader uses it: stacks, tools, mouse, and the brush."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QCursor, QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from ptx_viewer.measure.regions import Point
from ptx_viewer.study.errors import StudyError
from ptx_viewer.study.image import Image2D

from .brush import Stroke
from .canvas import FilmCanvas
from .drawings import Describe, Drawing, Grip, kept_inside, nearest_inside
from .geometry import Geometry
from .layers import MaskLayer, Tool
from .masks import screen_transform
from .mouse import Mouse
from .painting import Message

_CURSORS = {
    Tool.WINDOW: Qt.CursorShape.ArrowCursor,
    Tool.PAN: Qt.CursorShape.OpenHandCursor,
    Tool.ZOOM: Qt.CursorShape.SizeVerCursor,
    Tool.SCROLL: Qt.CursorShape.SizeVerCursor,
    Tool.BRUSH: Qt.CursorShape.CrossCursor,
    Tool.ERASER: Qt.CursorShape.CrossCursor,
    Tool.REGION_BOX: Qt.CursorShape.CrossCursor,
    Tool.REGION_STROKE: Qt.CursorShape.CrossCursor,
    Tool.SELECT: Qt.CursorShape.ArrowCursor,
    Tool.RULER: Qt.CursorShape.CrossCursor,
    Tool.ANGLE: Qt.CursorShape.CrossCursor,
    Tool.ELLIPSE: Qt.CursorShape.CrossCursor,
    Tool.RECTANGLE: Qt.CursorShape.CrossCursor,
}


class ImageStack(Protocol):
    """Images in order; one is read when it is shown."""

    def __len__(self) -> int: ...

    def image(self, index: int) -> Image2D:
        """Return an image; raises StudyError when it cannot be read."""


class FilmViewport(FilmCanvas):
    """Shows a film or a stack and lets the reader look at it and paint on it.

    Everything the mouse does is a method as well, so that keys can be bound to it.
    """

    #: Finding and its new mask, bool [H, W] in the source grid; once for each finished stroke.
    maskEdited = Signal(str, object)
    sliceChanged = Signal(int)
    #: AnnotationKind and points of a measurement that was drawn.
    drawingMade = Signal(object, object)
    #: Identity of a drawing and the points that it was moved to; while it moves, and at the end.
    drawingMoving = Signal(str, object)
    drawingMoved = Signal(str, object)
    #: Identity of the drawing that was clicked; ``""`` for none.
    drawingSelected = Signal(str)
    #: Clicked or focused.
    activated = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stack: ImageStack | None = None
        self._slice = 0
        self._tool = Tool.WINDOW
        self._brush_radius = 12.0
        self._edit_target: str | None = None
        self._stroke: Stroke | None = None
        self._mouse = Mouse(self)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    # ------------------------------------------------------------------ what is shown

    @property
    def slice_index(self) -> int:
        """Place of the image shown in its stack; 0 for a single one."""
        return self._slice

    @property
    def slice_count(self) -> int:
        """Number of images in the stack; 1 for a single one, 0 when nothing is shown."""
        return len(self._stack) if self._stack is not None else super().slice_count

    def show_image(self, image: Image2D) -> None:
        """Show one image as its file asks, fitted, without masks or heatmap."""
        self._stack, self._slice = None, 0
        self._mouse.cancel()
        self._reset_display()
        self._replace(image)
        self._announce_window()
        self.viewChanged.emit()

    def show_stack(self, stack: ImageStack, index: int = 0) -> None:
        """Show a stack, beginning with image `index`; window and view stay while scrolling."""
        self._stack = stack
        self._slice = min(max(index, 0), max(len(stack) - 1, 0))
        self._mouse.cancel()
        self._reset_display()
        self._load_slice()
        self._announce_window()
        self.viewChanged.emit()

    def set_slice(self, index: int) -> None:
        """Show another image of the stack; beyond its ends the first or last."""
        index = min(max(index, 0), self.slice_count - 1)
        if self._stack is not None and index != self._slice and index >= 0:
            before = self.window
            self._slice = index
            self._load_slice()
            if self.window != before:
                self._announce_window()

    def clear(self, message: str = "") -> None:
        """Show a message in place of an image, e.g. what is being loaded."""
        self._show_message(Message(message))

    def show_unreadable(self, reason: str) -> None:
        """Say that the image cannot be shown, and why."""
        self._show_message(Message(reason, problem=True))

    def _show_message(self, message: Message) -> None:
        self._stack, self._slice = None, 0
        self._mouse.cancel()
        self._replace(message)

    def _load_slice(self) -> None:
        assert self._stack is not None
        before = self.image
        try:
            image = self._stack.image(self._slice)
        except StudyError as error:
            self._replace(Message(str(error), problem=True))
        else:
            if before is not None and before.shape != image.shape:
                self._view = replace(self._view, zoom=None, centre=None)
            self._replace(image)
        self.sliceChanged.emit(self._slice)

    def _replace(self, content: Image2D | Message) -> None:
        self.cancel_stroke()
        self._edit_target = None
        super()._replace(content)

    def set_masks(self, layers: Sequence[MaskLayer]) -> None:
        """Replace all masks; a stroke in progress is given up.

        Raises
        ------
        ValueError
            If a mask is not of the image's shape.
        """
        self.cancel_stroke()
        super().set_masks(layers)

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
        self.cancel_stroke()
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
            self._stroke.move_to(*geometry.to_source(*self._device_point(position)))
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

    def _brush(self, geometry: Geometry) -> tuple[float, float, float] | None:
        """Return the brush under the cursor while there is a mask to paint on."""
        paints = self._tool.paints and self._masks.find(self._edit_target) is not None
        if self._cursor is None or not (paints or self._tool is Tool.REGION_STROKE):
            return None
        x, y = geometry.to_source(*self._device_point(self._cursor))
        return x, y, self._brush_radius

    # ------------------------------------------------------------------ lines and shapes

    def set_describer(self, describe: Describe) -> None:
        """Choose what is written beside a drawing while it is made or moved."""
        self._drawings.describe = describe

    def film_point(self, position: QPointF) -> Point:
        """Return row and column at a logical point of the canvas; whole numbers are pixels' centres."""
        x, y = self.source_point(position)
        return y - 0.5, x - 0.5

    def point_on_film(self, point: Point) -> Point:
        """Return the nearest point ``(row, column)`` that lies on the film."""
        assert self.image is not None
        return nearest_inside(point, *self.image.shape)

    def kept_on_film(self, drawing: Drawing) -> Drawing:
        """Return a drawing moved back as far as it has left the film."""
        assert self.image is not None
        return kept_inside(drawing, *self.image.shape)

    def show_drawing_change(self, drawing: Drawing | None) -> None:
        """Show a drawing while it is made or moved; None ends that."""
        self._drawings.show_change(drawing)
        if drawing is not None:
            self.drawingMoving.emit(drawing.drawing_id, drawing.points)
        self.update()

    def grip_at(self, position: QPointF) -> Grip | None:
        """Return the drawing, or the handle, that lies under a logical point."""
        geometry = self._geometry()
        if geometry is None or not self._tool.grips:
            return None
        return self._drawings.grip(position, screen_transform(geometry, self.devicePixelRatioF()))

    def _show_grip(self) -> None:
        """Tell by the cursor what a press would take hold of."""
        grip = self.grip_at(self._cursor) if self._cursor is not None else None
        shape = _CURSORS[self._tool]
        if grip is not None:
            whole = grip.handle is None
            shape = Qt.CursorShape.SizeAllCursor if whole else Qt.CursorShape.PointingHandCursor
        if self.cursor().shape() is not shape:
            self.setCursor(QCursor(shape))

    # ------------------------------------------------------------------ Qt's events

    def event(self, event: QEvent) -> bool:
        """Claim Esc while painting or drawing, before a shortcut of the window takes it."""
        if (
            event.type() is QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and self._mouse.busy
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc gives up a stroke or a drawing; every other key belongs to the window."""
        if event.key() == Qt.Key.Key_Escape and self._mouse.busy:
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
        if self._tool.paints or self._tool is Tool.REGION_STROKE:
            self.update()
        if not self._mouse.busy:
            self._show_grip()

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
