from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from models.prediction import LungFields, Side
from ptx_viewer.measure.construction import Construction, Segment
from ptx_viewer.measure.film import measure_film
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.quantities import BY_NAME
from ptx_viewer.measure.remeasure import followers, move_segment, remeasure
from ptx_viewer.measure.view import FilmView, Posture, Projection
from ptx_viewer.study.spacing import Spacing, SpacingBasis

SHAPE = (260, 400)
MM = Spacing(0.5, 0.25, SpacingBasis.PATIENT)
DETECTOR = Spacing(0.5, 0.25, SpacingBasis.DETECTOR_PLANE)
B, COLLINS, BTS = "interpleural distance B, upper half", "Collins 1995", "size class, BTS 2010"
HILUM = "lateral distance at the hilum"


def rectangle(top: int, left: int, rows: int, columns: int) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[top : top + rows, left : left + columns] = True
    return mask


def measured(spacing: Spacing | None = MM) -> tuple[Measurement, ...]:
    """Return a strip of 40 columns on both sides: 10 mm at each level."""
    fields = LungFields(rectangle(20, 30, 200, 120), rectangle(20, 250, 200, 120), "lungs")
    air = {Side.RIGHT: rectangle(20, 30, 200, 40), Side.LEFT: rectangle(20, 330, 200, 40)}
    return measure_film(air, fields, spacing, "m", FilmView(Projection.PA, Posture.ERECT))


def one(measurements: tuple[Measurement, ...], name: str, side: str = "right") -> Measurement:
    (found,) = [m for m in measurements if m.name == name and m.side == side]
    return found


def test_a_length_follows_its_ends() -> None:
    distance = one(measured(), B)
    moved = Segment("B", (60.0, 29.5), (100.0, 69.5))
    (again,) = remeasure(distance, Construction((moved,)), MM)
    # 40 rows of 0.5 mm and 40 columns of 0.25 mm.
    assert again.value == pytest.approx(math.hypot(20, 10))
    assert again.edited
    assert again.construction == Construction((moved,))
    assert (again.name, again.unit, again.side, again.model, again.method) == (
        distance.name,
        "mm",
        "right",
        "m",
        distance.method,
    )


def test_nothing_moved_is_nothing_edited() -> None:
    distance = one(measured(), B)
    assert distance.construction is not None
    assert remeasure(distance, distance.construction, MM) == (distance,)


def test_what_shares_the_line_is_measured_again_and_nothing_else() -> None:
    before = measured()
    moved = Segment("hilum", (133.0, 29.5), (133.0, 129.5))
    after = move_segment(before, "right", "m", moved, MM)
    assert [m.name for m in after] == [m.name for m in before]
    changed = {(m.side, m.name) for m, old in zip(after, before, strict=True) if m != old}
    assert changed == {("right", HILUM), ("right", BTS)}
    # 100 columns of 0.25 mm: from small to large.
    assert (one(before, BTS).category, one(after, BTS).category) == ("small", "large")
    assert one(after, HILUM).value == one(after, BTS).value == pytest.approx(25.0)


def test_a_formula_follows_one_of_its_lines() -> None:
    before = measured()
    # A = B = C = 10 mm; B becomes 30 mm.
    after = move_segment(before, "left", "m", Segment("B", (70.0, 249.5), (70.0, 369.5)), MM)
    assert one(before, COLLINS, "left").value == pytest.approx(4.2 + 4.7 * 3)
    assert one(after, COLLINS, "left").value == pytest.approx(4.2 + 4.7 * 5)
    assert one(after, COLLINS, "left").edited
    assert not one(after, COLLINS, "right").edited


def test_lines_moved_beyond_the_table_say_so_and_come_back() -> None:
    before = measured()
    far = move_segment(before, "right", "m", Segment("B", (0.0, 0.0), (259.0, 399.0)), MM)
    rhea = one(far, "Rhea 1982")
    assert (rhea.value, rhea.valid, rhea.edited, rhea.category) == (None, False, True, None)
    assert "lies beyond the table" in rhea.why_not
    back = move_segment(far, "right", "m", one(before, B).construction.segments[0], MM)
    assert one(back, "Rhea 1982").value == pytest.approx(one(before, "Rhea 1982").value)


def test_the_calibration_stays_uncertain_and_the_outline_no_longer_matters() -> None:
    distance = one(measured(DETECTOR), B)
    moved = Segment("B", (60.0, 29.5), (60.0, 77.5))
    (again,) = remeasure(distance, Construction((moved,)), DETECTOR)
    assert again.interval == (pytest.approx(10.0), pytest.approx(12.0))
    assert again.interval_basis == "magnification of 1.0 to 1.2"
    (exact,) = remeasure(distance, Construction((moved,)), MM)
    assert (exact.interval, exact.interval_basis) == (None, None)


def test_uncalibrated_lines_stay_in_pixels() -> None:
    distance = one(measured(None), B)
    (again,) = remeasure(distance, Construction((Segment("B", (60.0, 30.0), (64.0, 33.0)),)), None)
    assert (again.value, again.unit) == (5.0, "px")


def test_a_foreign_construction_is_refused() -> None:
    distance = one(measured(), B)
    with pytest.raises(ValueError, match="no construction of the interpleural distance B"):
        remeasure(distance, Construction((Segment("C", (0, 0), (1, 1)),)), MM)
    with pytest.raises(ValueError, match="no construction"):
        remeasure(one(measured(), "pneumothorax area"), Construction((Segment("A", (0, 0), (1, 1)),)), MM)


def test_what_does_not_apply_to_the_film_does_not_come_to_apply_by_moving() -> None:
    fields = LungFields(rectangle(20, 30, 200, 120), rectangle(20, 250, 200, 120), "lungs")
    supine = FilmView(Projection.PA, Posture.SUPINE)
    before = measure_film({Side.RIGHT: rectangle(20, 30, 200, 40)}, fields, MM, "m", supine)
    after = move_segment(before, "right", "m", Segment("B", (70.0, 29.5), (70.0, 149.5)), MM)
    assert one(after, B).value == pytest.approx(30.0)
    assert one(after, COLLINS) == one(before, COLLINS)


def test_a_formula_comes_to_apply_where_the_reader_moves_a_line_into_the_air() -> None:
    fields = LungFields(rectangle(20, 30, 200, 120), rectangle(20, 250, 200, 120), "lungs")
    before = measure_film({Side.RIGHT: rectangle(200, 30, 20, 120)}, fields, MM, "m")
    assert not one(before, COLLINS).valid
    after = move_segment(before, "right", "m", Segment("C", (210.0, 29.5), (210.0, 69.5)), MM)
    assert one(after, COLLINS).value == pytest.approx(4.2 + 4.7)
    assert one(after, COLLINS).why_not is None


def test_every_length_that_is_measured_again_as_it_lies_stays_as_it_was() -> None:
    for m in measured():
        if m.construction is None or m.name not in BY_NAME:
            continue
        nudged = replace(m.construction.segments[0], name=m.construction.segments[0].name)
        (again,) = remeasure(
            replace(
                m,
                construction=Construction(
                    tuple(replace(s, end=(s.end[0] + 1, s.end[1])) for s in m.construction.segments)
                ),
            ),
            m.construction.with_segment(nudged),
            MM,
        )
        assert again.value == pytest.approx(m.value), m.name


def test_a_displacement_keeps_its_direction_and_loses_its_class() -> None:
    fields = LungFields(rectangle(20, 30, 230, 160), rectangle(20, 290, 200, 80), "lungs")
    before = measure_film({Side.RIGHT: rectangle(20, 30, 200, 40)}, fields, MM, "m")
    shift = one(before, "mediastinal shift")
    assert shift.category == "shifted away: possible tension"
    (line,) = shift.construction.segments
    # The mediastinum lies farther to the patient's left: at higher columns.
    assert line.end[1] > line.start[1]
    there = replace(line, end=(line.end[0], line.start[1] + 80))
    back = replace(line, end=(line.end[0], line.start[1] - 20))
    for moved, value in ((there, 20.0), (back, -5.0)):
        again = one(move_segment(before, "right", "m", moved, MM), shift.name)
        assert again.value == pytest.approx(value)
        assert (again.edited, again.category) == (True, None)


def test_segments_have_lengths_and_are_found_by_name() -> None:
    segment = Segment("A", (0.0, 0.0), (3.0, 4.0))
    assert segment.length(None) == 5.0
    assert segment.length(Spacing(2.0, 0.5, SpacingBasis.PATIENT)) == pytest.approx(math.hypot(6, 2))
    construction = Construction((segment,))
    assert construction.holds("A")
    assert construction.segment("A") is segment
    assert not construction.holds("B")
    with pytest.raises(KeyError):
        construction.with_segment(Segment("B", (0, 0), (0, 0)))


def lines_of(measurements: tuple[Measurement, ...], side: str = "right") -> dict[str, Segment]:
    return {
        segment.name: segment
        for m in measurements
        if m.side == side and m.construction is not None
        for segment in m.construction.segments
    }


def test_the_widths_follow_the_ends_that_they_share_with_the_line_at_the_hilum() -> None:
    before = measured()
    drawn = lines_of(before)
    hilum, lung, chest = (drawn[name] for name in ("hilum", "lung width", "hemithorax width"))
    assert (hilum.start, hilum.end) == (chest.start, lung.start)
    (row, column) = hilum.end
    # The pleural line 20 columns further in: the lung is 5 mm narrower.
    moved = replace(hilum, end=(row, column + 20))
    (along,) = followers(before, "right", "m", moved)
    assert along == replace(lung, start=(row, column + 20))
    # The chest wall as well: both widths.
    both = replace(moved, start=(row, column - 50))
    assert {one.name for one in followers(before, "right", "m", both)} == {"lung width", "hemithorax width"}
    after = before
    for segment in (moved, along):
        after = move_segment(after, "right", "m", segment, MM)
    # 120 columns of hemithorax, 80 of lung as drawn, 60 now.
    assert one(before, "Light index").value == pytest.approx(100 * (1 - (80 / 120) ** 3))
    assert one(after, "Light index").value == pytest.approx(100 * (1 - (60 / 120) ** 3))
    assert one(after, "Light index").edited
    assert one(after, "Kircher–Swartz 1954").edited
    assert one(after, "Light index", "left") == one(before, "Light index", "left")


def test_the_line_at_the_hilum_follows_a_width_and_ends_that_were_parted_stay_apart() -> None:
    before = measured()
    drawn = lines_of(before)
    (row, column) = drawn["lung width"].start
    moved = replace(drawn["lung width"], start=(row, column + 20))
    assert followers(before, "right", "m", moved) == (replace(drawn["hilum"], end=(row, column + 20)),)
    # The other end of the width is its own.
    assert followers(before, "right", "m", replace(drawn["lung width"], end=(row, 150.0))) == ()
    assert followers(before, "right", "other", moved) == ()
    apart = move_segment(before, "right", "m", moved, MM)
    again = replace(drawn["hilum"], end=(row, column - 5))
    assert followers(apart, "right", "m", again) == ()
