"""What the reader did to a review, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ptx_viewer.review.review import AuditEvent

from . import wording
from .page import Page
from .text import shorten

_LENGTH = 600


def write_audit(page: Page, audit: Sequence[AuditEvent]) -> None:
    """Print what was done and when; nothing when nothing was done."""
    if not audit:
        return
    rows = []
    # Painting is one event a stroke: what was repeated is told once, with its last time.
    for (action, detail), events in groupby(audit, key=lambda event: (event.action, event.detail)):
        same = list(events)
        times = f" ({len(same)} times)" if len(same) > 1 else ""
        rows.append((wording.timestamp(same[-1].when), f"{action}{times}", shorten(detail, _LENGTH)))
    page.section_table("What the reader did", ("Time", "Action", "Detail"), rows, (42, 48, 90))
