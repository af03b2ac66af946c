"""What can go wrong when a result is written."""

from __future__ import annotations


class ReportError(Exception):
    """A result could not be written; ``str()`` is a sentence for the user."""
