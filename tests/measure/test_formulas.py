from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptx_viewer.measure.formulas import collins, kircher_swartz, light_index, rhea, size_class


def test_collins_of_no_pneumothorax_is_zero_and_not_the_intercept() -> None:
    assert collins(0.0, 0.0, 0.0) == 0.0


def test_collins_is_the_published_line() -> None:
    # 4.2 + 4.7 × (3 + 2 + 1)
    assert collins(3.0, 2.0, 1.0) == pytest.approx(32.4)


def test_collins_stops_at_a_hundred() -> None:
    # The line reaches 100 at (100 - 4.2) / 4.7 = 20.38 cm.
    assert collins(20.3, 0.0, 0.0) == pytest.approx(99.61)
    assert collins(20.4, 0.0, 0.0) == 100.0
    assert collins(10.0, 10.0, 10.0) == 100.0


@pytest.mark.parametrize(
    ("average", "percent"),
    [(0.5, 10), (1, 14), (1.5, 18), (2, 23), (2.5, 27), (3, 32), (3.5, 36), (4, 40), (5, 49)],
)
def test_rhea_gives_the_table_at_its_entries(average: float, percent: float) -> None:
    assert rhea(average) == pytest.approx(percent)


def test_rhea_interpolates_and_ends_with_the_table() -> None:
    assert rhea(1.25) == pytest.approx(16.0)  # half way from 14 to 18
    assert rhea(4.5) == pytest.approx(44.5)  # half way from 40 to 49
    assert rhea(0.25) == pytest.approx(5.0)  # half way from 0 to the first entry
    assert rhea(0.0) == 0.0
    assert rhea(5.01) is None


@given(st.floats(0.3, 5.0))
def test_rhea_stays_near_its_published_fit(average: float) -> None:
    value = rhea(average)
    assert value is not None
    assert abs(value - (8.719 * average + 5.384)) < 2.1


def test_light_index_compares_cubes() -> None:
    assert light_index(5.0, 10.0) == pytest.approx(87.5)
    assert light_index(10.0, 10.0) == 0.0
    assert light_index(0.0, 10.0) == 100.0
    with pytest.raises(ValueError, match="no width"):
        light_index(0.0, 0.0)


def test_kircher_swartz_compares_length_times_width() -> None:
    # 1 - (20 × 8) / (25 × 10)
    assert kircher_swartz(20.0, 8.0, 25.0, 10.0) == pytest.approx(36.0)
    with pytest.raises(ValueError, match="no area"):
        kircher_swartz(1.0, 1.0, 0.0, 5.0)


def test_a_size_class_begins_at_its_threshold() -> None:
    assert [size_class(mm, 20.0) for mm in (19.99, 20.0, 35.0)] == ["small", "large", "large"]
