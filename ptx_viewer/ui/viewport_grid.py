"""One, two or four viewports; one of them is active."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from .viewport import FilmViewport

#: Row and column of each viewport, by how many are shown.
_PLACES = {1: ((0, 0),), 2: ((0, 0), (0, 1)), 4: ((0, 0), (0, 1), (1, 0), (1, 1))}


class ViewportGrid(QWidget):
    """Makes viewports when they are first needed and keeps what they show when they are hidden."""

    activeChanged = Signal(int)
    viewportMade = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewports: list[FilmViewport] = []
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._count = 0
        self._active = 0

    @property
    def count(self) -> int:
        """How many viewports are shown."""
        return self._count

    @property
    def active_index(self) -> int:
        """Number of the active viewport."""
        return self._active

    @property
    def active(self) -> FilmViewport:
        """The viewport that actions and panels refer to."""
        return self._viewports[self._active]

    @property
    def viewports(self) -> tuple[FilmViewport, ...]:
        """Every viewport made so far, the hidden ones too."""
        return tuple(self._viewports)

    def set_count(self, count: int) -> None:
        """Show `count` (1, 2 or 4) viewports."""
        while len(self._viewports) < count:
            self._make()
        for viewport in self._viewports:
            self._layout.removeWidget(viewport)
            viewport.hide()
        for index, (line, column) in enumerate(_PLACES[count]):
            self._layout.addWidget(self._viewports[index], line, column)
            self._viewports[index].show()
        for line in range(2):
            self._layout.setRowStretch(line, int(any(place[0] == line for place in _PLACES[count])))
            self._layout.setColumnStretch(line, int(any(place[1] == line for place in _PLACES[count])))
        self._count = count
        self.activate(min(self._active, count - 1), always=True)

    def activate(self, index: int, *, always: bool = False) -> None:
        """Make a viewport the active one."""
        changed = index != self._active
        self._active = index
        for number, viewport in enumerate(self._viewports):
            # A single viewport needs no frame to tell it from others.
            viewport.set_active(number == index and self._count > 1)
        if changed or always:
            self.activeChanged.emit(index)

    def step(self, by: int) -> None:
        """Activate the next or the previous viewport."""
        self.activate((self._active + by) % self._count)
        self.active.setFocus()

    def _make(self) -> None:
        viewport = FilmViewport()
        index = len(self._viewports)
        self._viewports.append(viewport)
        viewport.activated.connect(lambda: self.activate(index))
        self.viewportMade.emit(index)
