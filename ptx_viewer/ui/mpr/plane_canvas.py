"""One plane of a volume on the screen: greys, outlines, drawings, cursor and letters, fitted or magnified."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QTransform
from PySide6.QtWidgets import QWidget

from ptx_viewer.study.image import Window
from ptx_viewer.study.planes import Cursor, Plane, Planes
from ptx_viewer.ui import theme
from ptx_viewer.ui.viewport import Drawing, MaskStyle
from ptx_viewer.ui.viewport.brush import Stroke
from ptx_viewer.ui.viewport.drawing_paint import paint_drawings
from ptx_viewer.ui.viewport.drawings import DrawingOverlay

from .outlines import Outlines
from .plane_frame import PlaneFrame
from .plane_picture import Asked, PlanePicture
from .plane_texts import paint_texts

_GAP = "missing slices"
#: Half the opening of the cursor's cross.
_OPEN = 9.0


class PlaneCanvas(QWidget):
    """Draws one plane to scale; knows no mouse."""

    #: The plane shown is another one, or none.
    turned = Signal()

    def __init__(self, plane: Plane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plane = plane
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
        self._stroke: Stroke | None = None
        #: Middle and radius of the brush: in points of the screen, and in pixels of the plane.
        self._brush: tuple[QPointF, float] | None = None
        self.setMinimumSize(120, 100)
        self.setAccessibleName(f"{plane.value} plane")

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
        self._planes, self._outlines, self._frame = planes, Outlines(), PlaneFrame()
        self._picture = PlanePicture(self.plane)
        self.turned.emit()
        self.refresh_drawings()

    def show_outlines(self, outlines: Outlines) -> None:
        """Draw other outlines."""
        self._stroke = None
        self._outlines = outlines
        self.update()

    def set_cursor(self, cursor: Cursor) -> None:
        """Show the plane that passes the cursor."""
        before = self.index
        self._cursor = cursor
        if self.index != before:
            self.turned.emit()
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

    def image_rect(self) -> QRectF:
        """Return where the plane is drawn, in the widget's own points."""
        if self._planes is None:
            return QRectF()
        return self._frame.rect(QSizeF(self.size()), self._planes.size_mm(self.plane))

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

    def _grid(self) -> tuple[int, int]:
        assert self._planes is not None  # nothing is drawn without
        return self._planes.grid(self.plane)

    def _to_view(self) -> QTransform:
        """Return the way from rows and columns, counted from the plane's edges, to the screen."""
        area, (rows, columns) = self.image_rect(), self._grid()
        scale = QTransform.fromScale(area.width() / columns, area.height() / rows)
        return scale * QTransform.fromTranslate(area.left(), area.top())

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
        if self._brush is None:
            return
        middle, radius = self._brush
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for width, colour in ((3.0, QColor(0, 0, 0, 130)), (1.2, QColor(255, 255, 255, 220))):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(middle, radius * to_view.m11(), radius * to_view.m22())
