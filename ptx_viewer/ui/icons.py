"""The project's own line icons, drawn in the theme's colours at every screen scale."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

import resources

from . import theme

ICON_PX = 20
_FOLDER = Path(resources.__file__).parent / "icons"
_SCALES = (1.0, 1.25, 1.5, 2.0)


@cache
def icon(name: str) -> QIcon:
    """Return the icon drawn in ``resources/icons/<name>.svg``.

    The drawings use ``currentColor``, which is replaced because Qt draws it black.
    """
    drawing = (_FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    result = QIcon()
    for mode, state, colour in (
        (QIcon.Mode.Normal, QIcon.State.Off, theme.TEXT),
        (QIcon.Mode.Normal, QIcon.State.On, theme.ACCENT),
        (QIcon.Mode.Disabled, QIcon.State.Off, theme.DISABLED),
    ):
        for scale in _SCALES:
            result.addPixmap(_draw(drawing.replace("currentColor", colour), scale), mode, state)
    return result


def picture(name: str, edge: int) -> QPixmap:
    """Return a drawing `edge` logical pixels wide, sharp on screens of up to twice the usual density."""
    drawing = (_FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    return _draw(drawing.replace("currentColor", theme.QUIET), 2.0, edge)


def _draw(drawing: str, scale: float, logical_edge: int = ICON_PX) -> QPixmap:
    edge = round(logical_edge * scale)
    pixmap = QPixmap(edge, edge)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(drawing.encode())).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return pixmap
