"""What the browser says about an image in one word and one colour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtGui import QColor

from ptx_viewer.rendering import MODEL_COLOUR
from ptx_viewer.review.review import Verdict
from ptx_viewer.review.store import ImageStatus

from . import theme

_FINDING = QColor(*MODEL_COLOUR).name()


@dataclass(frozen=True)
class Badge:
    """Text under a thumbnail, and its colour."""

    text: str
    colour: str


#: Of an image whose header could be read but whose picture cannot.
UNREADABLE_IMAGE = Badge("unreadable", theme.PROBLEM)


def badges(statuses: Iterable[ImageStatus]) -> tuple[Badge, ...]:
    """Return the badges of a film, or of all slices of a stack together.

    What the reader decided comes beside what was found, never instead of it.
    """
    known = [status for status in statuses if status.analysed or status.finding or _read(status)]
    if not known:
        return ()
    made = []
    if any(status.finding for status in known):
        made.append(Badge("● finding", _FINDING))
    elif any(status.refused for status in known):
        made.append(Badge("refused", theme.QUIET))
    elif any(status.analysed for status in known):
        made.append(Badge("no finding", theme.QUIET))
    if any(status.signed for status in known):
        made.append(Badge("✓ signed", theme.ACCENT))
    elif any(_read(status) for status in known):
        made.append(Badge("✓ reviewed", theme.ACCENT))
    return tuple(made)


def _read(status: ImageStatus) -> bool:
    return status.signed or status.verdict is not Verdict.OPEN
