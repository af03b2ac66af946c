from __future__ import annotations

import numpy as np
import pytest

from models.instances import find_instances
from models.prediction import Box, LungFields, Side


def field(top: int, bottom: int, left: int, right: int) -> np.ndarray:
    mask = np.zeros((100, 120), np.bool_)
    mask[top:bottom, left:right] = True
    return mask


@pytest.fixture
def lungs() -> LungFields:
    """Return the patient's right lung at the film's left, as on the usual display."""
    return LungFields(right=field(10, 90, 10, 50), left=field(10, 90, 70, 110), card_id="drawn")


def probability(*pieces: tuple[np.ndarray, float]) -> np.ndarray:
    values = np.zeros((100, 120), np.float32)
    for mask, value in pieces:
        values[mask] = value
    return values


def test_sides_scores_and_boxes(lungs: LungFields) -> None:
    right, left = field(20, 40, 12, 18), field(30, 50, 100, 108)
    found = find_instances(probability((right, 0.6), (left, 0.9)), 0.5, lungs)
    assert [(i.side, round(i.score, 4)) for i in found] == [(Side.LEFT, 0.9), (Side.RIGHT, 0.6)]
    assert found[0].box == Box(left=100, top=30, right=108, bottom=50)
    np.testing.assert_array_equal(found[1].mask, right)


def test_the_side_is_the_patients_not_the_screens(lungs: LungFields) -> None:
    mirrored = LungFields(right=lungs.left, left=lungs.right, card_id="drawn")
    values = probability((field(20, 40, 12, 18), 0.8))
    assert find_instances(values, 0.5, lungs)[0].side is Side.RIGHT
    assert find_instances(values, 0.5, mirrored)[0].side is Side.LEFT


def test_a_piece_in_both_lungs_is_cut_between_them(lungs: LungFields) -> None:
    bridge = field(12, 20, 30, 90)
    found = find_instances(probability((bridge, 0.8)), 0.5, lungs)
    assert {i.side for i in found} == {Side.RIGHT, Side.LEFT}
    np.testing.assert_array_equal(found[0].mask | found[1].mask, bridge)
    assert not (found[0].mask & found[1].mask).any()
    by_side = {i.side: i.box for i in found}
    # The right lung ends at column 49, the left one begins at 70: column 59 is nearer to the right one.
    assert by_side[Side.RIGHT].right == 60
    assert by_side[Side.LEFT].left == 60


def test_a_piece_that_only_leans_over_the_midline_is_one_finding(lungs: LungFields) -> None:
    leaning = field(12, 20, 30, 66)
    (found,) = find_instances(probability((leaning, 0.8)), 0.5, lungs)
    assert found.side is Side.RIGHT
    np.testing.assert_array_equal(found.mask, leaning)


def test_small_pieces_are_dropped(lungs: LungFields) -> None:
    # 0.02 % of 12,000 pixels is 2.4: three pixels stay, two go.
    three, two = field(20, 21, 12, 15), field(60, 61, 12, 14)
    (found,) = find_instances(probability((three, 0.7), (two, 0.99)), 0.5, lungs)
    np.testing.assert_array_equal(found.mask, three)


def test_pixels_that_touch_at_a_corner_are_one_finding(lungs: LungFields) -> None:
    values = probability((field(20, 25, 12, 17), 0.7), (field(25, 30, 17, 22), 0.7))
    assert len(find_instances(values, 0.5, lungs)) == 1


def test_the_threshold_itself_belongs_to_the_finding(lungs: LungFields) -> None:
    values = probability((field(20, 40, 12, 18), 0.5))
    assert len(find_instances(values, 0.5, lungs)) == 1
    assert find_instances(values, 0.5001, lungs) == ()


@pytest.mark.parametrize("missing", ["none", "right", "left"])
def test_without_both_lung_fields_no_side_is_claimed(lungs: LungFields, missing: str) -> None:
    empty = np.zeros((100, 120), np.bool_)
    partial = {
        "none": None,
        "right": LungFields(right=empty, left=lungs.left, card_id="drawn"),
        "left": LungFields(right=lungs.right, left=empty, card_id="drawn"),
    }[missing]
    bridge = field(12, 20, 30, 90)
    (found,) = find_instances(probability((bridge, 0.8)), 0.5, partial)
    assert found.side is Side.UNKNOWN
    np.testing.assert_array_equal(found.mask, bridge)


def test_a_lung_field_too_small_for_the_coarse_grid_decides_no_side() -> None:
    right, left = np.zeros((2, 1024, 1024), np.bool_)
    right[100:900, 100:400] = True
    left[501, 701] = True  # the grid of every fourth pixel does not see it
    values = np.where(right, np.float32(0.9), np.float32(0))
    (found,) = find_instances(values, 0.5, LungFields(right=right, left=left, card_id="drawn"))
    assert found.side is Side.UNKNOWN


def test_nothing_above_the_threshold_gives_nothing(lungs: LungFields) -> None:
    assert find_instances(np.full((100, 120), 0.49, np.float32), 0.5, lungs) == ()
