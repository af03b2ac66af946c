"""One plane of a volume: greys, outlines, drawings, cursor, letters, and the mouse; keys are the window's."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from ptx_viewer.measure.regions import Point
from ptx_viewer.study.image import Window
from ptx_viewer.study.planes import Cursor, Plane, Planes
from ptx_viewer.ui import theme
from ptx_viewer.ui.viewport import Drawing, MaskStyle, Tool
from ptx_viewer.ui.viewport.brush import Stroke
from ptx_viewer.ui.viewport.drawing_paint import paint_drawings
from ptx_viewer.ui.viewport.drawings import DrawingOverlay, Grip, kept_inside, nearest_inside

from .outlines import Outlines, section
from .plane_frame import PlaneFrame
from .plane_mouse import PlaneMouse
from .plane_picture import Asked, PlanePicture
from .plane_texts import paint_texts

_GAP = "missing slices"
#: Half the opening of the cursor's cross.
_OPEN = 9.0


class PlaneView(QWidget):
    """Draws one plane to scale and lets the reader look, measure and, on slices, paint.

    Offers the mouse what a film's viewport does, so that tools behave alike on both.
    """

    cursorMoved = Signal(object)
    windowChanged = Signal(object)
    activated = Signal()
    #: Finding, number of the slice and its new mask, bool [H, W]; once for each finished stroke.
    painted = Signal(str, int, object)
    #: Why a tool does nothing here.
    told = Signal(str)
    drawingMade = Signal(object, object)
    drawingMoved = Signal(str, object)
    drawingSelected = Signal(str)

    def __init__(self, plane: Plane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plane = plane
        self.tool = Tool.WINDOW
        self._planes: Planes | None = None
        self._outlines = Outlines()
        self._cursor = Cursor(0, 0, 0)
        self._window = Window(-600, 1500)
        self._style = (MaskStyle.OUTLINE, 0.45)
        self._active = False
        self._frame = PlaneFrame()
        self._picture = PlanePicture(plane)
        self._drawings = DrawingOverlay()
        self._source: Callable[[int], tuple[Drawing, ...]] = lambda _index: ()
        self._edit_target: str | None = None
        self._brush_radius = 12.0
        self._stroke: Stroke | None = None
        self._mouse_at: QPointF | None = None
        self._mouse = PlaneMouse(self)
        self.setMinimumSize(120, 100)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName(f"{plane.value} plane")

    # ------------------------------------------------------------------ what is shown

    @property
    def index(self) -> int:
        """Number of the plane shown, from 0."""
        return 0 if self._planes is None else self._planes.index(self.plane, self._cursor)

    @property
    def window_(self) -> Window:
        """The window that the plane is shown with."""
        return self._window

    @property
    def caption(self) -> str:
        """What is written in the corner, e.g. ``"Axial  45 / 300"``."""
        if self._planes is None:
            return self.plane.value
        gap = f"  ({_GAP} hatched)" if self._planes.gaps(self.plane) is not None else ""
        return f"{self.plane.value}  {self.index + 1} / {self._planes.count(self.plane)}{gap}"

    def show_planes(self, planes: Planes | None) -> None:
        """Show another volume, fitted and without outlines."""
        self._mouse.cancel()
        self._planes, self._outlines, self._frame = planes, Outlines(), PlaneFrame()
        self._picture = PlanePicture(self.plane)
        self.refresh_drawings()

    def show_outlines(self, outlines: Outlines) -> None:
        """Draw other outlines."""
        self.cancel_stroke()
        self._outlines = outlines
        self.update()

    def set_cursor(self, cursor: Cursor) -> None:
        """Show the plane that passes the cursor."""
        before = self.index
        self._cursor = cursor
        if self.index != before:
            self._mouse.cancel()
            self.refresh_drawings()
        self.update()

    def set_window(self, window: Window) -> None:
        """Show with another window."""
        self._window = window
        self.update()

    def set_style(self, style: MaskStyle, opacity: float) -> None:
        """Draw pleural air as outline or fill, or hide outlines."""
        self._style = (style, opacity)
        self.update()

    def set_active(self, active: bool) -> None:
        """Frame the plane that the keys scroll."""
        self._active = active
        self.update()

    def step(self, by: int) -> None:
        """Go to the next or the previous plane."""
        self.set_slice(self.index + by)

    def image_rect(self) -> QRectF:
        """Return where the plane is drawn, in the widget's own points."""
        if self._planes is None:
            return QRectF()
        return self._frame.rect(QSizeF(self.size()), self._planes.size_mm(self.plane))

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

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Magnify about a point, or about the middle."""
        if self._planes is not None:
            middle = QPointF(self.width() / 2, self.height() / 2)
            size = self._planes.size_mm(self.plane)
            self._frame = self._frame.zoomed(factor, at or middle, QSizeF(self.size()), size)
            self.update()

    def pan_by(self, across: float, down: float) -> None:
        """Move the plane by points of the screen."""
        if self._planes is not None:
            size = self._planes.size_mm(self.plane)
            self._frame = self._frame.moved(QPointF(across, down), QSizeF(self.size()), size)
            self.update()

    def fit(self) -> None:
        """Show the whole plane."""
        self._frame = PlaneFrame()
        self.update()

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
        self.update()

    # ------------------------------------------------------------------ painting

    def set_brush_radius(self, pixels: float) -> None:
        """Set the radius of brush and eraser in pixels of a slice."""
        self._brush_radius = pixels
        self.update()

    def set_edit_target(self, finding_id: str | None) -> None:
        """Choose the finding that brush and eraser change; None: they do nothing."""
        self.cancel_stroke()
        self._edit_target = finding_id

    def begin_stroke(self) -> bool:
        """Start a stroke of the current tool; False, with the reason told, where nothing can be painted."""
        target = self._outlines.find(self._edit_target)
        if self._planes is None:
            return False
        if self.plane is not Plane.AXIAL:
            self.told.emit("Brush and eraser paint in the axial plane.")
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
        if stroke is not None and self._edit_target is not None and stroke.changed:
            self.painted.emit(self._edit_target, self.index, stroke.mask)
        self.update()

    def cancel_stroke(self) -> None:
        """Give the stroke up."""
        self._stroke = None
        self.update()

    # ------------------------------------------------------------------ lines and shapes

    def set_drawing_source(
        self,
        drawings: Callable[[int], tuple[Drawing, ...]],
        describe: Callable[[int, Drawing], tuple[str, ...]],
    ) -> None:
        """Choose what is drawn on a plane by its number, and what is written beside a drawing in hand."""
        self._source = drawings
        self._drawings.describe = lambda drawing: describe(self.index, drawing)
        self.refresh_drawings()

    def refresh_drawings(self) -> None:
        """Draw what was measured on the plane shown as it now stands."""
        self._drawings.set_drawings(self._source(self.index) if self._planes is not None else ())
        self.update()

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

    def _grid(self) -> tuple[int, int]:
        assert self._planes is not None  # nothing is drawn without
        return self._planes.grid(self.plane)

    def _to_view(self) -> QTransform:
        """Return the way from rows and columns, counted from the plane's edges, to the screen."""
        area, (rows, columns) = self.image_rect(), self._grid()
        scale = QTransform.fromScale(area.width() / columns, area.height() / rows)
        return scale * QTransform.fromTranslate(area.left(), area.top())

    # ------------------------------------------------------------------ Qt's events

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw everything."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        if self._planes is not None:
            to_view = self._to_view()
            stroke = self._stroke.mask if self._stroke is not None else None
            asked = Asked(self._planes, self.index, self._window, self._outlines, *self._style, stroke)
            self._picture.paint(painter, asked, to_view, self.size())
            self._paint_cursor(painter, self._planes)
            taken = paint_texts(painter, QRectF(self.rect()), self.caption, self._planes.letters(self.plane))
            items = self._drawings.items
            paint_drawings(painter, items, to_view, self.font(), QRectF(self.rect()), taken)
            self._paint_brush(painter, to_view)
        if self._active:
            painter.setPen(QPen(QColor(theme.ACCENT), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _paint_cursor(self, painter: QPainter, planes: Planes) -> None:
        area = self.image_rect()
        down, across = planes.place(self.plane, self._cursor)
        x, y = area.left() + across * area.width(), area.top() + down * area.height()
        painter.setPen(QPen(QColor(255, 255, 255, 110), 1))
        painter.drawLine(QPointF(area.left(), y), QPointF(x - _OPEN, y))
        painter.drawLine(QPointF(x + _OPEN, y), QPointF(area.right(), y))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, y - _OPEN))
        painter.drawLine(QPointF(x, y + _OPEN), QPointF(x, area.bottom()))

    def _paint_brush(self, painter: QPainter, to_view: QTransform) -> None:
        if self._mouse_at is None or not self.tool.paints or self.plane is not Plane.AXIAL:
            return
        across, down = self._brush_radius * to_view.m11(), self._brush_radius * to_view.m22()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for width, colour in ((3.0, QColor(0, 0, 0, 130)), (1.2, QColor(255, 255, 255, 220))):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(self._mouse_at, across, down)

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
        """Become the active plane and begin what the button stands for."""
        self.activated.emit()
        self.setFocus()
        self._mouse.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the mouse."""
        self._mouse_at = event.position()
        self._mouse.move(event)
        if self.tool.paints:
            self.update()

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
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Become the plane that keys scroll."""
        self.activated.emit()
        super().focusInEvent(event)
