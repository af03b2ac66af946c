"""Progress and cancelling, the same everywhere: one callable that also stops the work."""

from __future__ import annotations

from collections.abc import Callable

#: ``progress(fraction, message)`` with fraction in 0..1.  It raises :class:`Cancelled`
#: when the work should stop, so calling it is also the cancellation point.
Progress = Callable[[float, str], None]


class Cancelled(Exception):  # noqa: N818  (it is not an error)
    """Raised inside background work after the user asked it to stop."""


def silent(_fraction: float, _message: str) -> None:
    """Ignore progress; never cancels."""
