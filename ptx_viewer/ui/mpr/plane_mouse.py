"""What each mouse button does on a plane; the wheel scrolls and, with Ctrl, magnifies, as on a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from ptx_viewer.study.image import Window
from ptx_viewer.ui.viewport import Tool
from ptx_viewer.ui.viewport.drag import Drag
from ptx_viewer.ui.viewport.mouse import Mouse, PanDrag, ScrollDrag, ZoomDrag
from ptx_viewer.ui.viewport.window import dragged

if TYPE_CHECKING:
    from .plane_view import PlaneView

#: What the step of dragging the window is taken from: the span of a chest's values.
_OWN = Window(-600, 1500)


class CursorDrag(Drag):
    """The cursor of all planes follows the mouse."""

    def __init__(self, view: PlaneView, start: QPointF) -> None:
        super().__init__(view, start)
        view.point_at(start)

    def move(self, position: QPointF) -> None:
        """Move it here."""
        self.viewport.point_at(position)


class PlaneWindowDrag(Drag):
    """Right widens the window, down raises its centre, as on a film."""

    def __init__(self, view: PlaneView, start: QPointF) -> None:
        super().__init__(view, start)
        self._window = view.window_

    def move(self, position: QPointF) -> None:
        """Set the window from the whole way since the button went down."""
        way = position - self.start
        self.viewport.windowChanged.emit(dragged(self._window, _OWN, way.x(), way.y()))


class PlaneMouse(Mouse):
    """Left moves the cursor or uses the tool, right drags the window, the middle button the plane."""

    def __init__(self, view: PlaneView) -> None:
        super().__init__(view)  # type: ignore[arg-type]  # offers what a film's viewport does
        self._view = view

    def turn(self) -> None:
        """Give up what belongs to the plane that is shown no more; scrolling goes on."""
        if not isinstance(self._drag, ScrollDrag):
            self.cancel()

    def _right(self, position: QPointF) -> Drag:
        return PlaneWindowDrag(self._view, position)

    def _use(self, position: QPointF) -> Drag | None:
        kinds: dict[Tool, type[Drag]] = {Tool.PAN: PanDrag, Tool.ZOOM: ZoomDrag, Tool.SCROLL: ScrollDrag}
        return kinds.get(self._view.tool, CursorDrag)(self._view, position)
