"""Measuring as a reader does: rows that draw their lines, dragged ends, tools, undo, and the store."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pydicom
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import QApplication, QToolButton

import resources
from ptx_viewer.measure.annotation import AnnotationKind
from ptx_viewer.review.segments import place_segment
from ptx_viewer.review.store import ReviewStore
from ptx_viewer.ui.keys import Act
from ptx_viewer.ui.measuring import row_id


@pytest.fixture
def half_millimetre(positive, tmp_path):
    """The film with a pneumothorax, its pixels 0.5 mm in the patient."""
    film = pydicom.dcmread(positive)
    film.ImagerPixelSpacing = [0.5, 0.5]
    film.EstimatedRadiographicMagnificationFactor = 1.0
    path = tmp_path / "film-with-gas.dcm"
    film.save_as(path)
    return path


@pytest.fixture
def measured(window, open_film, half_millimetre, qtbot):
    """The window with a measured film, one screen pixel a film pixel."""
    open_film(window, half_millimetre)
    reading = window.pane.reading
    # A cap over the whole right lung, so that there are distances to measure.
    cap = np.zeros(reading.image.shape, dtype=np.bool_)
    cap[30:62, 30:100] = True
    reading.repaint(reading.review.findings[0].finding_id, cap)
    qtbot.waitUntil(lambda: any(is_line(m) for m in reading.measurements), timeout=10_000)
    window.grid.active.one_to_one()
    return window


def drag(viewport, start: QPoint, *ways: QPoint) -> None:
    """Press, move and release the left button."""
    kinds = [
        QEvent.Type.MouseButtonPress,
        *[QEvent.Type.MouseMove] * len(ways),
        QEvent.Type.MouseButtonRelease,
    ]
    places = [start, *(start + way for way in ways), start + ways[-1]]
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, place in zip(kinds, places, strict=True):
        button = none if kind is QEvent.Type.MouseMove else left
        held = none if kind is QEvent.Type.MouseButtonRelease else left
        where = QPointF(place)
        event = QMouseEvent(
            kind, where, viewport.mapToGlobal(where), button, held, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(viewport, event)


def on_canvas(viewport, point: tuple[float, float]) -> QPoint:
    """Return where a film point lies at one screen pixel a film pixel."""
    first = viewport.film_point(QPointF(0, 0))
    return QPoint(round(point[1] - first[1]), round(point[0] - first[0]))


def line(window):
    """Return the first measurement that is the length of one line."""
    return next(m for m in window.pane.reading.measurements if is_line(m))


def is_line(measurement) -> bool:
    construction = measurement.construction
    return (
        measurement.valid
        and measurement.unit == "mm"
        and construction is not None
        and len(construction.segments) == 1
        and construction.segments[0].length(None) > 12
    )


def brightest(viewport, place: QPoint) -> int:
    """Return the brightest grey within two screen pixels of a place."""
    image = viewport.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    grey = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return int(grey[place.y() - 2 : place.y() + 3, place.x() - 2 : place.x() + 3].max())


def saved(qtbot, path, key, test) -> None:
    def there():
        with ReviewStore(path) as store:
            review = store.load(key)
            return review is not None and test(review)

    qtbot.waitUntil(there, timeout=10_000)


def test_dragging_an_end_by_ten_pixels_changes_the_number_by_five_millimetres(measured, qtbot, store_path):
    window, film = measured, measured.grid.active
    before = line(window)
    segment = before.construction.segments[0]
    length = before.value
    window.pane.reading.measuring.select(row_id(before))
    # Along the line itself, away from its start: then every pixel counts in full.
    (row, column), (end_row, end_column) = segment.start, segment.end
    vertical = abs(end_row - row) >= abs(end_column - column)
    way = (
        QPoint(0, 10 if end_row > row else -10) if vertical else QPoint(10 if end_column > column else -10, 0)
    )
    previews = []
    window.pane.reading.measuring.previewed.connect(previews.append)
    drag(film, on_canvas(film, segment.end), way / 2, way)
    after = line(window)
    moved = after.construction.segments[0]
    assert (moved.end[0] - end_row, moved.end[1] - end_column) == pytest.approx((way.y(), way.x()))
    assert after.value == pytest.approx(0.5 * np.hypot(moved.end[0] - row, moved.end[1] - column))
    if row == end_row or column == end_column:
        assert after.value - length == pytest.approx(5.0)
    assert after.edited
    assert len(previews) == 2
    shown = window.column.measures.measure_rows()[row_id(after)].texts()
    assert shown[1].endswith("· edited")
    # What follows from the same line has changed with it, and nothing else.
    names = {m.name for m in window.pane.reading.measurements if m.edited}
    assert before.name in names
    assert "pneumothorax area" not in names
    key = window.pane.reading.key
    saved(qtbot, store_path, key, lambda review: [m.segment for m in review.moved_segments] == [moved])
    window.actions_[Act.UNDO].trigger()
    assert line(window) == before
    window.actions_[Act.REDO].trigger()
    assert line(window).edited
    assert window.actions_[Act.PUT_BACK].isEnabled()
    window.actions_[Act.PUT_BACK].trigger()
    assert line(window) == before


def test_pointing_at_a_row_draws_its_line_and_leaving_takes_it_away(measured):
    window, film = measured, measured.grid.active
    segment = line(window).construction.segments[0]
    middle = tuple((one + other) / 2 for one, other in zip(segment.start, segment.end, strict=True))
    # The line of a reader's outline is white, and nothing else there is.
    assert brightest(film, on_canvas(film, middle)) < 200
    shown = window.column.measures.measure_rows()[row_id(line(window))]
    shown.pointed.emit(shown.row_id)
    assert brightest(film, on_canvas(film, middle)) > 220
    shown.pointed.emit("")
    assert brightest(film, on_canvas(film, middle)) < 200


def test_a_click_selects_a_row_and_shows_its_method_in_full(measured, qtbot):
    window = measured
    shown = window.column.measures.measure_rows()[row_id(line(window))]
    qtbot.mouseClick(shown, Qt.MouseButton.LeftButton)
    assert window.pane.reading.measuring.selected == shown.row_id
    method = line(window).method.rstrip(".").lower()
    assert any(method in text.lower() for text in shown.texts())
    qtbot.mouseClick(shown, Qt.MouseButton.LeftButton)
    assert window.pane.reading.measuring.selected == ""


def test_what_does_not_apply_says_why_in_words(measured):
    reading = measured.pane.reading
    invalid = [m for m in reading.measurements if not m.valid]
    rows = measured.column.measures.measure_rows()
    for measurement in invalid:
        texts = rows[row_id(measurement)].texts()
        assert texts[1] == "not valid"
        assert measurement.why_not.rstrip(".").lower() in texts[2].lower()


def test_a_ruler_is_drawn_named_measured_saved_and_removed_by_key(measured, qtbot, store_path):
    window, film = measured, measured.grid.active
    qtbot.keyClick(film, Qt.Key.Key_D)
    assert window.bar.widgetForAction(window.actions_[Act.TOOL_RULER]).isChecked()
    start = on_canvas(film, (120.0, 120.0))
    drag(film, start, QPoint(5, 0), QPoint(30, 40))
    (ruler,) = window.pane.reading.review.annotations
    assert ruler.points == (pytest.approx((120, 120)), pytest.approx((160, 150)))
    # 40 rows and 30 columns of 0.5 mm.
    assert window.column.measures.measure_rows()["ruler-1"].texts()[:2] == ["Ruler 1", "25.0\u00a0mm"]
    saved(qtbot, store_path, window.pane.reading.key, lambda review: len(review.annotations) == 1)
    qtbot.keyClick(film, Qt.Key.Key_Delete)
    assert window.pane.reading.review.annotations == ()
    assert "ruler-1" not in window.column.measures.measure_rows()
    qtbot.keyClick(film, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.pane.reading.review.annotations == (ruler,)


def test_a_rectangle_gives_the_values_of_the_film(measured):
    window = measured
    window.pane.reading.measuring.make(AnnotationKind.RECTANGLE, ((42.0, 40.0), (46.0, 50.0)))
    texts = window.column.measures.measure_rows()["rectangle-1"].texts()
    inside = window.pane.image.raw[42:47, 40:51]
    assert texts[1] == f"mean {inside.mean():.1f}"
    assert f"SD {inside.std():.1f}, min {inside.min()}, max {inside.max()}" in texts
    # 4 by 10 pixels of 0.25 mm².
    assert "10.0\u00a0mm²" in texts


def test_without_spacing_lengths_are_pixels(window, open_film, positive, tmp_path):
    film = pydicom.dcmread(positive)
    del film.ImagerPixelSpacing
    film.save_as(tmp_path / "film-with-gas.dcm")
    open_film(window, tmp_path / "film-with-gas.dcm")
    window.pane.reading.measuring.make(AnnotationKind.RULER, ((10.0, 10.0), (10.0, 30.0)))
    texts = window.column.measures.measure_rows()["ruler-1"].texts()
    assert texts[1] == "20.0\u00a0px"
    assert any("millimetres is not known" in text for text in texts)


def test_a_signed_review_takes_no_measurement(measured):
    window = measured
    reading = window.pane.reading
    reading.measuring.make(AnnotationKind.RULER, ((10.0, 10.0), (10.0, 30.0)))
    reading.sign("A. Reader")
    said = []
    reading.problem.connect(said.append)
    reading.measuring.make(AnnotationKind.RULER, ((20.0, 10.0), (20.0, 30.0)))
    assert len(reading.review.annotations) == 1
    assert "signed by A. Reader" in said[0]
    assert not any(drawing.movable for drawing in reading.measuring.drawings())


def test_measurements_come_back_in_a_new_window(
    measured, new_window, open_film, half_millimetre, qtbot, store_path
):
    reading = measured.pane.reading
    reading.measuring.make(AnnotationKind.ANGLE, ((10.0, 10.0), (30.0, 10.0), (30.0, 40.0)))
    saved(qtbot, store_path, reading.key, lambda review: len(review.annotations) == 1)
    again = open_film(new_window(), half_millimetre)
    assert again.column.measures.measure_rows()["angle-1"].texts()[:2] == ["Angle 1", "90.0°"]


def test_keys_step_through_the_rows(measured, qtbot):
    window, film = measured, measured.grid.active
    rows = window.pane.reading.measuring.rows()
    qtbot.keyClick(film, Qt.Key.Key_J)
    assert window.pane.reading.measuring.selected == rows[0]
    qtbot.keyClick(film, Qt.Key.Key_J)
    qtbot.keyClick(film, Qt.Key.Key_J, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(film, Qt.Key.Key_J, Qt.KeyboardModifier.ShiftModifier)
    assert window.pane.reading.measuring.selected == rows[-1]


def test_a_selected_row_is_in_view_with_all_that_it_says(measured, qtbot):
    """It grows when it is selected, so its end has to come into view as well."""
    window = measured
    column = window.column
    for identity, row in column.measures.measure_rows().items():
        window.pane.reading.measuring.select(identity)

        def within(row=row) -> bool:
            top = row.mapTo(column.viewport(), QPoint(0, 0)).y()
            return top >= 0 and top + row.height() <= column.viewport().height()

        qtbot.wait(50)
        assert row.height() >= row.heightForWidth(row.width())
        assert within(), identity


def test_the_brush_shows_its_radius_and_the_ruler_hides_it(measured, qtbot):
    window = measured
    window.actions_[Act.TOOL_BRUSH].trigger()
    qtbot.waitUntil(window.bar.brush_radius.isVisible)
    window.actions_[Act.TOOL_RULER].trigger()
    qtbot.waitUntil(lambda: not window.bar.brush_radius.isVisible())
    assert isinstance(window.bar.widgetForAction(window.actions_[Act.TOOL_ANGLE]), QToolButton)


def test_findings_json_marks_what_was_edited_and_lists_what_was_measured_by_hand(measured, qtbot, tmp_path):
    window = measured
    reading = window.pane.reading
    before = line(window)
    segment = before.construction.segments[0]
    end = (segment.end[0] + 3, segment.end[1] + 4)
    reading.edit(lambda review: place_segment(review, before.side, before.model, replace(segment, end=end)))
    reading.measuring.make(AnnotationKind.RULER, ((10.0, 10.0), (10.0, 30.0)))
    with qtbot.waitSignal(window.exporter.finished, timeout=20_000):
        window.exporter.export_findings(reading, tmp_path / "out")
    document = json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"))
    schema = json.loads(
        (Path(resources.__file__).parent / "findings.schema.json").read_text(encoding="utf-8")
    )
    jsonschema.validate(document, schema)
    written = {entry["name"]: entry for entry in document["images"][0]["measurements"]}
    assert written[before.name]["edited"]
    assert written[before.name]["value"] == pytest.approx(line(window).value)
    assert not written["pneumothorax area"]["edited"]
    assert written["ruler 1, length"]["value"] == 10.0
    assert written["ruler 1, length"]["model"] == "reader"


def test_the_widths_at_the_hilum_follow_the_dragged_end_that_they_share(measured, qtbot, store_path):
    window, reading = measured, measured.pane.reading

    def found(which: str):
        return next(m for m in reading.measurements if m.name == which)

    # A strip of air along the whole chest wall.
    field = reading.analysis.lung_fields.right
    strip = field & (np.cumsum(field, axis=1) <= 8)
    reading.repaint(reading.review.findings[0].finding_id, strip)
    name = "lateral distance at the hilum"
    qtbot.waitUntil(lambda: found(name).value == pytest.approx(4.0), timeout=10_000)
    hilum, before = found(name), found("Light index")
    reading.measuring.select(row_id(hilum))
    (line_at_hilum,) = [one for one in reading.measuring.drawings() if one.drawing_id.endswith("hilum")]
    drawing, points = line_at_hilum.drawing_id, line_at_hilum.points
    previews = []
    reading.measuring.previewed.connect(previews.append)
    (wall, (row, column)) = points
    reading.measuring.preview(drawing, (wall, (row, column + 6)))
    reading.measuring.move(drawing, (wall, (row, column + 6)))
    after = found("Light index")
    assert after.edited
    assert after.value > before.value
    assert after.construction.segment("lung width").start == (row, column + 6)
    assert previews[-1] == reading.measurements
    saved(qtbot, store_path, reading.key, lambda review: len(review.moved_segments) == 2)
    # One act of the reader: one step back, and one "put back".
    window.actions_[Act.UNDO].trigger()
    assert (found("Light index"), found(name)) == (before, hilum)
    window.actions_[Act.REDO].trigger()
    assert found("Light index") == after
    window.actions_[Act.PUT_BACK].trigger()
    assert (found("Light index"), found(name)) == (before, hilum)


def test_the_reader_says_that_the_patient_is_rotated(
    measured, new_window, open_film, half_millimetre, qtbot, store_path, tmp_path
):
    """By box and by key; what it switches off says so, and it is kept, undone and exported."""
    window, film = measured, measured.grid.active
    reading, box = window.pane.reading, window.column.measures.rotation.box
    assert box.isVisible()
    assert box.isEnabled()
    assert not box.isChecked()

    def reasons() -> set[str | None]:
        return {m.why_not for m in reading.measurements if "rotated" in (m.why_not or "")}

    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    qtbot.waitUntil(lambda: bool(reasons()), timeout=10_000)
    assert reasons() == {"the patient is rotated (reader's judgement)"}
    assert window.actions_[Act.ROTATED].isChecked()
    shift = next(m for m in reading.measurements if m.name == "mediastinal shift")
    texts = window.column.measures.measure_rows()[row_id(shift)].texts()
    assert texts[1:] == ["not valid", "The patient is rotated (reader's judgement)."]
    assert line(window).valid
    assert "patient is rotated" in line(window).method
    saved(qtbot, store_path, reading.key, lambda review: review.patient_rotated)
    with qtbot.waitSignal(window.exporter.finished, timeout=20_000):
        window.exporter.export_findings(reading, tmp_path / "out")
    document = json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"))
    assert document["images"][0]["view"]["patient_rotated"] is True

    qtbot.keyClick(film, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not reasons(), timeout=10_000)
    assert not box.isChecked()
    qtbot.keyClick(film, Qt.Key.Key_R, Qt.KeyboardModifier.ShiftModifier)
    assert box.isChecked()
    reading.sign("A. Reader")
    assert not box.isEnabled()
    assert box.isChecked()
    saved(qtbot, store_path, reading.key, lambda review: review.signed_by and review.patient_rotated)
    again = open_film(new_window(), half_millimetre)
    assert again.column.measures.rotation.box.isChecked()
