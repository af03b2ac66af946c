"""One method in the WHY panel: its toggle, how far it is, its looks, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QCheckBox, QProgressBar, QPushButton, QVBoxLayout, QWidget

from ptx_viewer.rendering import SEQUENTIAL_COLOUR_MAPS, colour_table

from .keys import KEY_OF, Act
from .why_view import RowView
from .widgets import CalmComboBox, CalmSlider, ElidedLabel, label, row

_SWATCH = QSize(34, 12)
_TOGGLE_WIDTH = 172


@dataclass(frozen=True)
class MapStyle:
    """How a method's maps are drawn.

    Attributes
    ----------
    opacity : float
        0..1.
    colour_map : str
        Of unsigned maps.
    borders : bool
        Whether the borders of superpixels are drawn.
    """

    opacity: float = 0.6
    colour_map: str = SEQUENTIAL_COLOUR_MAPS[0]
    borders: bool = False


class MethodRow(QWidget):
    """Shows a :class:`RowView`; says what the reader does, and decides nothing."""

    toggled = Signal(bool)
    cancelled = Signal()
    styleChanged = Signal()
    reportChanged = Signal(bool)
    anywayAsked = Signal(bool)

    def __init__(self, act: Act, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view: RowView | None = None
        key = KEY_OF[act]
        self.toggle = QPushButton(f"{key.shown}  {title}")
        self.toggle.setObjectName("show-heatmap")
        self.toggle.setProperty("role", "method")
        self.toggle.setCheckable(True)
        self.toggle.setFixedWidth(_TOGGLE_WIDTH)
        self.toggle.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.toggle.setToolTip(key.tooltip)
        self.toggle.clicked.connect(self.toggled)
        self.status = ElidedLabel()
        self.status.setObjectName("map-status")
        self.cancel = QPushButton("Cancel")
        self.cancel.setProperty("role", "link")
        self.cancel.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.cancel.setToolTip(f"Stop making this map; {KEY_OF[Act.CANCEL].shown} stops everything")
        self.cancel.clicked.connect(self.cancelled)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.running = QWidget()
        self.running.setLayout(row(self.bar, self.cancel, stretch=0))
        self._make_looks(title)
        self._make_ticks()
        self.note = label()
        self.note.setObjectName("map-note")
        self.verdict = label()
        self.verdict.setObjectName("verdict")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self.status.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        layout.addLayout(row(self.toggle, self.status, stretch=1))
        for widget in (self.running, self.note, self.looks, self.ticks, self.verdict):
            layout.addWidget(widget)

    def _make_looks(self, title: str) -> None:
        fainter, stronger = KEY_OF[Act.HEATMAP_FAINTER].shown, KEY_OF[Act.HEATMAP_STRONGER].shown
        self.opacity = CalmSlider(5, 100, 60, f"Opacity of {title}  ({fainter} and {stronger})")
        self.opacity.valueChanged.connect(self.styleChanged)
        self.colour_map = CalmComboBox()
        self.colour_map.setIconSize(_SWATCH)
        for name in SEQUENTIAL_COLOUR_MAPS:
            self.colour_map.addItem(_swatch(name), name.capitalize())
        self.colour_map.setToolTip("Colours of the map")
        self.colour_map.setAccessibleName(f"Colour map of {title}")
        self.colour_map.currentIndexChanged.connect(self.styleChanged)
        self.signs = label("blue: against, red: for", "quiet", wrap=False)
        self.looks = QWidget()
        self.looks.setLayout(row(self.opacity, self.colour_map, self.signs, stretch=0))

    def _make_ticks(self) -> None:
        self.in_report = QCheckBox("in report")
        self.in_report.setToolTip("Print this map in the report")
        self.in_report.toggled.connect(self.reportChanged)
        self.borders = QCheckBox("superpixels")
        self.borders.setToolTip("Show the borders of the regions that were judged as a whole")
        self.borders.toggled.connect(self.styleChanged)
        self.anyway = QCheckBox("show anyway")
        self.anyway.setToolTip("Draw the map although it shows no evidence above the cut-off")
        self.anyway.toggled.connect(self.anywayAsked)
        self.ticks = QWidget()
        self.ticks.setLayout(row(self.in_report, self.borders, self.anyway))

    @property
    def style_(self) -> MapStyle:
        """How maps of this method are drawn."""
        return MapStyle(
            self.opacity.value() / 100,
            SEQUENTIAL_COLOUR_MAPS[self.colour_map.currentIndex()],
            self.borders.isChecked(),
        )

    def show_view(self, view: RowView) -> None:
        """Show what there is to say; a row that says the same is left alone, under the mouse too."""
        if view == self._view:
            return
        self._view = view
        for box, value in (
            (self.toggle, view.on),
            (self.in_report, view.in_report),
            (self.anyway, view.anyway),
        ):
            with QSignalBlocker(box):
                box.setChecked(value)
        self.toggle.setEnabled(view.usable)
        self.status.setText(view.status)
        self.status.setToolTip(view.caption)
        self.running.setVisible(view.progress is not None)
        self.bar.setValue(round(1000 * (view.progress or 0.0)))
        self.looks.setVisible(view.drawn)
        self.colour_map.setVisible(not view.signed)
        self.signs.setVisible(view.signed)
        self.ticks.setVisible(view.on and view.reportable)
        self.borders.setVisible(view.has_regions and view.drawn)
        self.anyway.setVisible(view.below)
        self._say(self.note, view.note, "problem" if view.problem else "quiet")
        self._say(self.verdict, view.verdict, "problem" if view.doubtful else "")
        self.verdict.setToolTip(view.figures)

    @staticmethod
    def _say(widget: QWidget, text: str, role: str) -> None:
        widget.setText(text)
        widget.setVisible(bool(text))
        if widget.property("role") != role:
            widget.setProperty("role", role)
            widget.style().polish(widget)


def _swatch(name: str) -> QIcon:
    """Return a colour map as a small bar."""
    columns = np.linspace(0, 255, _SWATCH.width()).astype(int)
    pixels = np.ascontiguousarray(np.repeat(colour_table(name)[columns][None], _SWATCH.height(), axis=0))
    width, height = _SWATCH.width(), _SWATCH.height()
    picture = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return QIcon(QPixmap.fromImage(picture))
