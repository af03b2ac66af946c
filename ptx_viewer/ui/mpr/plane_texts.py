"""The plane's number in the corner, and the patient's directions at its edges."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont, QPainter

from ptx_viewer.ui.viewport.text import TextBlock

_MARGIN = 6.0
_LETTER_PX = 15


def paint_texts(
    painter: QPainter, view: QRectF, caption: str, letters: tuple[str, str, str, str]
) -> list[QRectF]:
    """Write everything and return what it covers.

    Parameters
    ----------
    painter : QPainter
    view : QRectF
    caption : str
    letters : tuple of str
        At the left, top, right and bottom.
    """
    inside = view.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
    bold = QFont(painter.font())
    bold.setPixelSize(_LETTER_PX)
    bold.setBold(True)
    left, top, right, bottom = (TextBlock([letter] if letter else [], bold) for letter in letters)
    corner = TextBlock([caption], painter.font())
    middle_x, middle_y = inside.center().x(), inside.center().y()
    return [
        block.paint(painter, x, y)
        for block, x, y in (
            (corner, inside.left(), inside.top()),
            (left, inside.left(), middle_y - left.height / 2),
            (top, max(middle_x - top.width / 2, inside.left() + corner.width + _MARGIN), inside.top()),
            (right, inside.right() - right.width, middle_y - right.height / 2),
            (bottom, middle_x - bottom.width / 2, inside.bottom() - bottom.height),
        )
    ]
