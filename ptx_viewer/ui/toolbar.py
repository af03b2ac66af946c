"""The toolbar, in the order of the work: open, look, correct, analyse, export."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QSpinBox, QToolBar, QToolButton, QWidget

from .icons import ICON_PX, icon
from .keys import KEY_OF, Act
from .window_box import WindowBox

_BEFORE_WINDOW = (
    (Act.OPEN_FOLDER, Act.OPEN_FILES),
    (Act.LAYOUT_ONE, Act.LAYOUT_TWO, Act.LAYOUT_FOUR),
)
_TOOLS = (Act.TOOL_WINDOW, Act.TOOL_PAN, Act.TOOL_ZOOM, Act.TOOL_SCROLL, Act.TOOL_BRUSH, Act.TOOL_ERASER)
_MEASURING = (Act.TOOL_SELECT, Act.TOOL_RULER, Act.TOOL_ANGLE, Act.TOOL_ELLIPSE, Act.TOOL_RECTANGLE)
_AFTER_TOOLS = (
    (Act.UNDO, Act.REDO),
    (Act.ANALYSE, Act.EXPORT),
    (Act.FIT, Act.ONE_TO_ONE, Act.RESET),
    (Act.PRIVACY, Act.TOGGLE_BROWSER, Act.TOGGLE_FINDINGS, Act.FULL_SCREEN, Act.CHEAT_SHEET),
    # Last: these are the first to go behind the arrow, and their keys are those of every viewer.
    (Act.INVERT, Act.ROTATE_LEFT, Act.ROTATE_RIGHT, Act.FLIP_HORIZONTAL, Act.FLIP_VERTICAL),
)


class ToolBar(QToolBar):
    """Icons with their keys in the tooltips; what does not fit moves behind the arrow at its end."""

    brushRadiusChanged = Signal(int)

    def __init__(self, actions: dict[Act, QAction], parent: QWidget | None = None) -> None:
        super().__init__("Tools", parent)
        self.setMovable(False)
        self.setFloatable(False)
        self.setIconSize(QSize(ICON_PX, ICON_PX))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.window_box = WindowBox()
        self.brush_radius = QSpinBox()
        self.brush_radius.setRange(1, 200)
        self.brush_radius.setValue(12)
        self.brush_radius.setSuffix(" px")
        self.brush_radius.setFixedWidth(58)
        smaller, larger = KEY_OF[Act.BRUSH_SMALLER].shown, KEY_OF[Act.BRUSH_LARGER].shown
        self.brush_radius.setToolTip(f"Radius of brush and eraser in image pixels  ({smaller} and {larger})")
        self.brush_radius.setAccessibleName("Brush radius")
        self.brush_radius.valueChanged.connect(self.brushRadiusChanged)

        for group in _BEFORE_WINDOW:
            self._add(actions, group)
        self.addWidget(self.window_box)
        self.addSeparator()
        for act in _TOOLS:
            self.addAction(actions[act])
        radius = self.addWidget(self.brush_radius)
        radius.setVisible(False)
        for act in _TOOLS + _MEASURING:
            # The room that it takes is needed for other tools.
            actions[act].toggled.connect(lambda _on: radius.setVisible(_paints(actions)))
        self.addSeparator()
        self._add(actions, _MEASURING)
        for group in _AFTER_TOOLS[:-1]:
            self._add(actions, group)
        for act in _AFTER_TOOLS[-1]:
            self.addAction(actions[act])
        more = self.findChild(QToolButton, "qt_toolbar_ext_button")
        more.setIcon(icon("more"))
        more.setToolTip("More tools")
        for button in self.findChildren(QToolButton):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def _add(self, actions: dict[Act, QAction], group: tuple[Act, ...]) -> None:
        for act in group:
            self.addAction(actions[act])
        self.addSeparator()


def _paints(actions: dict[Act, QAction]) -> bool:
    return actions[Act.TOOL_BRUSH].isChecked() or actions[Act.TOOL_ERASER].isChecked()
