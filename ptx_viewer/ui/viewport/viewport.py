"""The film canvas as the reader uses it: stacks, tools, mouse, and the brush."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from ptx_viewer.study.errors import StudyError
from ptx_viewer.study.image import Image2D

from .layers import MaskLayer, Tool
from .mouse import Mouse
from .painting import Message
from .tool_canvas import ToolCanvas


class ImageStack(Protocol):
    """Images in order; one is read when it is shown."""

    def __len__(self) -> int: ...

    def image(self, index: int) -> Image2D:
        """Return an image; raises StudyError when it cannot be read."""


class FilmViewport(ToolCanvas):
    """Shows a film or a stack and lets the reader look at it and paint on it.

    Everything the mouse does is a method as well, so that keys can be bound to it.
    """

    sliceChanged = Signal(int)
    #: AnnotationKind and points of a measurement that was drawn.
    drawingMade = Signal(object, object)
    #: Identity of a drawing and the points that it was moved to, at the end.
    drawingMoved = Signal(str, object)
    #: Identity of the drawing that was clicked; ``""`` for none.
    drawingSelected = Signal(str)
    #: Clicked or focused.
    activated = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stack: ImageStack | None = None
        self._slice = 0
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

    def set_tool(self, tool: Tool) -> None:
        """Choose what the left mouse button does; what it was doing is given up."""
        self._mouse.cancel()
        super().set_tool(tool)

    # ------------------------------------------------------------------ Qt's events

    def event(self, event: QEvent) -> bool:
        """Claim Esc while painting or drawing, before a shortcut of the window takes it."""
        if self._mouse.claims(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc gives up a stroke or a drawing; every other key belongs to the window."""
        if not self._mouse.give_up(event):
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
