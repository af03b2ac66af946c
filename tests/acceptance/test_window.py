"""The window as a reader uses it, with the real networks in their own process.

What the networks say about the sample is not asserted, only that it is shown, kept and printed as said.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pypdf import PdfReader
from PySide6.QtCore import QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from scipy import ndimage

import resources
from models import zoo
from models.prediction import Side
from ptx_viewer.engine import Engine
from ptx_viewer.results import EngineInfo
from ptx_viewer.review.review import Decision, Verdict
from ptx_viewer.review.store import ReviewStore
from ptx_viewer.ui.keys import Act
from ptx_viewer.ui.main_window import MainWindow
from ptx_viewer.ui.reading import AnalysisState
from ptx_viewer.ui.theme import apply_theme
from ptx_viewer.ui.viewport import FilmViewport

#: Milliseconds; nothing is to fail because a machine is busy.
PATIENCE = 240_000
IMPRESSION = "Rim of air along the right apex, erect film advised in 4 hours."


class RestingEngine:
    """Knows the cards and must not be asked for more."""

    def __init__(self) -> None:
        self.asked = 0

    def warm_up(self, _progress: object) -> EngineInfo:
        return EngineInfo("cpu", zoo.cards())

    def analyse(self, *_arguments: object) -> None:
        self.asked += 1
        raise AssertionError("everything is in the store")

    def close(self) -> None:
        return


class Gaps(QObject):
    """Measures how long the event loop leaves a timer of 5 ms waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.largest = 0.0
        self.count = 0
        self._last = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_tick)
        self._timer.start(5)

    def stop(self) -> None:
        self._timer.stop()

    def _on_tick(self) -> None:
        now = time.perf_counter()
        self.largest = max(self.largest, now - self._last)
        self.count += 1
        self._last = now


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample study in a folder of its own."""
    folder = tmp_path_factory.mktemp("sample")
    for film in (Path(resources.__file__).parent / "sample_study").glob("*.dcm"):
        shutil.copy(film, folder)
    return folder


@pytest.fixture
def new_window(qtbot, qapp, tmp_path) -> Iterator[Callable[..., MainWindow]]:
    """Make windows on the same store, one after another, each with the engine given."""
    apply_theme(qapp)
    made: list[MainWindow] = []

    def make(engine: object) -> MainWindow:
        window = MainWindow(ReviewStore(tmp_path / "reviews.sqlite3"), engine)
        made.append(window)
        window.show()
        qtbot.waitExposed(window)
        return window

    yield make
    for window in made:
        if window.isVisible():
            window.close()
        window.deleteLater()
    QApplication.processEvents()


def wait_for(qtbot, window: MainWindow, *states: AnalysisState) -> None:
    qtbot.waitUntil(
        lambda: window.pane.reading is not None and window.pane.reading.state in states, timeout=PATIENCE
    )


def rendered(viewport: FilmViewport) -> np.ndarray:
    """What the viewport shows, uint8 [H, W, 4]."""
    image = viewport.grab().toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    return np.frombuffer(image.constBits(), dtype=np.uint8).reshape(image.height(), image.width(), 4).copy()


def on_screen(viewport: FilmViewport, row: int, column: int) -> QPoint:
    """Where a source pixel of a fitted film lies on its viewport."""
    rows, columns = viewport.image.shape
    scale = min(viewport.width() / columns, viewport.height() / rows)
    left = (viewport.width() - scale * columns) / 2
    top = (viewport.height() - scale * rows) / 2
    return QPoint(round(left + scale * (column + 0.5)), round(top + scale * (row + 0.5)))


def drag(viewport: FilmViewport, start: QPoint, end: QPoint) -> None:
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 6):
        QTest.mouseMove(viewport, start + (end - start) * step / 5)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)


def deepest(field: np.ndarray) -> tuple[int, int]:
    """The pixel of a lung field that lies farthest from its edge, on a grid of 8 pixels."""
    depth = ndimage.distance_transform_edt(field[::8, ::8])
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return 8 * int(row), 8 * int(column)


def test_from_opening_a_study_to_the_report_and_back_after_a_restart(
    new_window, study, tmp_path, monkeypatch, qtbot
):
    window = new_window(Engine("cpu"))
    window.open([study])
    wait_for(qtbot, window, AnalysisState.RUNNING)
    gaps = Gaps()
    wait_for(qtbot, window, AnalysisState.DONE)
    gaps.stop()
    reading, viewport = window.pane.reading, window.grid.active
    key = reading.key

    # Both films are listed; the networks answered about the one that is shown.
    assert len(window.library.items) == 2
    predictions = reading.analysis.predictions
    prediction = predictions[0]
    assert [made.model for made in predictions] == list(zoo.main_models())
    assert reading.analysis.image_key == key
    assert prediction.probability.shape == reading.image.shape
    # Both networks see the sample's pneumothorax: one outline is put to the reader, the consensus's.
    assert [f.source for f in reading.review.findings] == ["consensus"]
    assert all(made.present for made in predictions)
    assert window.column.findings.face_texts()[0].startswith(
        "Pneumothorax suggested by" if prediction.present else "No pneumothorax found by"
    )
    assert window.status.engine_text.endswith("on cpu")
    # A sanity bound; what is aimed at is measured in benchmarks/test_window_gap.py.
    assert gaps.count > 20
    assert gaps.largest < 1.0

    # Why: a map is made when it is asked for; it comes and goes.
    bare = rendered(viewport)
    qtbot.keyClick(viewport, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: window.column.why.shown is not None, timeout=PATIENCE)
    assert window.column.why.shown.method == "grad-cam"
    qtbot.waitUntil(lambda: window.column.why.shown.faithfulness is not None, timeout=PATIENCE)
    assert window.column.why.rows_["grad-cam"].verdict.text().startswith("Explains the score better than")
    assert not np.array_equal(rendered(viewport), bare)
    qtbot.keyClick(viewport, Qt.Key.Key_G)
    assert np.array_equal(rendered(viewport), bare)

    # What a network suggested is accepted; a finding is drawn, and painted larger.
    suggested = [f.finding_id for f in reading.review.findings]
    for finding_id in suggested:
        reading.select(finding_id)
        qtbot.keyClick(viewport, Qt.Key.Key_A)
    row, column = deepest(reading.analysis.lung_fields.right)
    middle = on_screen(viewport, row, column)
    qtbot.keyClick(viewport, Qt.Key.Key_F)
    drag(viewport, middle, middle + QPoint(0, 12))
    drawn = reading.finding("reader-1")
    assert drawn.side is Side.RIGHT
    assert drawn.mask[row, column]
    assert (drawn.mask & reading.analysis.lung_fields.right).sum() > 0.8 * drawn.mask.sum()
    qtbot.keyClick(viewport, Qt.Key.Key_B)
    drag(viewport, middle, middle + QPoint(8, -14))
    painted = reading.finding("reader-1").mask
    assert painted.sum() > drawn.mask.sum()
    assert not (drawn.mask & ~painted).any()
    qtbot.waitUntil(lambda: any(m.model == "reader" for m in reading.measurements), timeout=PATIENCE)

    # The reader's answer and words.
    qtbot.keyClick(viewport, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    impression = window.column.impression
    qtbot.keyClicks(impression.text, IMPRESSION)
    impression.verdict.setCurrentIndex(1)
    impression.verdict.activated.emit(1)
    assert reading.review.verdict is Verdict.PNEUMOTHORAX

    # The report.
    path = tmp_path / "report.pdf"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_arguments: (str(path), ""))
    window.actions_[Act.EXPORT].trigger()
    qtbot.waitUntil(lambda: bool(window.messages.text), timeout=PATIENCE)
    assert window.messages.text == f"The report was written to {path}"
    pages = [re.sub(r"\s+", " ", page.extract_text()) for page in PdfReader(path).pages]
    text = " ".join(pages)
    assert IMPRESSION in text
    assert "Reader: Pneumothorax." in text
    assert "drawn by the reader" in text
    if suggested:
        assert "accepted" in text
    assert reading.image.patient.patient_id in text
    assert key.split("#", maxsplit=1)[0] in text
    assert "Grad-CAM" in text or "grad-cam" in text
    assert "ERMF, estimated" in text
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert "not a medical device" in page

    # After a restart everything is there, and no network had to look again.
    review = reading.review
    window.close()
    engine = RestingEngine()
    second = new_window(engine)
    second.open([study])
    wait_for(qtbot, second, AnalysisState.DONE, AnalysisState.FAILED)
    restored = second.pane.reading
    assert restored.key == key
    assert restored.state is AnalysisState.DONE
    assert engine.asked == 0
    assert restored.review.impression == IMPRESSION
    assert restored.review.verdict is Verdict.PNEUMOTHORAX
    assert [(f.finding_id, f.decision, f.side) for f in restored.review.findings] == [
        (f.finding_id, f.decision, f.side) for f in review.findings
    ]
    assert all(f.decision is Decision.ACCEPTED for f in restored.review.findings)
    for before, after in zip(review.findings, restored.review.findings, strict=True):
        assert np.array_equal(before.mask, after.mask)
    assert restored.analysis.predictions[0].score == pytest.approx(prediction.score, abs=1e-6)
    assert second.column.impression.text.toPlainText() == IMPRESSION


def test_an_analysis_can_be_cancelled_and_done_again(new_window, study, qtbot):
    window = new_window(Engine("cpu"))
    window.open([study / "current-with-pneumothorax.dcm"])
    wait_for(qtbot, window, AnalysisState.RUNNING)
    qtbot.keyClick(window.grid.active, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    wait_for(qtbot, window, AnalysisState.CANCELLED)
    assert window.column.findings.face_texts()[0] == "The analysis was cancelled."
    assert window.pane.reading.analysis is None

    # The film can still be looked at.
    before = rendered(window.grid.active)
    window.actions_[Act.INVERT].trigger()
    assert not np.array_equal(rendered(window.grid.active), before)

    qtbot.keyClick(window.grid.active, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    wait_for(qtbot, window, AnalysisState.DONE)
    assert len(window.pane.reading.analysis.predictions) == len(zoo.main_models())
