"""What was opened: scanning in the background, thumbnails on demand, and what is known of each image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from ptx_viewer.jobs import Job
from ptx_viewer.progress import Progress
from ptx_viewer.review.store import ImageStatus, ReviewStore
from ptx_viewer.study.catalogue import Catalogue
from ptx_viewer.study.errors import StudyError
from ptx_viewer.study.scan import scan
from ptx_viewer.study.thumbnail import thumbnail

from .displayable import Displayable, all_displayables
from .failure import sentence
from .workers import Workers

THUMBNAIL_EDGE = 112


class Library(QObject):
    """The opened paths and everything found under them."""

    catalogueChanged = Signal()
    scanChanged = Signal()
    thumbnailReady = Signal(str)
    statusesChanged = Signal()

    def __init__(self, workers: Workers, store: ReviewStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workers = workers
        self._store = store
        self._job: Job[Catalogue] | None = None
        self._asked: set[str] = set()
        self.paths: tuple[Path, ...] = ()
        self.catalogue = Catalogue((), ())
        self.items: tuple[Displayable, ...] = ()
        self._by_key: dict[str, Displayable] = {}
        self.thumbnails: dict[str, NDArray[np.uint8] | None] = {}
        self.statuses: dict[str, ImageStatus] = {}
        self.progress = 0.0
        self.message = ""

    @property
    def scanning(self) -> bool:
        """Whether a scan is under way."""
        return self._job is not None

    def open(self, paths: Sequence[Path]) -> None:
        """Scan `paths` and add what they hold to what is open already."""
        self.cancel()
        fresh = tuple(path for path in paths if path not in self.paths)
        wanted = (*self.paths, *fresh)
        if not wanted:
            return

        def work(progress: Progress) -> Catalogue:
            return scan(wanted, progress)

        def done(catalogue: Catalogue) -> None:
            if self._job is job:
                self.paths = wanted
                self._take(catalogue)

        def failed(error: Exception) -> None:
            self._end(job, f"The scan failed: {sentence(error)}")

        self.message, self.progress = "Looking for images", 0.0
        job = self._workers.scan.submit(
            "Scan",
            work,
            done=done,
            failed=failed,
            cancelled=lambda: self._end(job, "The scan was cancelled."),
            progress=self._on_progress,
        )
        self._job = job
        self.scanChanged.emit()

    def cancel(self) -> None:
        """Stop the scan; what was open before stays."""
        if self._job is not None:
            job, self._job = self._job, None
            job.cancel()
            self.message = "The scan was cancelled."
            self.scanChanged.emit()

    def request_thumbnail(self, item: Displayable) -> None:
        """Have a thumbnail made, once; :attr:`thumbnailReady` tells when it is there."""
        if item.key in self._asked:
            return
        self._asked.add(item.key)

        def keep(picture: NDArray[np.uint8] | None) -> None:
            self.thumbnails[item.key] = picture
            self.thumbnailReady.emit(item.key)

        def work(_progress: Progress) -> NDArray[np.uint8] | None:
            try:
                return thumbnail(item.entry, THUMBNAIL_EDGE)
            except StudyError:
                # The row says that it is unreadable, and opening it says why.
                return None

        self._workers.thumbnails.submit(
            "Thumbnail",
            work,
            done=keep,
            failed=lambda _error: keep(None),
        )

    def refresh_statuses(self, keys: Iterable[str] | None = None) -> None:
        """Ask the store what it knows about `keys`, or about every image that is open."""
        asked = tuple(keys) if keys is not None else tuple(k for i in self.items for k in i.image_keys)

        def done(statuses: dict[str, ImageStatus]) -> None:
            self.statuses.update(statuses)
            self.statusesChanged.emit()

        self._workers.store.submit("Statuses", lambda _progress: self._store.statuses(asked), done=done)

    def item(self, key: str) -> Displayable | None:
        """Return the row with this key."""
        return self._by_key.get(key)

    def _take(self, catalogue: Catalogue) -> None:
        self._job = None
        self.message, self.progress = "", 1.0
        self.catalogue = catalogue
        self.items = all_displayables(catalogue)
        self._by_key = {item.key: item for item in self.items}
        self.scanChanged.emit()
        self.catalogueChanged.emit()
        self.refresh_statuses()

    def _end(self, job: Job[Catalogue], message: str) -> None:
        if self._job is job:
            self._job = None
            self.message = message
            self.scanChanged.emit()

    def _on_progress(self, fraction: float, message: str) -> None:
        if self._job is not None:
            self.progress, self.message = fraction, message
            self.scanChanged.emit()
