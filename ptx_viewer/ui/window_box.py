"""Window center and width: presets, and fields to type into."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QWidget

from ptx_viewer.study.image import Image2D, Window

from .keys import KEY_OF, Act
from .presets import Preset, presets_for
from .widgets import label


class WindowBox(QWidget):
    """The window/level controls of the toolbar."""

    windowTyped = Signal(float, float)
    presetChosen = Signal(int)
    finished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presets: tuple[Preset, ...] = ()
        self._own: Window | None = None
        self.preset = QComboBox()
        self.preset.setPlaceholderText("Own window")
        first, last = KEY_OF[Act.PRESET_1].shown, KEY_OF[Act.PRESET_4].shown
        self.preset.setToolTip(f"Window presets  ({first} to {last})")
        self.preset.setAccessibleName("Window presets")
        self.preset.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.preset.setMinimumContentsLength(10)
        self.preset.activated.connect(self.presetChosen)
        tip = f"({KEY_OF[Act.TYPE_WINDOW].shown} to type)"
        self.center = self._field(f"Window center  {tip}", -1e6, 1e6)
        self.width_ = self._field(f"Window width  {tip}", 1e-6, 1e6)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2, 0, 2, 0)
        layout.setSpacing(4)
        for widget in (
            self.preset,
            label("C", "quiet", wrap=False),
            self.center,
            label("W", "quiet", wrap=False),
            self.width_,
        ):
            layout.addWidget(widget)
        self.set_image(None)

    @property
    def presets(self) -> tuple[Preset, ...]:
        """Presets of the image shown."""
        return self._presets

    def set_image(self, image: Image2D | None) -> None:
        """Offer the presets of `image`; None when there is nothing to window."""
        self.setEnabled(image is not None and image.colour is None)
        presets = presets_for(image) if image is not None else ()
        if [p.name for p in presets] != [p.name for p in self._presets]:
            self.preset.clear()
            self.preset.addItems([preset.name for preset in presets])
        self._presets = presets
        self._own = image.window if image is not None else None
        if image is not None:
            # Values of 0..1 need decimals; greys and Hounsfield units do not.
            decimals = 3 if image.window.width < 10 else 0
            for field in (self.center, self.width_):
                with QSignalBlocker(field):
                    field.setDecimals(decimals)
                    field.setSingleStep(0.01 if decimals else 10)

    def set_window(self, center: float, width: float) -> None:
        """Show a window that was set elsewhere."""
        for field, value in ((self.center, center), (self.width_, width)):
            with QSignalBlocker(field):
                field.setValue(value)
        self.preset.setCurrentIndex(self._matching(Window(center, width)))

    def _matching(self, window: Window) -> int:
        """Return the number of the preset that `window` is, or -1."""
        wanted = [preset.window or self._own for preset in self._presets]
        return wanted.index(window) if window in wanted else -1

    def focus(self) -> None:
        """Let the reader type."""
        self.center.setFocus()
        self.center.selectAll()

    def _field(self, tip: str, low: float, high: float) -> QDoubleSpinBox:
        field = QDoubleSpinBox()
        field.setRange(low, high)
        field.setDecimals(0)
        field.setKeyboardTracking(False)
        field.setFixedWidth(62)
        field.setToolTip(tip)
        field.lineEdit().returnPressed.connect(self.finished)
        field.setAccessibleName(tip.split("  ", maxsplit=1)[0])
        field.valueChanged.connect(lambda: self.windowTyped.emit(self.center.value(), self.width_.value()))
        return field
