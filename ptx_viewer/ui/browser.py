"""The series browser: patient, study, series, and what could not be read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QProgressBar,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ptx_viewer.study.catalogue import PatientEntry, StudyEntry

from .badges import UNREADABLE_IMAGE, Badge, badges
from .browser_delegate import (
    ITEM,
    KEY,
    KIND,
    PATIENT,
    STUDY,
    SUBTITLE,
    UNREADABLE,
    UNREADABLE_HEADER,
    BrowserDelegate,
    is_narrow,
)
from .columns import NARROW_LEFT
from .displayable import displayables
from .keys import Act
from .library import Library
from .widgets import ActionButton, label


class Browser(QWidget):
    """A tree of everything that is open; choosing a row shows it in the active viewport."""

    chosen = Signal(str)

    def __init__(self, library: Library, actions: dict[Act, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._library = library
        self._rows: dict[str, QTreeWidgetItem] = {}
        self._shown: frozenset[str] = frozenset()
        self._current: str | None = None
        self._private = False
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(0)
        self.tree.setItemsExpandable(False)
        self.tree.setUniformRowHeights(False)
        self.tree.setMouseTracking(True)
        self.tree.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.tree.setAccessibleName("Series")
        self._delegate = BrowserDelegate(self._thumbnail, self._badges, self._is_shown, self.tree)
        self.tree.setItemDelegate(self._delegate)
        self.tree.itemClicked.connect(self._on_chosen)
        self.tree.itemActivated.connect(self._on_chosen)
        self._scan_text = label("", "quiet")
        self._scan_bar = QProgressBar()
        self._scan_bar.setRange(0, 1000)
        self._scan_bar.setTextVisible(False)
        self._cancel = ActionButton(actions[Act.CANCEL])
        self._scan = QWidget()
        scan_layout = QVBoxLayout(self._scan)
        scan_layout.setContentsMargins(8, 6, 8, 6)
        for widget in (self._scan_text, self._scan_bar, self._cancel):
            scan_layout.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._scan)
        layout.addWidget(self.tree)
        self.setMinimumWidth(NARROW_LEFT)
        library.catalogueChanged.connect(self.rebuild)
        library.scanChanged.connect(self._on_scan)
        library.thumbnailReady.connect(lambda _key: self.tree.viewport().update())
        library.statusesChanged.connect(self.tree.viewport().update)
        self._on_scan()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the texts below the thumbnails where there is no room beside them, and back."""
        super().resizeEvent(event)
        if is_narrow(event.oldSize().width()) != is_narrow(event.size().width()):
            self.tree.scheduleDelayedItemsLayout()

    def rebuild(self) -> None:
        """List the catalogue anew."""
        self.tree.clear()
        self._rows.clear()
        for patient in self._library.catalogue.patients:
            self._add_text(PATIENT, "Patient hidden" if self._private else patient_title(patient), "")
            for study in patient.studies:
                self._add_study(study)
        unreadable = self._library.catalogue.unreadable
        if unreadable:
            self._add_text(UNREADABLE_HEADER, f"Not readable ({len(unreadable)})", "")
            for bad in unreadable:
                name = bad.display_path.replace("\\", "/").rsplit("/", 1)[-1]
                row = self._add_text(UNREADABLE, "File hidden" if self._private else name, bad.reason)
                row.setToolTip(0, bad.reason if self._private else f"{bad.display_path}\n{bad.reason}")
        self.set_shown(self._shown, self._current)

    def set_shown(self, keys: frozenset[str], current: str | None) -> None:
        """Mark the rows that viewports show, and select the active one's."""
        self._shown = keys
        self._current = current
        if current in self._rows:
            self.tree.setCurrentItem(self._rows[current])
        self.tree.viewport().update()

    def set_privacy(self, private: bool) -> None:
        """Hide or show names, also those that paths may hold."""
        self._private = private
        self.rebuild()

    def row_texts(self) -> list[tuple[str, str, str]]:
        """Kind, first and second line of every row, from top to bottom."""
        rows = [self.tree.topLevelItem(index) for index in range(self.tree.topLevelItemCount())]
        return [(row.data(0, KIND), row.text(0), row.data(0, SUBTITLE)) for row in rows]

    def badge_texts(self, key: str) -> list[str]:
        """Badges of a row."""
        return [badge.text for badge in self._badges(key)]

    def _add_study(self, study: StudyEntry) -> None:
        title = " · ".join(part for part in (nice_date(study.date), study.description) if part)
        row = self._add_text(STUDY, title or "Study", "")
        row.setToolTip(0, title)
        for series in study.series:
            for item in displayables(series):
                subtitle = item.series.description if self._private else item.subtitle
                shown = self._add_text(ITEM, item.title, subtitle, selectable=True)
                shown.setData(0, KEY, item.key)
                path = "" if self._private else f"\n{item.entry.display_path}"
                shown.setToolTip(0, f"{item.title}\n{subtitle}{path}")
                self._rows[item.key] = shown

    def _add_text(self, kind: str, text: str, second: str, *, selectable: bool = False) -> QTreeWidgetItem:
        row = QTreeWidgetItem([text])
        row.setData(0, KIND, kind)
        row.setData(0, SUBTITLE, second)
        flags = Qt.ItemFlag.ItemIsEnabled
        row.setFlags(flags | Qt.ItemFlag.ItemIsSelectable if selectable else flags)
        self.tree.addTopLevelItem(row)
        return row

    def _on_chosen(self, row: QTreeWidgetItem) -> None:
        if row.data(0, KIND) == ITEM:
            self.chosen.emit(row.data(0, KEY))

    def _on_scan(self) -> None:
        self._scan.setVisible(self._library.scanning)
        self._scan_text.setText(self._library.message)
        self._scan_bar.setValue(round(1000 * self._library.progress))

    def _thumbnail(self, key: str) -> NDArray[np.uint8] | None:
        item = self._library.item(key)
        if item is not None:
            self._library.request_thumbnail(item)
        return self._library.thumbnails.get(key)

    def _badges(self, key: str) -> tuple[Badge, ...]:
        if key in self._library.thumbnails and self._library.thumbnails[key] is None:
            return (UNREADABLE_IMAGE,)
        item = self._library.item(key)
        statuses = self._library.statuses
        return badges(statuses[k] for k in item.image_keys if k in statuses) if item is not None else ()

    def _is_shown(self, key: str) -> bool:
        return key in self._shown


def patient_title(patient: PatientEntry) -> str:
    """Return a patient's name and ID, as far as the files give them."""
    identity = patient.identity
    return " · ".join(part for part in (identity.name, identity.patient_id) if part) or "Unnamed patient"


def nice_date(date: str) -> str:
    """Return a DICOM date (``YYYYMMDD``) as ``YYYY-MM-DD``; anything else as it is."""
    if len(date) == 8 and date.isdigit():
        return f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return date
