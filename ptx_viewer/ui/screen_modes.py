"""What of the window is on the screen: panels, full screen, privacy, the cheat sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from .keys import Act

if TYPE_CHECKING:
    from .main_window import MainWindow


class ScreenModes:
    """Brings the window into the state that its checkable actions say."""

    def __init__(self, window: MainWindow) -> None:
        self._w = window

    def apply_panels(self) -> None:
        """Show or hide the panels; nothing but the film in full screen, no panels before anything is open."""
        window = self._w
        film_alone = self._on(Act.FULL_SCREEN)
        something = bool(window.library.items or window.library.catalogue.unreadable)
        window.browser.setVisible(self._on(Act.TOGGLE_BROWSER) and not film_alone and something)
        window.column.setVisible(self._on(Act.TOGGLE_FINDINGS) and not film_alone and something)
        window.bar.setVisible(not film_alone)
        window.status.setVisible(not film_alone)

    def apply_full_screen(self) -> None:
        """Give the whole screen to the film, or bring the window back as it was."""
        state = self._w.windowState()
        full = Qt.WindowState.WindowFullScreen
        self._w.setWindowState(state | full if self._on(Act.FULL_SCREEN) else state & ~full)
        self.apply_panels()

    def apply_privacy(self) -> None:
        """Hide or show who the patient is, everywhere."""
        private = self._on(Act.PRIVACY)
        self._w.panes.set_privacy(private)
        self._w.browser.set_privacy(private)

    def apply_cheat_sheet(self) -> None:
        """Show or hide all keys."""
        self._w.cheat_sheet.setVisible(self._on(Act.CHEAT_SHEET))

    def leave(self) -> None:
        """Leave the innermost thing that is going on."""
        window = self._w
        if self._on(Act.CHEAT_SHEET):
            window.actions_[Act.CHEAT_SHEET].trigger()
        elif window.asking.act is not None:
            window.asking.stop()
        elif window.adding.drawing or window.adding.asking:
            window.adding.stop()
        elif window.column.volume.asking:
            window.column.volume.ask_side(False)
        elif self._on(Act.FULL_SCREEN):
            window.actions_[Act.FULL_SCREEN].trigger()
        else:
            window.focus_film()

    def _on(self, act: Act) -> bool:
        return self._w.actions_[act].isChecked()
