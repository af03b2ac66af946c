"""All panes of the window: made as viewports are, and treated alike."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from .desk import Desk
from .displayable import Displayable
from .pane import Pane
from .viewport import FilmViewport, MaskStyle, Tool
from .viewport_grid import ViewportGrid


class Panes(QObject):
    """Gives every viewport its pane, and every viewport the same tool, brush, mask style and privacy."""

    paneChanged = Signal(object)
    newFindingDrawn = Signal(object)
    windowChanged = Signal(float, float)
    cursorMoved = Signal(object)
    #: Pane and the region that was drawn on it, bool [H, W] in the source grid.
    regionDrawn = Signal(object, object)
    #: Pane whose view, greys or window changed.
    looked = Signal(object)
    #: Pane and PixelProbe under its cursor, or None.
    probed = Signal(object, object)

    def __init__(self, grid: ViewportGrid, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._grid = grid
        self._desk = desk
        self._tool = Tool.WINDOW
        self._lent: Tool | None = None
        self._brush_radius = 12.0
        self._style = (MaskStyle.OUTLINE, 0.45)
        self._private = False
        self._hidden: frozenset[str] = frozenset()
        self.all: list[Pane] = []
        grid.viewportMade.connect(self._on_made)

    @property
    def active(self) -> Pane:
        """The pane that actions and panels refer to."""
        return self.all[self._grid.active_index]

    @property
    def shown_items(self) -> frozenset[str]:
        """Keys of the rows that the visible viewports show."""
        return frozenset(pane.item.key for pane in self.all[: self._grid.count] if pane.item is not None)

    @property
    def image_keys(self) -> set[str]:
        """Keys of the images that any viewport holds."""
        return {pane.reading.key for pane in self.all if pane.reading is not None}

    def fill(self, items: Sequence[Displayable]) -> None:
        """Show the series that no pane shows yet in the visible panes that are still empty."""
        held = {pane.item.key for pane in self.all if pane.item is not None}
        unseen = iter([item for item in items if item.key not in held])
        for pane in self.all[: self._grid.count]:
            if pane.item is None and (item := next(unseen, None)) is not None:
                pane.show(item)

    def set_tool(self, tool: Tool) -> None:
        """Choose what the left mouse button does."""
        self._tool = tool
        self._set_up_all()

    def lend_tool(self, tool: Tool | None) -> None:
        """Let the left mouse button do something else for a while; None gives it back."""
        self._lent = tool
        self._set_up_all()

    def set_brush_radius(self, pixels: float) -> None:
        """Choose the size of brush and eraser."""
        self._brush_radius = pixels
        self._set_up_all()

    def set_mask_style(self, style: MaskStyle, opacity: float) -> None:
        """Choose how masks are drawn."""
        self._style = (style, opacity)
        self._set_up_all()

    def set_hidden_sources(self, hidden: frozenset[str]) -> None:
        """Choose whose outlines are not drawn: networks, the consensus."""
        self._hidden = hidden
        for pane in self.all:
            pane.set_hidden_sources(hidden)

    def set_privacy(self, private: bool) -> None:
        """Hide or show who the patient is."""
        self._private = private
        self._set_up_all()

    def _on_made(self, index: int) -> None:
        viewport = self._grid.viewports[index]
        pane = Pane(viewport, self._desk, self)
        pane.set_hidden_sources(self._hidden)
        self.all.append(pane)
        pane.readingChanged.connect(lambda: self.paneChanged.emit(pane))
        pane.newFindingDrawn.connect(self.newFindingDrawn)
        viewport.windowChanged.connect(lambda center, width: self._on_window(pane, center, width))
        viewport.cursorMoved.connect(self.cursorMoved)
        viewport.cursorMoved.connect(lambda probe: self.probed.emit(pane, probe))
        viewport.regionDrawn.connect(lambda mask: self.regionDrawn.emit(pane, mask))
        viewport.viewChanged.connect(lambda: self.looked.emit(pane))
        viewport.windowChanged.connect(lambda _center, _width: self.looked.emit(pane))
        self._set_up(viewport)

    def _on_window(self, pane: Pane, center: float, width: float) -> None:
        if pane is self.active:
            self.windowChanged.emit(center, width)

    def _set_up_all(self) -> None:
        for viewport in self._grid.viewports:
            self._set_up(viewport)

    def _set_up(self, viewport: FilmViewport) -> None:
        tool = self._lent or self._tool
        if viewport.tool is not tool:
            viewport.set_tool(tool)
        viewport.set_brush_radius(self._brush_radius)
        viewport.set_mask_style(*self._style)
        viewport.set_privacy(self._private)
