"""The film canvas with tools: what the left button does, strokes of the brush, lines and shapes."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QWidget

from ptx_viewer.measure.regions import Point

from .brush import Stroke
from .canvas import FilmCanvas
from .drawings import Describe, Drawing, Grip, kept_inside, nearest_inside
from .geometry import Geometry
from .layers import Tool
from .masks import screen_transform

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


class ToolCanvas(FilmCanvas):
    """Everything that a tool does to a film, as methods; the mouse is somebody else's."""

    #: Identity of a drawing and the points that it is moved to, while it moves.
    drawingMoving = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tool = Tool.WINDOW
        self._brush_radius = 12.0
        self._edit_target: str | None = None
        self._stroke: Stroke | None = None

    @property
    def tool(self) -> Tool:
        """What the left mouse button does."""
        return self._tool

    def set_tool(self, tool: Tool) -> None:
        """Choose what the left mouse button does."""
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
