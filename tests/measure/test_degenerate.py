"""Outlines that nobody would draw on purpose: a sentence each, never an exception or a made-up number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.geometry import Turn
from models.prediction import LungFields, Side
from ptx_viewer.measure.film import measure_film
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.view import FilmView
from ptx_viewer.study.spacing import Spacing, SpacingBasis

SHAPE = (260, 400)
MM = Spacing(1.0, 1.0, SpacingBasis.PATIENT)
A, B, C = (
    "interpleural distance A, apex",
    "interpleural distance B, upper half",
    "interpleural distance C, lower half",
)
COLLINS, HILUM, CUPOLA = "Collins 1995", "lateral distance at the hilum", "apex-to-cupola distance"


def rectangle(top: int, left: int, rows: int, columns: int) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[top : top + rows, left : left + columns] = True
    return mask


FIELDS = LungFields(rectangle(20, 30, 200, 120), rectangle(20, 250, 200, 120), "lungs")


def measured(air: np.ndarray, fields: LungFields | None = FIELDS) -> dict[str, Measurement]:
    return {m.name: m for m in measure_film({Side.RIGHT: air}, fields, MM, "m")}


def test_an_island_in_the_lung_is_no_pleural_air() -> None:
    found = measured(rectangle(90, 70, 30, 30))
    assert found["pneumothorax area"].valid
    for name in (A, B, C, HILUM, CUPOLA, COLLINS):
        assert found[name].value is None
        assert found[name].why_not == (
            "the outline touches no edge of the hemithorax, as air in the pleural space would"
        )


def test_total_collapse_leaves_no_lung_to_measure() -> None:
    found = measured(rectangle(20, 30, 200, 120))
    assert found["share of hemithorax, projected area"].value == pytest.approx(100.0)
    for name in (A, B, C, HILUM, CUPOLA, COLLINS, "Light index"):
        assert found[name].why_not == (
            "no lung can be told from the air: it has collapsed, or its outline was missed"
        )


def test_a_lung_of_two_percent_is_as_good_as_none() -> None:
    found = measured(rectangle(20, 30, 200, 120) & ~rectangle(100, 130, 24, 20))
    assert not found[HILUM].valid


def test_a_collapse_to_the_hilum_has_lines_where_there_is_lung() -> None:
    # A stump of 40 × 60 pixels at the mediastinum, rows 110..149.
    found = measured(rectangle(20, 30, 200, 120) & ~rectangle(110, 90, 40, 60))
    assert found[CUPOLA].value == pytest.approx(90.0)
    assert found[B].value == pytest.approx(60.0)
    assert found[C].value == pytest.approx(60.0)
    # The farthest wall of the upper eighth is its lateral corner: 90.5 rows up, 60 columns out.
    assert found[A].value == pytest.approx(math.hypot(90, 60), abs=1.5)
    assert found["Rhea 1982"].why_not == (
        "the average interpleural distance of 7.6 cm lies beyond the table, which ends at 5 cm (49 %)"
    )


def test_the_hilum_level_may_hold_no_lung() -> None:
    found = measured(rectangle(20, 30, 200, 120) & ~rectangle(30, 60, 40, 90))
    assert (found[HILUM].value, found[HILUM].why_not) == (None, "there is no lung at this level")
    assert found[CUPOLA].value == pytest.approx(10.0)


def test_air_at_the_base_alone_has_no_collins() -> None:
    found = measured(rectangle(200, 30, 20, 120))
    assert [found[name].value for name in (A, B, C, HILUM, CUPOLA)] == [0.0] * 5
    assert found[COLLINS].value is None
    assert found[COLLINS].why_not == (
        "none of the three lines crosses the air: it lies at the base, medially, or in a pocket"
    )
    assert "the air lies elsewhere" in found["Light index"].why_not


def test_medial_air_has_no_lateral_distance_but_narrows_the_lung() -> None:
    found = measured(rectangle(20, 110, 200, 40))
    assert [found[name].value for name in (B, C, HILUM)] == [0.0] * 3
    assert found["Light index"].value == pytest.approx(100 * (1 - (80 / 120) ** 3))


def test_a_tiny_outline_at_the_wall_is_measured_as_it_is() -> None:
    found = measured(rectangle(20, 80, 3, 10))
    assert found["pneumothorax area"].value == 30.0
    assert found[A].value == pytest.approx(3.0, abs=0.2)
    assert (found[B].value, found[C].value) == (0.0, 0.0)


def test_an_outline_over_the_other_lung_is_not_compared_with_this_one() -> None:
    found = measured(rectangle(20, 330, 200, 40))
    assert found["pneumothorax area"].valid
    for name in ("share of hemithorax, projected area", A, COLLINS):
        assert found[name].why_not == "most of the outline lies over the left lung field"


def test_air_on_both_sides_is_measured_twice_and_compared_with_nothing() -> None:
    air = {Side.RIGHT: rectangle(20, 30, 200, 40), Side.LEFT: rectangle(20, 350, 200, 20)}
    found = {(m.side, m.name): m for m in measure_film(air, FIELDS, MM, "m")}
    assert found["right", C].value == pytest.approx(40.0)
    assert found["left", C].value == pytest.approx(20.0)
    for side in ("right", "left"):
        assert found[side, "mediastinal shift"].why_not == (
            "there is air on both sides: no side to compare with"
        )


def test_without_the_other_lung_nothing_says_that_the_mediastinum_moved() -> None:
    fields = LungFields(FIELDS.right, np.zeros(SHAPE, dtype=bool), "lungs")
    found = measured(rectangle(20, 30, 200, 40), fields)
    assert found[C].valid
    assert found["mediastinal shift"].why_not == "the lung field of the other side was not found"


def test_a_film_on_its_head_is_measured_wrongly_only_without_its_turn() -> None:
    air = rectangle(20, 30, 30, 120)[::-1]
    fields = LungFields(FIELDS.right[::-1], FIELDS.left[::-1], "lungs")
    turned = measure_film({Side.RIGHT: air}, fields, MM, "m", FilmView(turn=Turn(flip_rows=True)))
    assert {m.name: m.value for m in turned}[CUPOLA] == pytest.approx(30.0)


def test_nothing_is_drawn_without_lung_fields() -> None:
    found = measured(rectangle(20, 30, 200, 40), None)
    assert {m.why_not for m in found.values()} == {None, "the lung fields were not outlined"}
    assert all(m.construction is None for m in found.values())


def check(measurements: tuple[Measurement, ...]) -> None:
    for m in measurements:
        if not m.valid:
            assert (m.value, m.interval, m.interval_basis, m.category) == (None, None, None, None)
            assert m.why_not
            assert not m.why_not.endswith(".")
            continue
        assert m.why_not is None
        assert m.value is not None
        assert math.isfinite(m.value)
        if m.unit == "%":
            assert 0 <= m.value <= 100
        if m.interval is not None:
            assert m.interval_basis
            assert m.interval[0] <= m.value <= m.interval[1]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_no_outline_raises(seed: int) -> None:
    """Boxes and noise anywhere, of any size, in any turn, with and without spacing and probabilities."""
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(1, 60, 2))

    def blob() -> np.ndarray:
        mask = np.zeros(shape, dtype=bool)
        for _ in range(int(rng.integers(0, 4))):
            top, left = (int(rng.integers(0, n)) for n in shape)
            mask[top : top + int(rng.integers(1, 40)), left : left + int(rng.integers(1, 40))] = True
        return mask ^ (rng.random(shape) < rng.choice([0.0, 0.02]))

    masks = {side: blob() for side in Side if rng.random() < 0.7}
    lungs = None if rng.random() < 0.1 else LungFields(blob(), blob(), "lungs")
    spacing = rng.choice([None, MM, Spacing(0.3, 2.0, SpacingBasis.DETECTOR_PLANE)])
    turn = Turn(*(bool(bit) for bit in rng.integers(0, 2, 3)))
    probability = rng.random(shape, dtype=np.float32) if rng.random() < 0.5 else None
    check(measure_film(masks, lungs, spacing, "m", FilmView(turn=turn), probability, 0.5))
