"""What the reader did to a review, as a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from ptx_viewer.review.edits import Action
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
    for action, events in groupby(audit, key=_kind):
        same = list(events)
        times = f" ({len(same)} times)" if len(same) > 1 else ""
        detail = same[0].detail if len(same) == 1 else action[1]
        rows.append((wording.timestamp(same[-1].when), f"{action[0]}{times}", shorten(detail, _LENGTH)))
    page.section_table("What the reader did", ("Time", "Action", "Detail"), rows, (42, 48, 90))


def _kind(event: AuditEvent) -> tuple[str, str]:
    """Return what is told once however often it was repeated, with its last time."""
    if event.action == Action.REPAINTED:
        # Painting is one event a stroke, each with another count: a series takes hundreds.
        return event.action, re.split("[,:]", event.detail, maxsplit=1)[0]
    return event.action, event.detail
