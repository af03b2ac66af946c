"""What each mouse button and the wheel do; the canvas itself offers the same as methods."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from .drag import Drag
from .drawing_mouse import GripDrag, Making
from .layers import Tool
from .region import BoxDrag, StrokeDrag
from .window import dragged

if TYPE_CHECKING:
    from .viewport import FilmViewport

#: Logical pixels of dragging that double the size of the film.
_DOUBLING = 120
#: Eighths of a degree in one notch of a wheel (Qt's QWheelEvent.angleDelta).
_NOTCH = 120
_WHEEL_ZOOM = 1.2


class WindowDrag(Drag):
    """Right widens the window, down raises its centre, as in OHIF and Weasis."""

    def __init__(self, viewport: FilmViewport, start: QPointF) -> None:
        super().__init__(viewport, start)
        self._window = viewport.window

    def move(self, position: QPointF) -> None:
        """Set the window from the whole way since the button went down."""
        image = self.viewport.image
        if image is None or image.colour is not None:
            return
        way = position - self.start
        window = dragged(self._window, image.window, way.x(), way.y())
        self.viewport.set_window(window.center, window.width)


class PanDrag(Drag):
    """The film follows the mouse."""

    def move(self, position: QPointF) -> None:
        """Move by the way since the last event."""
        way = position - self.start
        self.start = position
        self.viewport.pan_by(way.x(), way.y())


class ZoomDrag(Drag):
    """Down magnifies, up reduces, about the point where the button went down (as in OHIF)."""

    def __init__(self, viewport: FilmViewport, start: QPointF) -> None:
        super().__init__(viewport, start)
        self._last = start.y()

    def move(self, position: QPointF) -> None:
        """Zoom by the way since the last event."""
        factor = 2 ** ((position.y() - self._last) / _DOUBLING)
        self._last = position.y()
        self.viewport.zoom_by(factor, self.start)


class ScrollDrag(Drag):
    """Down shows later slices; the height of the canvas spans the stack."""

    def __init__(self, viewport: FilmViewport, start: QPointF) -> None:
        super().__init__(viewport, start)
        self._first = viewport.slice_index

    def move(self, position: QPointF) -> None:
        """Show the slice that belongs to the way since the button went down."""
        pixels = max(self.viewport.height() / max(self.viewport.slice_count, 1), 4.0)
        self.viewport.set_slice(self._first + math.trunc((position.y() - self.start.y()) / pixels))


class BrushDrag(Drag):
    """A stroke on the mask of the edit target."""

    def __init__(self, viewport: FilmViewport, start: QPointF) -> None:
        super().__init__(viewport, start)
        viewport.extend_stroke(start)

    def move(self, position: QPointF) -> None:
        """Paint up to here."""
        self.viewport.extend_stroke(position)

    def finish(self) -> None:
        """Hand the new mask over."""
        self.viewport.finish_stroke()

    def cancel(self) -> None:
        """Put the mask back."""
        self.viewport.cancel_stroke()


class Mouse:
    """Turns mouse events into calls of the canvas' methods; one button at a time."""

    def __init__(self, viewport: FilmViewport) -> None:
        self._viewport = viewport
        self._drag: Drag | None = None
        self._making: Making | None = None
        self._button = Qt.MouseButton.NoButton
        self._wheel = 0.0

    @property
    def busy(self) -> bool:
        """Whether Esc has a drag or a drawing to give up."""
        return self._drag is not None or self._making is not None

    def claims(self, event: QEvent) -> bool:
        """Whether `event` is Esc while there is something to give up: no shortcut of the window's then."""
        return event.type() is QEvent.Type.ShortcutOverride and self._is_way_out(event)

    def give_up(self, event: QKeyEvent) -> bool:
        """Give up what is under way if the key is Esc; False where the key means something else."""
        if not self._is_way_out(event):
            return False
        self.cancel()
        return True

    def _is_way_out(self, event: QEvent) -> bool:
        return isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape and self.busy

    def press(self, event: QMouseEvent) -> None:
        """Begin what the button stands for."""
        if self._making is not None and event.button() is Qt.MouseButton.LeftButton:
            if self._making.press(event.position()):
                self._making = None
        elif self._drag is None and self._viewport.image is not None:
            self._drag = self._begin(event.button(), event.position())
            self._button = event.button()

    def move(self, event: QMouseEvent) -> None:
        """Continue it."""
        if self._drag is not None:
            self._drag.move(event.position())
        elif self._making is not None:
            self._making.follow(event.position())

    def release(self, event: QMouseEvent) -> None:
        """End it when its own button goes up."""
        if self._drag is not None and event.button() is self._button:
            self._drag.finish()
            self._drag = None
        elif (
            self._making is not None
            and event.button() is Qt.MouseButton.LeftButton
            and self._making.release(event.position())
        ):
            self._making = None

    def cancel(self) -> None:
        """Give up a drag, e.g. because another image is shown."""
        if self._drag is not None:
            self._drag.cancel()
            self._drag = None
        if self._making is not None:
            self._making.cancel()
            self._making = None

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom a single film, scroll a stack; with Ctrl always zoom."""
        notches = event.angleDelta().y() / _NOTCH
        zooms = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if zooms or self._viewport.slice_count <= 1:
            self._viewport.zoom_by(_WHEEL_ZOOM**notches, event.position())
            return
        # Fine wheels and touch pads send fractions of a notch: they add up to whole slices.
        self._wheel -= notches
        slices = math.trunc(self._wheel)
        self._wheel -= slices
        if slices:
            self._viewport.set_slice(self._viewport.slice_index + slices)

    def _begin(self, button: Qt.MouseButton, position: QPointF) -> Drag | None:
        viewport = self._viewport
        if button is Qt.MouseButton.MiddleButton:
            return PanDrag(viewport, position)
        if button is Qt.MouseButton.RightButton:
            return self._right(position)
        if button is not Qt.MouseButton.LeftButton:
            return None
        if viewport.tool.paints:
            return BrushDrag(viewport, position) if viewport.begin_stroke() else None
        grip = viewport.grip_at(position)
        if grip is not None:
            return GripDrag(viewport, position, grip)
        viewport.drawingSelected.emit("")
        kind = viewport.tool.measures
        if kind is not None:
            self._making = Making(viewport, kind, position)
            return None
        return self._use(position)

    def _right(self, position: QPointF) -> Drag:
        """Begin what the right button does."""
        return ZoomDrag(self._viewport, position)

    def _use(self, position: QPointF) -> Drag | None:
        """Begin what the left button does with a tool that neither paints nor measures."""
        viewport = self._viewport
        if viewport.tool is Tool.SELECT:
            return None
        kinds: dict[Tool, type[Drag]] = {
            Tool.WINDOW: WindowDrag,
            Tool.PAN: PanDrag,
            Tool.ZOOM: ZoomDrag,
            Tool.SCROLL: ScrollDrag,
            Tool.REGION_BOX: BoxDrag,
            Tool.REGION_STROKE: StrokeDrag,
        }
        return kinds[viewport.tool](viewport, position)
