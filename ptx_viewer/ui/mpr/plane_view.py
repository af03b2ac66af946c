"""A plane of a volume under the mouse: look, measure and paint; keys are the window's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from ptx_viewer.measure.regions import Point
from ptx_viewer.study.planes import Plane, Planes
from ptx_viewer.ui.viewport import Drawing, Tool
from ptx_viewer.ui.viewport.brush import Stroke
from ptx_viewer.ui.viewport.drawings import Grip, kept_inside, nearest_inside

from .outlines import Outlined, across_slices, section
from .plane_canvas import PlaneCanvas
from .plane_mouse import PlaneMouse


class PlaneView(PlaneCanvas):
    """Offers the mouse what a film's viewport does, so that tools behave alike on both."""

    cursorMoved = Signal(object)
    windowChanged = Signal(object)
    activated = Signal()
    #: Finding, number of the plane and its new mask, one row for each slice where it lies across them; once
    #: for each finished stroke.
    painted = Signal(str, int, object)
    #: Why a tool does nothing here.
    told = Signal(str)
    drawingMade = Signal(object, object)
    drawingMoved = Signal(str, object)
    drawingSelected = Signal(str)

    def __init__(self, plane: Plane, parent: QWidget | None = None) -> None:
        super().__init__(plane, parent)
        self.tool = Tool.WINDOW
        self._edit_target: str | None = None
        self._brush_radius = 12.0
        self._mouse_at: QPointF | None = None
        self._mouse = PlaneMouse(self)
        self.turned.connect(self._mouse.turn)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)

    # ------------------------------------------------------------------ what the mouse uses

    @property
    def image(self) -> Planes | None:
        """What can be worked on; None while there is nothing."""
        return self._planes

    @property
    def slice_index(self) -> int:
        """Number of the plane shown, from 0."""
        return self.index

    @property
    def slice_count(self) -> int:
        """How many planes there are."""
        return 0 if self._planes is None else self._planes.count(self.plane)

    def set_slice(self, index: int) -> None:
        """Ask for another plane; beyond the ends the first or last."""
        if self._planes is not None:
            self.cursorMoved.emit(self._planes.moved(self.plane, self._cursor, index))

    def step(self, by: int) -> None:
        """Go to the next or the previous plane."""
        self.set_slice(self.index + by)

    def point_at(self, position: QPointF) -> None:
        """Ask for the cursor at a point of the screen."""
        area = self.image_rect()
        if self._planes is not None and not area.isEmpty():
            down = (position.y() - area.top()) / area.height()
            across = (position.x() - area.left()) / area.width()
            self.cursorMoved.emit(self._planes.cursor_at(self.plane, self._cursor, down, across))

    def set_tool(self, tool: Tool) -> None:
        """Choose what the left mouse button does."""
        self._mouse.cancel()
        self.tool = tool
        self._show_brush()

    # ------------------------------------------------------------------ painting

    def set_brush_radius(self, pixels: float) -> None:
        """Set the radius of brush and eraser in pixels of a slice."""
        self._brush_radius = pixels
        self._show_brush()

    def set_edit_target(self, finding_id: str | None) -> None:
        """Choose the finding that brush and eraser change; None: they do nothing."""
        self.cancel_stroke()
        self._edit_target = finding_id

    def begin_stroke(self) -> bool:
        """Start a stroke of the current tool; False, with the reason told, where nothing can be painted."""
        target = self._outlines.find(self._edit_target)
        if self._planes is None:
            return False
        if target is None:
            self.told.emit("Choose a finding of this series to paint on, or add one.")
            return False
        mask = section(target.mask, self._planes, self.plane, self.index)
        self._stroke = Stroke(mask, self._brush_radius, erase=self.tool is Tool.ERASER)
        return True

    def extend_stroke(self, position: QPointF) -> None:
        """Paint from the stroke's last point to a point of the screen."""
        if self._stroke is not None:
            row, column = self.film_point(position)
            self._stroke.move_to(column + 0.5, row + 0.5)
            self.update()

    def finish_stroke(self) -> None:
        """End the stroke and hand its mask over, if it changed anything."""
        stroke, self._stroke = self._stroke, None
        target = self._outlines.find(self._edit_target)
        if stroke is not None and target is not None and stroke.changed:
            self.painted.emit(target.finding_id, self.index, self._slices_of(stroke, target))
        self.update()

    def _slices_of(self, stroke: Stroke, target: Outlined) -> NDArray[np.bool_]:
        """Return what a stroke leaves: a slice that it touches in any of its rows is painted there."""
        if self.plane is Plane.AXIAL or self._planes is None:
            return stroke.mask
        return across_slices(target.mask, self.plane, self.index) ^ self._planes.gathered(stroke.touched)

    def cancel_stroke(self) -> None:
        """Give the stroke up."""
        self._stroke = None
        self.update()

    def _show_brush(self) -> None:
        paints = self.tool.paints and self._mouse_at is not None
        brush = (self._mouse_at, self._brush_radius) if paints and self._mouse_at is not None else None
        if brush != self._brush:
            self._brush = brush
            self.update()

    # ------------------------------------------------------------------ lines and shapes

    def film_point(self, position: QPointF) -> Point:
        """Return row and column at a point of the screen; whole numbers are pixels' centres."""
        inverse, _possible = self._to_view().inverted()
        point = inverse.map(position)
        return point.y() - 0.5, point.x() - 0.5

    def point_on_film(self, point: Point) -> Point:
        """Return the nearest point that lies on the plane."""
        return nearest_inside(point, *self._grid())

    def kept_on_film(self, drawing: Drawing) -> Drawing:
        """Return a drawing moved back as far as it has left the plane."""
        return kept_inside(drawing, *self._grid())

    def show_drawing_change(self, drawing: Drawing | None) -> None:
        """Show a drawing while it is made or moved; None ends that."""
        self._drawings.show_change(drawing)
        self.update()

    def grip_at(self, position: QPointF) -> Grip | None:
        """Return the drawing, or the handle, that lies under a point of the screen."""
        if self._planes is None or not self.tool.grips:
            return None
        return self._drawings.grip(position, self._to_view())

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
        """Become the active plane and begin what the button stands for."""
        self.activated.emit()
        self.setFocus()
        self._mouse.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the mouse."""
        self._mouse_at = event.position()
        self._mouse.move(event)
        self._show_brush()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag."""
        self._mouse.release(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll through the planes, or magnify with Ctrl."""
        self._mouse.wheel(event)
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """Show no brush any more."""
        super().leaveEvent(event)
        self._mouse_at = None
        self._show_brush()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Become the plane that keys scroll."""
        self.activated.emit()
        super().focusInEvent(event)
