"""Opening: the study is listed, its first film shown, and what cannot be read is said."""

from __future__ import annotations

import shutil
import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent

from ptx_viewer.ui.keys import Act
from ptx_viewer.ui.reading import AnalysisState


@pytest.fixture
def folder(tmp_path, positive, negative):
    """The sample study, a picture, and two files that cannot be read."""
    made = tmp_path / "study"
    made.mkdir()
    shutil.copy(positive, made)
    shutil.copy(negative, made)
    (made / "empty.dcm").write_bytes(b"")
    (made / "cut.dcm").write_bytes(positive.read_bytes()[:2000])
    grey = np.tile(np.arange(200, dtype=np.uint8), (160, 1))
    Image.fromarray(grey).save(made / "film.png")
    return made


def wait_for_rows(qtbot, window):
    qtbot.waitUntil(lambda: bool(window.library.items), timeout=10_000)


def test_before_anything_is_open_the_window_says_what_to_do(window):
    assert window.start.isVisible()
    texts = [label.text() for label in window.start.findChildren(type(window.start._title))]
    assert "Open a study to begin" in texts
    assert "For research and education, not a medical device." in texts
    assert not window.browser.isVisible()
    assert not window.column.isVisible()


def test_a_folder_is_listed_and_its_first_film_is_shown(window, folder, qtbot):
    window.open([folder])
    wait_for_rows(qtbot, window)
    qtbot.waitUntil(lambda: window.pane.image is not None)
    kinds = [kind for kind, _first, _second in window.browser.row_texts()]
    assert kinds.count("item") == 3
    assert kinds.index("patient") < kinds.index("study") < kinds.index("item")
    assert window.grid.isVisible()
    assert not window.start.isVisible()
    assert window.browser.isVisible()


def test_unreadable_files_have_a_row_with_the_reason(window, folder, qtbot):
    window.open([folder])
    wait_for_rows(qtbot, window)
    bad = {first: second for kind, first, second in window.browser.row_texts() if kind == "bad"}
    assert "empty.dcm" in bad
    assert all(len(reason) > 10 for reason in bad.values())
    header = [first for kind, first, _second in window.browser.row_texts() if kind == "bad-header"]
    assert header == [f"Not readable ({len(bad)})"]


def test_a_truncated_film_says_why_it_is_not_shown_and_the_next_one_opens(window, folder, negative, qtbot):
    window.desk.analyse_films = False
    window.open([folder / "cut.dcm"])
    qtbot.waitUntil(lambda: not window.library.scanning)
    if window.library.items:
        qtbot.waitUntil(lambda: bool(window.pane.failure))
        assert len(window.pane.failure) > 10
        key = window.library.items[0].key
        qtbot.waitUntil(lambda: window.browser.badge_texts(key) == ["unreadable"])
    else:
        assert len(window.library.catalogue.unreadable) == 1
    window.open([negative])
    qtbot.waitUntil(lambda: len(window.library.items) >= 1 and not window.library.scanning)
    window.show_item(window.library.items[-1].key)
    qtbot.waitUntil(lambda: window.pane.image is not None)


def test_nothing_found_is_said(window, tmp_path, qtbot):
    (tmp_path / "nothing").mkdir()
    window.open([tmp_path / "nothing"])
    qtbot.waitUntil(lambda: window.library.paths != () and not window.library.scanning)
    assert window.start.isVisible()
    assert window.start._title.text() == "No images were found there"


def test_a_scan_can_be_cancelled(window, folder, qtbot, monkeypatch):
    reached = threading.Event()

    def endless(_paths, progress):
        while True:
            progress(0.25, "3 of 12 files")
            reached.set()

    monkeypatch.setattr("ptx_viewer.ui.library.scan", endless)
    window.open([folder])
    assert reached.wait(5)
    qtbot.waitUntil(lambda: window.status.work_text == "3 of 12 files")
    assert window.start._title.text() == "Looking for images"
    assert window.actions_[Act.CANCEL].isEnabled()
    window.actions_[Act.CANCEL].trigger()
    assert not window.library.scanning
    assert window.start._title.text() == "The scan was cancelled."


@pytest.mark.filterwarnings("ignore:.*QDragEnterEvent:DeprecationWarning")
def test_files_dropped_on_the_window_are_opened(window, positive, qtbot):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(positive))])
    action, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), action, data, left, none)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    window.dropEvent(QDropEvent(QPointF(50, 50), action, data, left, none))
    wait_for_rows(qtbot, window)
    assert window.library.paths == (positive,)


def test_opening_more_adds_to_what_is_open(window, positive, negative, qtbot):
    window.open([positive])
    wait_for_rows(qtbot, window)
    window.open([negative])
    qtbot.waitUntil(lambda: len(window.library.items) == 2)


def test_page_keys_go_through_the_series(window, study, qtbot):
    window.open([study])
    qtbot.waitUntil(lambda: window.pane.image is not None)
    first = window.pane.item.key
    qtbot.keyClick(window.grid.active, Qt.Key.Key_PageDown)
    assert window.pane.item.key != first
    qtbot.keyClick(window.grid.active, Qt.Key.Key_PageUp)
    assert window.pane.item.key == first


def test_thumbnails_come_for_the_rows_in_view(window, study, qtbot):
    window.open([study])
    wait_for_rows(qtbot, window)
    keys = {item.key for item in window.library.items}
    qtbot.waitUntil(lambda: set(window.library.thumbnails) == keys, timeout=10_000)
    assert all(picture.std() > 10 for picture in window.library.thumbnails.values())


def test_layouts_fill_with_the_series_that_follow(window, study, qtbot):
    window.open([study])
    qtbot.waitUntil(lambda: window.pane.image is not None)
    window.actions_[Act.LAYOUT_TWO].trigger()
    qtbot.waitUntil(lambda: all(pane.image is not None for pane in window.panes.all))
    assert len(window.panes.all) == 2
    assert window.panes.all[0].item.key != window.panes.all[1].item.key
    qtbot.keyClick(window.grid.active, Qt.Key.Key_Right)
    assert window.pane is window.panes.all[1]
    window.actions_[Act.LAYOUT_FOUR].trigger()
    assert [viewport.isVisible() for viewport in window.grid.viewports] == [True] * 4
    window.actions_[Act.LAYOUT_ONE].trigger()
    assert window.pane is window.panes.all[0]


def test_privacy_hides_names_everywhere(window, tmp_path, positive, qtbot):
    path = tmp_path / "Doe_Jane.dcm"
    shutil.copy(positive, path)
    window.desk.analyse_films = False
    window.open([path])
    qtbot.waitUntil(lambda: window.pane.reading is not None)
    name = window.pane.image.patient.name
    assert name
    texts = " ".join(" ".join(row) for row in window.browser.row_texts())
    assert name in texts
    qtbot.keyClick(window.grid.active, Qt.Key.Key_P)
    rows = window.browser.row_texts()
    assert ("patient", "Patient hidden", "") in rows
    tree = window.browser.tree
    tips = " ".join(tree.topLevelItem(i).toolTip(0) for i in range(tree.topLevelItemCount()))
    shown = " ".join(" ".join(row) for row in rows) + tips + window.windowTitle()
    assert name not in shown
    assert "Doe_Jane" not in shown
    qtbot.keyClick(window.grid.active, Qt.Key.Key_P)
    assert name in " ".join(" ".join(row) for row in window.browser.row_texts())


def test_closing_leaves_no_thread_and_ends_the_engine(new_window, study, engine, qtbot):
    window = new_window()
    window.open([study])
    qtbot.waitUntil(
        lambda: window.pane.reading is not None and window.pane.reading.state is AnalysisState.DONE,
        timeout=10_000,
    )
    window.close()
    names = ("scan", "decode", "thumbnails", "engine", "measure", "report", "store")
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith(names)] == []
    assert engine.closed
