"""The film comes first, text can be read, panels fold, and one window serves every screen."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from ptx_viewer.study.image import Window
from ptx_viewer.ui import theme
from ptx_viewer.ui.keys import Act


def luminance(name: str) -> float:
    """Relative luminance of WCAG 2.1."""

    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue, _alpha = QColor(name).getRgbF()
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("text", [theme.TEXT, theme.QUIET, theme.ACCENT, theme.PROBLEM])
@pytest.mark.parametrize("ground", [theme.BACKGROUND, theme.PANEL, theme.RAISED, theme.HOVER])
def test_text_has_enough_contrast(text, ground):
    assert contrast(text, ground) >= 4.5


def test_greys_have_no_cast():
    for name in (
        theme.BACKGROUND,
        theme.PANEL,
        theme.RAISED,
        theme.HOVER,
        theme.BORDER,
        theme.TEXT,
        theme.QUIET,
    ):
        assert len(set(QColor(name).getRgb()[:3])) == 1


def test_the_film_has_three_fifths_of_a_small_screen(window, open_film, positive):
    window.resize(1366, 768)
    open_film(window, positive)
    film = window.grid.active
    assert film.width() * film.height() >= 0.6 * 1366 * 768


@pytest.mark.parametrize("size", [(1024, 700), (1366, 768), (1920, 1080), (2560, 1440)])
def test_the_layout_holds(window, open_film, positive, size, qtbot):
    open_film(window, positive)
    window.resize(*size)
    assert (window.width(), window.height()) == size
    # The layout follows in the events after the answer has come.
    qtbot.waitUntil(lambda: window.column.horizontalScrollBar().maximum() == 0)
    assert window.grid.width() >= 500
    for widget in window.column.widget().findChildren(QWidget):
        if widget.isVisible() and widget.width() > 0:
            right = widget.mapTo(window.column.widget(), widget.rect().topRight()).x()
            assert right <= window.column.widget().width()


def test_no_text_is_smaller_than_thirteen_pixels(window, open_film, positive):
    open_film(window, positive)
    for widget in window.findChildren(QWidget):
        if hasattr(widget, "text") and widget.isVisible():
            assert widget.fontInfo().pixelSize() >= 13


def test_panels_fold_with_one_key_each(window, open_film, positive, qtbot):
    open_film(window, positive)
    film = window.grid.active
    width = film.width()
    qtbot.keyClick(film, Qt.Key.Key_F7)
    assert not window.browser.isVisible()
    qtbot.keyClick(film, Qt.Key.Key_F8)
    assert not window.column.isVisible()
    qtbot.waitUntil(lambda: film.width() > width + 400)
    qtbot.keyClick(film, Qt.Key.Key_F7)
    qtbot.keyClick(film, Qt.Key.Key_F8)
    assert window.browser.isVisible()
    assert window.column.isVisible()


def test_full_screen_shows_the_film_alone_and_escape_leaves(window, open_film, positive, qtbot):
    open_film(window, positive)
    qtbot.keyClick(window.grid.active, Qt.Key.Key_F11)
    visible = (window.bar, window.browser, window.column, window.status)
    assert not any(widget.isVisible() for widget in visible)
    assert window.isFullScreen()
    # Keys work without their buttons.
    qtbot.keyClick(window.grid.active, Qt.Key.Key_H)
    assert window.grid.active.flipped_horizontally
    qtbot.keyClick(window.grid.active, Qt.Key.Key_Escape)
    assert all(widget.isVisible() for widget in visible)
    assert not window.isFullScreen()


def test_view_keys_move_the_film(window, open_film, positive, qtbot):
    open_film(window, positive)
    film = window.grid.active
    qtbot.keyClick(film, Qt.Key.Key_R)
    assert film.quarter_turns == 1
    qtbot.keyClick(film, Qt.Key.Key_L)
    assert film.quarter_turns == 0
    qtbot.keyClick(film, Qt.Key.Key_V)
    assert film.flipped_vertically
    qtbot.keyClick(film, Qt.Key.Key_I)
    assert film.inverted
    fitted = film.zoom_percent
    qtbot.keyClick(film, Qt.Key.Key_Plus)
    assert film.zoom_percent == pytest.approx(1.25 * fitted)
    qtbot.keyClick(film, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert film.zoom_percent == pytest.approx(100)
    film.set_window(10, 20)
    qtbot.keyClick(film, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert (film.inverted, film.flipped_vertically, film.fitted) == (False, False, True)
    assert film.window == window.pane.image.window


def test_window_and_level_by_typing_and_by_preset(window, open_film, positive, qtbot):
    open_film(window, positive)
    film, box = window.grid.active, window.bar.window_box
    own = window.pane.image.window
    qtbot.keyClick(film, Qt.Key.Key_W, Qt.KeyboardModifier.ShiftModifier)
    assert box.center.hasFocus()
    box.center.setValue(300)
    box.width_.setValue(500)
    assert film.window == Window(300, 500)
    assert box.preset.currentIndex() == -1
    film.setFocus()
    qtbot.keyClick(film, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    assert film.window == Window(own.center, own.width * 0.6)
    assert box.width_.value() == pytest.approx(own.width * 0.6, abs=1)
    qtbot.keyClick(film, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert film.window == own


def test_focused_controls_keep_their_own_keys(window, open_film, positive, qtbot):
    open_film(window, positive)
    film = window.grid.active
    film.rotate(1)
    slider = window.column.findings.opacity
    slider.setFocus()
    before = slider.value()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert slider.value() == before + 1
    button = window.column.findings._add
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert window.adding.drawing
    assert film.quarter_turns == 1
    film.setFocus()
    qtbot.keyClick(film, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert film.quarter_turns == 0


def test_the_brush_grows_and_shrinks_by_key(window, open_film, positive, qtbot):
    open_film(window, positive)
    film = window.grid.active
    before = film.brush_radius
    qtbot.keyClick(film, Qt.Key.Key_BracketRight)
    assert film.brush_radius > before
    qtbot.keyClick(film, Qt.Key.Key_BracketLeft)
    qtbot.keyClick(film, Qt.Key.Key_BracketLeft)
    assert film.brush_radius < before
    assert window.bar.brush_radius.value() == film.brush_radius


def test_every_button_has_a_tooltip_with_its_key(window):
    for act in (Act.OPEN_FOLDER, Act.TOOL_BRUSH, Act.ANALYSE, Act.EXPORT):
        button = window.bar.widgetForAction(window.actions_[act])
        assert window.actions_[act].shortcut().toString() in button.toolTip()


def test_the_film_has_three_fifths_of_a_window_of_1024_by_700(window, open_film, positive):
    window.resize(1024, 700)
    open_film(window, positive)
    film = window.grid.active
    assert film.width() * film.height() >= 0.6 * 1024 * 700
    # Wider again, the columns are as wide as before.
    window.resize(1366, 768)
    assert window.column.width() == pytest.approx(298, abs=2)
