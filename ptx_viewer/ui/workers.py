"""The background threads of one window, each kind of work in a queue of its own."""

from __future__ import annotations

from PySide6.QtCore import QObject

from .job_bridge import JobBridge


class Workers(QObject):
    """Queues that never wait for each other: a slow network must not hold up a thumbnail.

    Attributes
    ----------
    scan, decode, thumbnails, engine, measure, report : JobBridge
    store : JobBridge
        One thread, so that a later version of a review is never overtaken by an earlier one.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.scan = JobBridge("scan", parent=self)
        self.decode = JobBridge("decode", parent=self)
        self.thumbnails = JobBridge("thumbnails", parent=self)
        self.engine = JobBridge("engine", parent=self)
        self.measure = JobBridge("measure", parent=self)
        self.report = JobBridge("report", parent=self)
        self.store = JobBridge("store", parent=self)

    def close(self) -> None:
        """Stop everything; what was to be saved is saved first."""
        self.store.drain()
        for bridge in (self.scan, self.decode, self.thumbnails, self.engine, self.measure, self.report):
            bridge.close()
