"""A CT series in the window: when planes are shown, and what keys and panels then refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ptx_viewer.study.image import Window

from .keys import Act
from .mpr import MprView
from .pane import Pane
from .volume_desk import VolumeState, is_volume

if TYPE_CHECKING:
    from .main_window import MainWindow


class VolumeReview(QObject):
    """Keeps the planes, the panel of the series and the volume's desk in step."""

    changed = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._w = window
        self.view = MprView()
        self.on = False
        desk = window.volumes
        desk.volumeRead.connect(self._on_volume)
        desk.changed.connect(self._on_desk)
        self.view.windowChanged.connect(self._on_window)
        window.column.volume.sideChosen.connect(self._jump)

    @property
    def offered(self) -> bool:
        """Whether the active viewport shows a series that can be segmented."""
        return is_volume(self._w.pane.item)

    def toggle(self) -> None:
        """Show the three planes of the series, or the viewports again."""
        item = self._w.pane.item
        if self.on or item is None or not self.offered:
            self.stop()
            return
        self.on = True
        self._w.volumes.open(item)
        if self._w.volumes.volume is not None and self.view.volume is not self._w.volumes.volume:
            self._on_volume()
        self.changed.emit()
        self.view.active.setFocus()

    def segment(self) -> bool:
        """Segment the series of the active viewport; False when it is none."""
        item = self._w.pane.item
        if item is None or not self.offered:
            return False
        self._w.volumes.open(item, segment=True)
        return True

    def stop(self) -> None:
        """Show the viewports again."""
        self.on = False
        self.changed.emit()

    def follow(self, pane: Pane) -> None:
        """Take note of what the active viewport shows now."""
        if not is_volume(pane.item) or not self._w.volumes.holds(pane.item):
            if self._w.volumes.item is not None:
                self._w.volumes.close()
                self.view.clear()
            if self.on:
                self.stop()

    def scroll(self, by: int) -> bool:
        """Scroll the active plane; False while no planes are shown."""
        if self.on:
            self.view.active.step(by)
        return self.on

    def set_window(self, center: float, width: float) -> bool:
        """Window the planes; False while none are shown."""
        if self.on:
            self.view.set_window(Window(center, width))
        return self.on

    def _jump(self, side: object) -> None:
        if not self.on:
            self.toggle()
        self.view.jump_to(side)  # type: ignore[arg-type]

    def _on_volume(self) -> None:
        volume = self._w.volumes.volume
        if volume is not None:
            self.view.show_volume(volume)
            self.view.show_analysis(self._w.volumes.analysis)

    def _on_desk(self) -> None:
        if self._w.volumes.state in (VolumeState.DONE, VolumeState.SEGMENTING):
            self.view.show_analysis(self._w.volumes.analysis)
        self._w.actions_[Act.CANCEL].setEnabled(True)

    def _on_window(self, center: float, width: float) -> None:
        if self.on:
            self._w.bar.window_box.set_window(center, width)
