"""A CT series under review in the window: findings, painting, measuring, signing, restarts and export.

The engine answers with the outlines that the series was drawn with; everything else is the real thing.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pydicom
import pypdf
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QLabel

import resources
from models.ct import SIDES, CtSegmentation, Label, air_label, lung_label
from models.prediction import Side
from ptx_viewer.measure.volume import measure_volume
from ptx_viewer.progress import Progress
from ptx_viewer.results import VolumeAnalysis
from ptx_viewer.review.review import Decision, Verdict
from ptx_viewer.review.store import ReviewStore
from ptx_viewer.study.planes import Cursor
from ptx_viewer.study.volume import Volume
from ptx_viewer.ui.keys import Act
from ptx_viewer.ui.mpr import Plane
from ptx_viewer.ui.volume_desk import VolumeState

SERIES = "1.2.826.0.1.3680043.10.7"
RIGHT = "ct-threshold-right"
LUNG = np.s_[8:32, 4:18]
LEFT_LUNG = np.s_[8:32, 24:38]
AIR = np.s_[10:20, 6:16]
#: Of the five slices, counted from the head.
WITH_AIR = (1, 2, 3)


def outlined(volume: Volume, progress: Progress) -> VolumeAnalysis:
    """Find air on the right of the three middle slices."""
    progress(0.3, "Finding the lungs")
    labels = np.zeros(volume.hounsfield.shape, np.uint8)
    labels[:, *LUNG], labels[:, *LEFT_LUNG] = Label.RIGHT_LUNG, Label.LEFT_LUNG
    labels[list(WITH_AIR), *AIR] = Label.RIGHT_PNEUMOTHORAX
    found = CtSegmentation(labels, -1000.0, {Side.RIGHT: -850.0, Side.LEFT: -850.0})
    measured = measure_volume(
        volume.hounsfield,
        {side: found.of(air_label(side)) for side in SIDES},
        {side: found.of(lung_label(side)) for side in SIDES},
        volume.positions_mm, volume.spacing_mm[1:], -1000.0, "ct-threshold",
    )  # fmt: skip
    return VolumeAnalysis(SERIES, segmentation=found, measurements=measured)


@pytest.fixture
def engine(engine):
    engine.analyse_volume = outlined
    return engine


@pytest.fixture(scope="session")
def chest(ct_series, tmp_path_factory) -> Path:
    """Five slices of 0.8 mm pixels, 5 mm apart: two lungs, air in the right one of the middle three."""
    folder = tmp_path_factory.mktemp("chest")
    for path in ct_series.iterdir():
        ct = pydicom.dcmread(path)
        values = np.full((40, 40), 40, np.int16)
        values[LUNG], values[LEFT_LUNG] = -850, -850
        # Numbered from the feet up, shown from the head down: the middle ones are the same.
        if 5 - int(ct.InstanceNumber) in WITH_AIR:
            values[AIR] = -1000
        ct.PixelData = values.tobytes()
        ct.save_as(folder / path.name)
    return folder


@pytest.fixture
def segmented(window, chest, qtbot):
    return open_segmented(window, chest, qtbot)


def open_segmented(window, chest, qtbot):
    window.open([chest])
    qtbot.waitUntil(lambda: window.pane.image is not None and window.actions_[Act.PLANES].isEnabled())
    window.actions_[Act.PLANES].trigger()
    qtbot.waitUntil(lambda: window.volumes.state in (VolumeState.READ, VolumeState.DONE))
    if window.volumes.analysis is None:
        window.actions_[Act.ANALYSE].trigger()
    qtbot.waitUntil(lambda: window.volumes.state is VolumeState.DONE)
    settle(window, qtbot)
    return window


def settle(window, qtbot):
    """Wait until the numbers are those of the outlines."""
    qtbot.waitUntil(lambda: not window.volumes.reading.measures_wait)


def finding(window, finding_id=RIGHT):
    return window.volumes.reading.finding(finding_id)


def headings(window) -> list[str]:
    return [made._jump.text() for made in window.column.volume.finding_rows()]


def values(window) -> dict[tuple[str, str], float | None]:
    return {(m.name, m.side): m.value for m in window.volumes.reading.measurements}


def stroke(window, qtbot, plane, start, end):
    """Drag from one pixel of a plane to another."""
    view = window.volume_review.view.views[plane]
    first, last = (view._to_view().map(QPointF(c + 0.5, r + 0.5)).toPoint() for r, c in (start, end))
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=first)
    qtbot.mouseMove(view, last)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=last)


def at_slice(window, index):
    window.volume_review.view.set_cursor(Cursor(index, 20, 20))


def test_findings_are_listed_with_volume_and_share(segmented):
    (heading,) = headings(segmented)
    # 3 slices x 10 x 10 pixels of 0.64 mm² x 5 mm are 0.96 mL, less what the wall's pixels leave open.
    assert heading.startswith("Right · 1\u00a0mL · ")
    assert values(segmented)["lung volume", "left"] == pytest.approx(5 * 24 * 14 * 0.64 * 5 / 1000)
    assert segmented.column.volume.texts()[0] == "Pneumothorax suggested by Hounsfield units on CT."
    assert segmented.column.impression.isVisible()
    assert segmented.column.volume_measures.isVisible()
    assert "Pneumothorax volume" in segmented.column.volume_measures.texts()


def test_what_was_found_from_the_stack_is_shown_in_the_planes(window, chest, qtbot):
    """No finding is listed beside a picture that does not show it."""
    window.open([chest])
    qtbot.waitUntil(lambda: window.pane.image is not None and window.actions_[Act.PLANES].isEnabled())
    window.actions_[Act.ANALYSE].trigger()
    qtbot.waitUntil(lambda: window.volumes.state is VolumeState.DONE, timeout=10_000)
    view = window.volume_review.view
    assert window.actions_[Act.PLANES].isChecked()
    assert view.isVisible()
    assert [shown.finding_id for shown in view._outlines.findings] == [RIGHT]
    assert view._cursor.slice_ in WITH_AIR


def test_keys_accept_reject_reopen_and_undo(segmented, qtbot):
    axial = segmented.volume_review.view.active
    for key, decision in (("A", Decision.ACCEPTED), ("U", Decision.SUGGESTED), ("X", Decision.REJECTED)):
        qtbot.keyClick(axial, key)
        assert finding(segmented).decision is decision
    settle(segmented, qtbot)
    assert headings(segmented) == ["Right · not measured"]
    assert ("pneumothorax volume", "right") not in values(segmented)
    assert segmented.volume_review.view._outlines.findings == ()
    qtbot.keyClick(axial, "Z", Qt.KeyboardModifier.ControlModifier)
    settle(segmented, qtbot)
    assert finding(segmented).decision is Decision.SUGGESTED
    assert headings(segmented)[0].startswith("Right · 1")


def test_the_eraser_takes_a_slice_and_the_volume_follows(segmented, qtbot):
    before = values(segmented)["pneumothorax volume", "right"]
    at_slice(segmented, 2)
    segmented.actions_[Act.TOOL_ERASER].trigger()
    segmented.bar.brush_radius.setValue(20)
    stroke(segmented, qtbot, Plane.AXIAL, (15, 8), (15, 14))
    settle(segmented, qtbot)
    assert finding(segmented).mask.slices[2] is None
    assert values(segmented)["pneumothorax volume", "right"] == pytest.approx(before * 2 / 3)
    row = segmented.column.volume.finding_rows()[0]
    assert any("suggested, outline edited" in text.text() for text in row.findChildren(QLabel))
    assert "Right · edited by the reader" in [text for text, _ in _group_labels(segmented)]
    segmented.actions_[Act.UNDO].trigger()
    settle(segmented, qtbot)
    assert values(segmented)["pneumothorax volume", "right"] == before
    segmented.actions_[Act.REDO].trigger()
    settle(segmented, qtbot)
    assert values(segmented)["pneumothorax volume", "right"] == pytest.approx(before * 2 / 3)


def _group_labels(window):
    layout = window.column.volume_measures._list
    widgets = [layout.itemAt(i).widget() for i in range(layout.count())]
    return [(widget.text(), widget) for widget in widgets if hasattr(widget, "text")]


def test_the_brush_leaves_the_cursor_and_the_other_slices_alone(segmented, qtbot):
    at_slice(segmented, 2)
    segmented.actions_[Act.TOOL_BRUSH].trigger()
    segmented.bar.brush_radius.setValue(1)
    stroke(segmented, qtbot, Plane.AXIAL, (25, 8), (25, 14))
    assert segmented.volume_review.view.cursor_ == Cursor(2, 20, 20)
    assert finding(segmented).mask.plane(2)[25, 8:15].all()
    assert not finding(segmented).mask.plane(1)[25].any()


def test_slices_between_those_drawn_are_filled_and_taken_back(segmented, qtbot):
    segmented.volume_review._on_side(Side.LEFT)
    segmented.bar.brush_radius.setValue(3)
    for index in (1, 4):
        at_slice(segmented, index)
        stroke(segmented, qtbot, Plane.AXIAL, (15, 28), (15, 34))
    segmented.actions_[Act.FILL_BETWEEN].trigger()
    assert segmented.messages.text == "2 slices were filled in between those outlined."
    drawn = finding(segmented, "reader-1").mask
    assert np.array_equal(drawn.plane(2), drawn.plane(1))
    segmented.actions_[Act.FILL_BETWEEN].trigger()
    assert segmented.messages.text.startswith("No slice is empty between")
    segmented.actions_[Act.UNDO].trigger()
    assert finding(segmented, "reader-1").mask.slices[2] is None


def test_a_finding_is_painted_in_the_sagittal_plane_and_undone(segmented, qtbot):
    before = finding(segmented).mask
    segmented.volume_review.view.set_cursor(Cursor(2, 15, 10))
    segmented.actions_[Act.TOOL_ERASER].trigger()
    segmented.bar.brush_radius.setValue(40)
    view = segmented.volume_review.view.views[Plane.SAGITTAL]
    rows, columns = view._grid()
    stroke(segmented, qtbot, Plane.SAGITTAL, (0, 0), (rows - 1, columns - 1))
    settle(segmented, qtbot)
    after = finding(segmented).mask
    assert not after.dense()[:, :, 10].any()
    assert after.voxels == before.voxels - before.dense()[:, :, 10].sum()
    segmented.actions_[Act.UNDO].trigger()
    assert finding(segmented).mask is before


def test_a_missed_finding_is_added_on_its_side(segmented, qtbot):
    segmented.actions_[Act.ADD_FINDING].trigger()
    assert segmented.column.volume.asking
    qtbot.keyClick(segmented.volume_review.view.active, Qt.Key.Key_Escape)
    assert not segmented.column.volume.asking
    segmented.actions_[Act.ADD_FINDING].trigger()
    button = segmented.column.volume.findChild(
        type(segmented.column.volume._add).__mro__[1], "volume-side-left"
    )
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert headings(segmented)[1] == "Left · nothing outlined yet"
    assert segmented.actions_[Act.TOOL_BRUSH].isChecked()
    at_slice(segmented, 3)
    segmented.bar.brush_radius.setValue(3)
    stroke(segmented, qtbot, Plane.AXIAL, (15, 28), (15, 34))
    settle(segmented, qtbot)
    assert values(segmented)["pneumothorax volume", "left"] > 0
    assert headings(segmented)[1].startswith("Left · ")
    segmented.actions_[Act.REMOVE_FINDING].trigger()
    settle(segmented, qtbot)
    assert len(headings(segmented)) == 1
    assert ("pneumothorax volume", "left") not in values(segmented)


def test_two_findings_of_a_side_are_measured_together(segmented, qtbot):
    segmented.volume_review._on_side(Side.RIGHT)
    before = values(segmented)["pneumothorax volume", "right"]
    at_slice(segmented, 4)
    segmented.bar.brush_radius.setValue(3)
    stroke(segmented, qtbot, Plane.AXIAL, (15, 8), (15, 14))
    settle(segmented, qtbot)
    assert values(segmented)["pneumothorax volume", "right"] > before
    first, second = headings(segmented)
    assert first == second
    assert first.endswith("together")


def test_a_measurement_that_fails_leaves_no_number_of_an_older_outline(segmented, qtbot, monkeypatch):
    def fail(*_arguments):
        raise MemoryError

    monkeypatch.setattr("ptx_viewer.ui.volume_desk.VolumeMeter.measure", fail)
    segmented.actions_[Act.REJECT].trigger()
    qtbot.waitUntil(lambda: segmented.messages.text.startswith("The measurement failed"))
    assert segmented.volumes.reading.measurements == ()


def test_a_ruler_in_a_plane_across_the_slices_is_in_millimetres(segmented, qtbot):
    segmented.actions_[Act.TOOL_RULER].trigger()
    segmented.volume_review.view.set_cursor(Cursor(2, 12, 20))
    # The finest spacing is that of the pixels: a slice of 5 mm is 6 or 7 rows high.
    stroke(segmented, qtbot, Plane.CORONAL, (2, 5), (22, 5))
    (drawn,) = segmented.volumes.reading.review.annotations
    assert (drawn.plane, drawn.index) == (Plane.CORONAL, 12)
    (length,) = segmented.volumes.reading.measuring.quantities(drawn)
    assert length.text == "16.0\u00a0mm"
    assert "patient plane" in length.method
    assert "Ruler 1, coronal 13" in segmented.column.volume_measures.texts()
    # Elsewhere it is not drawn, and its row leads back to it.
    view = segmented.volume_review.view
    view.set_cursor(Cursor(2, 30, 20))
    assert view.views[Plane.CORONAL]._drawings.items == ()
    segmented.volumes.reading.measuring.select("ruler-1")
    assert view.cursor_.row == 12
    assert len(view.views[Plane.CORONAL]._drawings.items) == 1
    segmented.actions_[Act.REMOVE_FINDING].trigger()
    assert segmented.volumes.reading.review.annotations == ()


def test_an_ellipse_reads_hounsfield_units(segmented, qtbot):
    segmented.actions_[Act.TOOL_RECTANGLE].trigger()
    at_slice(segmented, 2)
    stroke(segmented, qtbot, Plane.AXIAL, (12, 8), (17, 13))
    (drawn,) = segmented.volumes.reading.review.annotations
    numbers = {q.name: q for q in segmented.volumes.reading.measuring.quantities(drawn)}
    assert numbers["mean"].text == "−1000.0\u00a0HU"
    assert (numbers["SD"].value, numbers["min"].value, numbers["max"].value) == (0, -1000, -1000)
    # 5 x 5 pixels of 0.8 mm.
    assert numbers["area"].value == pytest.approx(16, abs=0.7)


def test_a_signed_series_is_locked(segmented, qtbot):
    segmented.column.impression.name.setText("Dr. Test")
    segmented.actions_[Act.ACCEPT].trigger()
    segmented.actions_[Act.SIGN].trigger()
    assert segmented.volumes.reading.locked
    assert not segmented.actions_[Act.ADD_FINDING].isEnabled()
    at_slice(segmented, 2)
    segmented.actions_[Act.TOOL_ERASER].trigger()
    stroke(segmented, qtbot, Plane.AXIAL, (15, 8), (15, 14))
    assert not finding(segmented).edited
    assert segmented.messages.text == "The review is signed. Unsign it to change anything."
    segmented.actions_[Act.SIGN].trigger()
    assert not segmented.volumes.reading.locked


def test_everything_is_there_after_a_restart_and_saved_before_it(
    segmented, new_window, store_path, chest, qtbot
):
    at_slice(segmented, 2)
    segmented.actions_[Act.TOOL_ERASER].trigger()
    segmented.bar.brush_radius.setValue(20)
    stroke(segmented, qtbot, Plane.AXIAL, (15, 8), (15, 14))
    segmented.actions_[Act.ACCEPT].trigger()
    segmented.column.impression.text.setPlainText("Small, right.")
    segmented.column.impression.flush()
    segmented.volumes.reading.set_verdict(Verdict.PNEUMOTHORAX)
    settle(segmented, qtbot)
    expected = values(segmented)

    def saved() -> bool:
        # What a crash would leave: the file, while the window is still open.
        with ReviewStore(store_path) as store:
            review = store.load_volume(SERIES)
        return review is not None and review.verdict is Verdict.PNEUMOTHORAX

    qtbot.waitUntil(saved)
    segmented.close()
    again = open_segmented(new_window(), chest, qtbot)
    assert finding(again).decision is Decision.ACCEPTED
    assert finding(again).mask.slices[2] is None
    assert again.column.impression.text.toPlainText() == "Small, right."
    assert values(again) == expected
    status = again.library.statuses[f"series:{SERIES}"]
    assert (status.analysed, status.finding, status.verdict) == (True, True, Verdict.PNEUMOTHORAX)


def test_report_and_findings_are_exported_as_analyze_writes_them(segmented, tmp_path, qtbot):
    at_slice(segmented, 2)
    segmented.actions_[Act.TOOL_ERASER].trigger()
    segmented.bar.brush_radius.setValue(20)
    stroke(segmented, qtbot, Plane.AXIAL, (15, 8), (15, 14))
    segmented.actions_[Act.ACCEPT].trigger()
    segmented.actions_[Act.TOOL_RULER].trigger()
    stroke(segmented, qtbot, Plane.AXIAL, (5, 5), (5, 30))
    segmented.column.impression.text.setPlainText("Small, right.")
    settle(segmented, qtbot)
    assert segmented.actions_[Act.EXPORT].isEnabled()
    with qtbot.waitSignal(segmented.exporter.finished, timeout=30_000):
        segmented.commands.export_to(tmp_path / "report.pdf", overwrite=True)
    words = " ".join(page.extract_text() for page in pypdf.PdfReader(tmp_path / "report.pdf").pages)
    for part in (
        "accepted, outline edited by the reader", "Small, right.", "Measured by the reader",
        "ruler 1", "20.0 mm", "What the reader did", "Reader: no verdict yet.",
    ):  # fmt: skip
        assert part in words
    with qtbot.waitSignal(segmented.exporter.finished, timeout=30_000):
        segmented.volume_review.export_findings(tmp_path / "out")
    document = json.loads((tmp_path / "out" / "findings.json").read_text("utf-8"))
    schema = Path(resources.__file__).parent / "findings.schema.json"
    jsonschema.validate(document, json.loads(schema.read_text("utf-8")))
    (volume,) = document["volumes"]
    (found,) = volume["findings"]
    assert (found["decision"], found["edited"], found["outlined_by"], found["voxels"]) == (
        "accepted", True, "reader", 200,
    )  # fmt: skip
    assert found["volume_ml"] == values(segmented)["pneumothorax volume", "right"]
    assert volume["review"]["impression"] == "Small, right."
    (ruler,) = volume["measured_by_hand"]
    assert (ruler["plane"], ruler["index"]) == ("axial", 2)
    assert ruler["quantities"][0]["value"] == pytest.approx(20, abs=0.4)
    pictures = [
        cv2.imread(str(tmp_path / "out" / entry["labels"]), cv2.IMREAD_UNCHANGED)
        for entry in volume["slices"]
    ]
    assert [int((picture == 3).sum()) for picture in pictures] == [0, 100, 0, 100, 0]


def test_what_was_rejected_is_told_apart(segmented, tmp_path, qtbot):
    segmented.actions_[Act.REJECT].trigger()
    settle(segmented, qtbot)
    with qtbot.waitSignal(segmented.exporter.finished, timeout=30_000):
        segmented.volume_review.export_findings(tmp_path / "out")
    (volume,) = json.loads((tmp_path / "out" / "findings.json").read_text("utf-8"))["volumes"]
    assert volume["findings"] == []
    assert volume["rejected"] == [{"side": "right", "outlined_by": "ct-threshold", "voxels": 300}]
    with qtbot.waitSignal(segmented.exporter.finished, timeout=30_000):
        segmented.commands.export_to(tmp_path / "report.pdf", overwrite=True)
    words = " ".join(page.extract_text() for page in pypdf.PdfReader(tmp_path / "report.pdf").pages)
    assert "rejected" in words
    assert "not measured" in words
