"""Films worked out by hand.  The patient's right lung is on the left of the picture."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.geometry import Turn
from models.prediction import LungFields, Side
from ptx_viewer.measure.film import measure_film
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.view import FilmView, Posture, Projection
from ptx_viewer.study.spacing import Spacing, SpacingBasis

A, B, C = (
    "interpleural distance A, apex",
    "interpleural distance B, upper half",
    "interpleural distance C, lower half",
)
HILUM, CUPOLA = "lateral distance at the hilum", "apex-to-cupola distance"
COLLINS, RHEA, LIGHT, KIRCHER = "Collins 1995", "Rhea 1982", "Light index", "Kircher–Swartz 1954"
BTS, ACCP = "size class, BTS 2010", "size class, ACCP 2001"
SHIFT, DEPRESSION, HEIGHT = "mediastinal shift", "hemidiaphragm depression", "hemidiaphragm height"
ERECT = FilmView(Projection.PA, Posture.ERECT)

SHAPE = (260, 400)
SPACING = Spacing(0.8, 0.5, SpacingBasis.PATIENT)


def rectangle(top: int, left: int, rows: int, columns: int) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[top : top + rows, left : left + columns] = True
    return mask


# Two boxes of 200 × 120 pixels; the air is a straight strip of 40 columns at the right chest wall.
FIELDS = LungFields(rectangle(20, 30, 200, 120), rectangle(20, 250, 200, 120), "lungs")
STRIP = {Side.RIGHT: rectangle(20, 30, 200, 40)}


def by_name(measurements: tuple[Measurement, ...], side: str = "right") -> dict[str, Measurement]:
    return {m.name: m for m in measurements if m.side == side}


def arch(top: int, left: int, radius: int, rows: int) -> np.ndarray:
    """Return a lung with a semicircular apex whose highest point is the edge at `top` - 0.5."""
    row, column = np.ogrid[: SHAPE[0], : SHAPE[1]]
    # The centre lies between two pixels, so that the circle touches pixel edges.
    down, across = row - (top + radius - 0.5), column - (left + radius - 0.5)
    head = (down <= 0) & (down**2 + across**2 < radius**2)
    body = (down > 0) & (row < top + rows) & (np.abs(across) < radius)
    return head | body


def test_every_length_of_a_straight_strip() -> None:
    found = by_name(measure_film(STRIP, FIELDS, SPACING, "m", ERECT))
    for name in (A, B, C, HILUM):
        assert found[name].value == pytest.approx(40 * 0.5), name
        assert found[name].unit == "mm"
    assert found[CUPOLA].value == 0.0
    # 2 cm three times.
    assert found[COLLINS].value == pytest.approx(4.2 + 4.7 * 6)
    assert found[RHEA].value == pytest.approx(23.0)
    # The lung is 80 of 120 columns wide and as long as the hemithorax.
    assert found[LIGHT].value == pytest.approx(100 * (1 - (2 / 3) ** 3))
    assert found[KIRCHER].value == pytest.approx(100 / 3)
    assert (found[BTS].value, found[BTS].category) == (pytest.approx(20.0), "large")
    # The lung reaches the cupola: "small" would be said of what was not measured.
    assert (found[ACCP].value, found[ACCP].category) == (None, None)
    assert found[ACCP].why_not == "the lung reaches the cupola: the class is not for air elsewhere"
    assert [name for name, m in found.items() if not m.valid] == [ACCP]


def test_lines_lie_between_chest_wall_and_lung_in_source_pixels() -> None:
    found = by_name(measure_film(STRIP, FIELDS, SPACING, "m", ERECT))
    for name in (B, C, HILUM):
        construction = found[name].construction
        assert construction is not None
        (segment,) = construction.segments
        columns = sorted((segment.start[1], segment.end[1]))
        assert columns == [29.5, 69.5], name
        assert segment.start[0] == segment.end[0]
        assert segment.length(SPACING) == pytest.approx(found[name].value)
    # Midpoints of the halves of rows 20..219: a quarter and three quarters of the way.
    assert found[B].construction.segments[0].start[0] == pytest.approx(20 + 199 / 4, abs=0.5)
    assert found[C].construction.segments[0].start[0] == pytest.approx(20 + 3 * 199 / 4, abs=0.5)
    light = found[LIGHT].construction
    assert [s.name for s in light.segments] == ["lung width", "hemithorax width"]
    assert [sorted((s.start[1], s.end[1])) for s in light.segments] == [[69.5, 149.5], [29.5, 149.5]]


def test_the_hilum_stands_where_the_normal_ratio_puts_it() -> None:
    found = by_name(measure_film(STRIP, FIELDS, SPACING, "m", ERECT))
    # From the top edge of row 20 to the flat base below row 219, 1.31 parts above and 1 below.
    row = found[HILUM].construction.segments[0].start[0]
    assert row == pytest.approx(19.5 + 200 * 1.31 / 2.31, abs=1)


def test_an_apex_that_has_sunk_straight_down() -> None:
    lung, field = arch(50, 30, 60, 170), arch(20, 30, 60, 200)
    fields = LungFields(field, FIELDS.left, "lungs")
    found = by_name(
        measure_film({Side.RIGHT: field & ~lung}, fields, Spacing(1, 1, SpacingBasis.PATIENT), "m", ERECT)
    )
    # 30 rows, measured from edge to edge.
    assert found[CUPOLA].value == pytest.approx(30.0)
    assert found[A].value == pytest.approx(30.0, abs=0.6)
    # Concentric below: the flanks touch the wall.
    assert found[C].value == 0.0
    assert found[HILUM].value == 0.0
    assert (found[ACCP].value, found[ACCP].category) == (pytest.approx(30.0), "large")
    assert found[BTS].category is None
    assert found[BTS].why_not == (
        "the lung touches the chest wall at the hilum: the class is not for a localised collapse"
    )


def test_rows_and_columns_have_their_own_millimetres() -> None:
    lung, field = arch(50, 30, 60, 170), arch(20, 30, 60, 200)
    fields = LungFields(field, FIELDS.left, "lungs")
    found = by_name(
        measure_film({Side.RIGHT: field & ~lung}, fields, Spacing(0.4, 0.9, SpacingBasis.PATIENT), "m")
    )
    assert found[CUPOLA].value == pytest.approx(30 * 0.4)


def test_b_and_c_take_the_shortest_way_to_a_slanting_wall() -> None:
    # The wall leans by 45 degrees and the strip of air is 40 columns wide in each row.
    row, column = np.ogrid[: SHAPE[0], : SHAPE[1]]
    first = 200 - (row - 20)
    inside = (row >= 20) & (row < 180)
    field = inside & (column >= first) & (column < 330)
    air = field & (column < first + 40)
    left = (row >= 20) & (row < 180) & (column >= 340) & (column < 395)
    fields = LungFields(field, left & inside, "lungs")
    found = by_name(measure_film({Side.RIGHT: air}, fields, Spacing(1, 1, SpacingBasis.PATIENT), "m", ERECT))
    assert found[C].value == pytest.approx(40 / np.sqrt(2), abs=0.8)
    # At the hilum the line is horizontal whatever the wall does.
    assert found[HILUM].value == pytest.approx(40.0)


def test_uncalibrated_films_have_pixels_and_ratios_but_no_centimetres() -> None:
    found = by_name(measure_film(STRIP, FIELDS, None, "m", ERECT))
    for name in (A, B, C, HILUM):
        assert (found[name].value, found[name].unit) == (40.0, "px")
        assert "no pixel spacing" in found[name].method
    assert found[LIGHT].value == pytest.approx(100 * (1 - (2 / 3) ** 3))
    for name in (COLLINS, RHEA, BTS, ACCP):
        assert (found[name].value, found[name].valid) == (None, False)
        assert (
            found[name].why_not
            == "the image gives no usable pixel spacing, so nothing in centimetres applies"
        )
        assert found[name].category is None


def test_every_millimetre_names_its_basis_and_allows_for_magnification() -> None:
    found = by_name(measure_film(STRIP, FIELDS, Spacing(0.8, 0.5, SpacingBasis.DETECTOR_PLANE), "m", ERECT))
    for name in (A, B, C, HILUM, CUPOLA, COLLINS, RHEA, BTS, ACCP, SHIFT, DEPRESSION, HEIGHT):
        assert "detector plane, not corrected for magnification" in found[name].method, name
    assert found[A].interval == (pytest.approx(20 / 1.2), pytest.approx(20.0))
    assert "magnification of 1.0 to 1.2" in found[A].interval_basis
    # 20 mm at the detector may be 16.7 mm in the patient: the class is not certain.
    assert found[BTS].category == "large (borderline)"
    # Ratios do not change with the scale.
    assert found[LIGHT].interval == (found[LIGHT].value, found[LIGHT].value)
    assert found["pneumothorax area"].interval == (
        pytest.approx(200 * 40 * 0.4 / 1.44),
        pytest.approx(200 * 40 * 0.4),
    )


def test_the_interval_is_that_of_a_lower_and_a_higher_threshold() -> None:
    # Across the edge the probability falls by .01 a column: .5 is reached at the strip's own edge.
    column = np.arange(SHAPE[1], dtype=np.float32)
    slope = np.clip(0.5 + 0.01 * (69.5 - column), 0, 1).astype(np.float32)
    probability = np.where(rectangle(20, 30, 200, 120), slope, np.float32(0))
    found = by_name(
        measure_film(STRIP, FIELDS, Spacing(1, 1, SpacingBasis.PATIENT), "m", ERECT, probability, 0.5)
    )
    # .269 lies 23 columns farther in.  The network is surest at .876 (95th percentile of .505 to .895),
    # half way to which is .688, 19 columns nearer to the wall.
    assert found[C].value == pytest.approx(40.0)
    assert found[C].interval == (pytest.approx(21, abs=1), pytest.approx(63, abs=1))
    assert "0.27 and 0.69 instead of 0.50" in found[C].interval_basis
    area = found["pneumothorax area"]
    assert area.interval == (pytest.approx(200 * 21, rel=0.03), pytest.approx(200 * 63, rel=0.03))
    share = found["share of hemithorax, projected area"]
    assert share.value == pytest.approx(100 / 3)
    assert share.interval == (pytest.approx(100 * 21 / 120, abs=1), pytest.approx(100 * 63 / 120, abs=1))


def test_a_network_that_levels_off_low_keeps_its_outline() -> None:
    flat = np.where(STRIP[Side.RIGHT], np.float32(0.6), np.float32(0))
    found = by_name(measure_film(STRIP, FIELDS, SPACING, "m", ERECT, flat, 0.5))
    assert found[C].interval == (found[C].value, found[C].value)
    assert "0.27 and 0.55 instead of 0.50" in found[C].interval_basis


def test_air_that_the_probabilities_do_not_hold_may_be_nothing() -> None:
    elsewhere = np.zeros(SHAPE, dtype=np.float32)
    found = by_name(measure_film(STRIP, FIELDS, SPACING, "m", ERECT, elsewhere, 0.5))
    for name in ("pneumothorax area", "share of hemithorax, projected area", C, COLLINS, LIGHT, BTS):
        assert found[name].interval[0] == 0.0, name
    assert found[BTS].category == "large (borderline)"


def test_an_outline_of_the_reader_has_no_interval_of_its_own() -> None:
    found = by_name(measure_film(STRIP, FIELDS, SPACING, "reader", ERECT))
    assert (found[A].interval, found[A].interval_basis) == (None, None)


def test_a_gap_between_two_networks_outlines_changes_nothing() -> None:
    # The field ends two pixels outside the air at the wall, and begins two pixels beyond the air.
    field = FIELDS.right & ~rectangle(20, 68, 200, 2)
    air = {Side.RIGHT: rectangle(22, 32, 196, 36)}
    found = by_name(measure_film(air, LungFields(field, FIELDS.left, "l"), SPACING, "m", ERECT))
    assert found[C].value == pytest.approx(38 * 0.5)
    assert found[HILUM].value == pytest.approx(38 * 0.5)


def test_mediastinum_and_diaphragm_pushed_by_known_lengths() -> None:
    usual = by_name(measure_film(STRIP, FIELDS, SPACING, "m", ERECT))
    # Boxes: wall to wall 340 columns, the mediastinum in the middle, where it should lie .0246 × 340 = 8.4
    # columns to the patient's left.
    assert usual[SHIFT].value == pytest.approx(-0.0246 * 340 * 0.5, abs=0.05)
    pushed = LungFields(rectangle(20, 30, 230, 160), rectangle(20, 290, 200, 80), "lungs")
    found = by_name(measure_film(STRIP, pushed, SPACING, "m", ERECT))
    assert found[SHIFT].value == pytest.approx((40 - 0.0246 * 340) * 0.5, abs=0.05)
    assert found[SHIFT].category == "shifted away: possible tension"
    assert "rotation of the patient was not assessed" in found[SHIFT].method
    # 30 rows lower than the other dome, which normally lies .065 of 200 rows below the right one.
    assert found[DEPRESSION].value == pytest.approx((30 + 0.065 * 200) * 0.8)
    assert found[DEPRESSION].category == "depressed: possible tension"
    # The base of a box is flat.
    assert (found[HEIGHT].value, found[HEIGHT].category) == (0.0, "flattened: possible tension")


def test_a_dome_is_measured_over_the_costophrenic_angle() -> None:
    row, column = np.ogrid[: SHAPE[0], : SHAPE[1]]
    base = 219 - 40 * np.sin(np.pi * np.clip((column - 30) / 160, 0, 0.75))
    field = rectangle(20, 30, 200, 120) & (row <= base)
    fields = LungFields(field, FIELDS.left, "lungs")
    found = by_name(measure_film({Side.RIGHT: rectangle(20, 30, 60, 20)}, fields, SPACING, "m", ERECT))
    assert found[HEIGHT].value == pytest.approx(40 * 0.8, abs=1.0)
    assert found[HEIGHT].category == "not flattened"


VIEWS = [
    (FilmView(Projection.PA, Posture.SUPINE), "supine", {COLLINS, RHEA, LIGHT, KIRCHER, BTS, ACCP}),
    (FilmView(Projection.PA, Posture.DECUBITUS), "side", {COLLINS, RHEA, LIGHT, KIRCHER, BTS, ACCP}),
    (FilmView(Projection.AP), "AP", {COLLINS, RHEA, LIGHT, KIRCHER, BTS, ACCP}),
    (FilmView(Projection.AP, Posture.ERECT), "PA films", {COLLINS}),
    (FilmView(Projection.PA, Posture.ERECT, age_years=7.0), "child", {COLLINS, RHEA, BTS, ACCP}),
]


@pytest.mark.parametrize(("view", "word", "switched_off"), VIEWS)
def test_a_view_switches_off_what_does_not_apply(view: FilmView, word: str, switched_off: set[str]) -> None:
    found = by_name(measure_film(STRIP, FIELDS, SPACING, "m", view))
    off = {name for name, m in found.items() if not m.valid}
    assert off == switched_off | {ACCP}
    off &= switched_off
    for name in off:
        assert word in found[name].why_not


@pytest.mark.parametrize("projection", [Projection.LATERAL, Projection.OBLIQUE])
def test_on_a_lateral_or_oblique_film_only_the_area_is_left(projection: Projection) -> None:
    found = by_name(measure_film(STRIP, FIELDS, SPACING, "m", FilmView(projection)))
    assert {name for name, m in found.items() if m.valid} == {"pneumothorax area"}
    assert projection.value in found[A].why_not


def test_an_oblique_film_names_its_angle() -> None:
    view = FilmView(Projection.OBLIQUE, oblique="the beam is turned by 30° about the patient")
    found = by_name(measure_film(STRIP, FIELDS, SPACING, "m", view))
    assert {name for name, m in found.items() if m.valid} == {"pneumothorax area"}
    assert found[A].why_not == "the film is oblique: the beam is turned by 30° about the patient"


def test_a_rotated_patient_leaves_area_and_straight_distances() -> None:
    rotated = dataclasses.replace(ERECT, rotated=True)
    before = by_name(measure_film(STRIP, FIELDS, SPACING, "m", ERECT))
    found = by_name(measure_film(STRIP, FIELDS, SPACING, "m", rotated))
    switched_off = {name for name, m in before.items() if m.valid and not found[name].valid}
    assert switched_off == {
        "share of hemithorax, projected area", COLLINS, RHEA, LIGHT, KIRCHER, SHIFT,
    } | ({DEPRESSION, HEIGHT} & {name for name, m in before.items() if m.valid})
    reason = "the patient is rotated (reader's judgement)"
    assert {found[name].why_not for name in (*switched_off, SHIFT, DEPRESSION, HEIGHT)} == {reason}
    for name in (A, BTS):
        assert found[name].value == before[name].value
        assert reason in found[name].method
        assert reason not in before[name].method
    # Not valid on these lines, but where the reader moves one it may be: the remark stays with it.
    assert not found[ACCP].valid
    assert reason in found[ACCP].method
    # Nothing was said: the hint still says that it is not known.
    assert "rotation of the patient was not assessed" in before[SHIFT].method
    assert "not assessed" not in found[SHIFT].method


def test_silent_headers_are_said_to_be_assumed() -> None:
    found = by_name(measure_film(STRIP, FIELDS, SPACING, "m"))
    assert found[COLLINS].method.endswith("PA and erect not stated in the file, assumed")
    assert "assumed" not in by_name(measure_film(STRIP, FIELDS, SPACING, "m", ERECT))[COLLINS].method


def random_film(seed: int) -> tuple[LungFields, dict[Side, np.ndarray]]:
    """Return two egg-shaped lungs and air over the lateral part of the right one."""
    rng = np.random.default_rng(seed)
    row, column = np.ogrid[: SHAPE[0], : SHAPE[1]]

    def egg(middle: float) -> np.ndarray:
        height, width = rng.uniform(80, 115), rng.uniform(40, 70)
        lean = rng.uniform(-0.2, 0.2)
        across = column - middle - lean * (row - 130)
        return ((row - 130) / height) ** 2 + (across / width) ** 2 < 1

    right, left = egg(100), egg(300)
    lung = np.roll(right, (int(rng.integers(0, 30)), int(rng.integers(3, 40))), axis=(0, 1))
    return LungFields(right, left, "lungs"), {Side.RIGHT: right & ~lung}


#: The same on both sides of the body: the hila stand at different heights, and the heart is on the left.
SYMMETRIC = {"pneumothorax area", "share of hemithorax, projected area", A, B, C, CUPOLA, COLLINS, RHEA, ACCP}


def comparable(found: dict[str, Measurement], names: set[str]) -> dict[str, tuple]:
    return {
        name: (
            m.value if m.value is None else pytest.approx(m.value, rel=1e-9, abs=1e-9),
            m.valid,
            m.category,
        )
        for name, m in found.items()
        if name in names
    }


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**32 - 1))
def test_mirrored_films_give_the_same_on_the_other_side(seed: int) -> None:
    fields, air = random_film(seed)
    mirrored = LungFields(fields.left[:, ::-1], fields.right[:, ::-1], "lungs")
    here = by_name(measure_film(air, fields, SPACING, "m", ERECT))
    there = by_name(
        measure_film({Side.LEFT: air[Side.RIGHT][:, ::-1]}, mirrored, SPACING, "m", ERECT), "left"
    )
    assert comparable(there, SYMMETRIC) == comparable(here, SYMMETRIC)


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans(), st.booleans())
def test_turned_films_give_the_same_numbers_and_turned_lines(
    seed: int, transpose: bool, flip_rows: bool, flip_columns: bool
) -> None:
    fields, air = random_film(seed)
    turn = Turn(transpose, flip_rows, flip_columns)
    stored = LungFields(turn.undo(fields.right), turn.undo(fields.left), "lungs")
    spacing = Spacing(0.5, 0.8, SpacingBasis.PATIENT) if transpose else SPACING
    view = dataclasses.replace(ERECT, turn=turn)
    here = by_name(measure_film(air, fields, SPACING, "m", ERECT))
    there = by_name(measure_film({Side.RIGHT: turn.undo(air[Side.RIGHT])}, stored, spacing, "m", view))
    assert comparable(there, set(here)) == comparable(here, set(here))
    for name, m in there.items():
        if m.construction is None:
            continue
        for segment, upright in zip(m.construction.segments, here[name].construction.segments, strict=True):
            for stored_end, end in ((segment.start, upright.start), (segment.end, upright.end)):
                turned = turn.apply_to_point(stored_end, stored.right.shape)
                assert turned == pytest.approx(end), name


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**32 - 1), st.floats(0.2, 4.0))
def test_millimetres_follow_the_spacing_and_ratios_do_not(seed: int, factor: float) -> None:
    fields, air = random_film(seed)
    scaled = Spacing(SPACING.row_mm * factor, SPACING.column_mm * factor, SpacingBasis.PATIENT)
    here = by_name(measure_film(air, fields, SPACING, "m", ERECT))
    there = by_name(measure_film(air, fields, scaled, "m", ERECT))
    for name, m in here.items():
        if m.value is None or name in (COLLINS, RHEA):
            continue
        power = {"mm": 1, "mm²": 2, "%": 0}[m.unit]
        assert there[name].value == pytest.approx(m.value * factor**power, abs=1e-9), name
