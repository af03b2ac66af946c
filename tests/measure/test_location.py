"""Where an outline lies, on lung fields of 90 rows whose thirds are known."""

from __future__ import annotations

import numpy as np
import pytest

from models.geometry import Turn
from models.prediction import LungFields, Side
from ptx_viewer.measure.location import location

RIGHT, LEFT = np.s_[0:90, 0:40], np.s_[0:90, 60:100]


def area(*places: tuple[slice, slice]) -> np.ndarray:
    mask = np.zeros((90, 100), dtype=np.bool_)
    for place in places:
        mask[place] = True
    return mask


LUNGS = LungFields(area(RIGHT), area(LEFT), "lungs")


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ((0, 30), "apical"),
        ((0, 36), "apical"),  # 6 of 36 rows in the middle third are less than a fifth
        ((0, 45), "apicolateral"),
        ((35, 55), "lateral"),
        ((45, 75), "basolateral"),
        ((60, 90), "basal"),
        ((0, 90), "apex-to-base"),
    ],
)
def test_thirds_of_the_lung_give_the_word_on_both_sides(rows, word):
    assert location(area(np.s_[slice(*rows), 0:15]), LUNGS, Side.RIGHT) == word
    assert location(area(np.s_[slice(*rows), 85:100]), LUNGS, Side.LEFT) == word


def test_apart_at_both_ends():
    mask = area(np.s_[0:20, 0:15], np.s_[70:90, 0:15])
    assert location(mask, LUNGS, Side.RIGHT) == "apical and basal"


@pytest.mark.parametrize(
    ("rows", "word"), [((35, 55), "medial"), ((0, 45), "apicomedial"), ((0, 20), "apical")]
)
def test_along_the_mediastinum(rows, word):
    assert location(area(np.s_[slice(*rows), 30:40]), LUNGS, Side.RIGHT) == word
    assert location(area(np.s_[slice(*rows), 60:70]), LUNGS, Side.LEFT) == word


def test_a_film_stored_upside_down_is_turned_first():
    # Stored with the feet up: the first rows are the base.
    stored = LungFields(LUNGS.right[::-1], LUNGS.left[::-1], "lungs")
    turn = Turn(flip_rows=True)
    assert location(area(np.s_[0:30, 0:15]), stored, Side.RIGHT, turn) == "basal"


@pytest.mark.parametrize(
    ("mask", "lungs", "side"),
    [
        (area(), LUNGS, Side.RIGHT),
        (area(np.s_[0:9, 0:9]), None, Side.RIGHT),
        (area(np.s_[0:9, 0:9]), LUNGS, Side.UNKNOWN),
        (area(np.s_[0:9, 0:9]), LungFields(area(), area(LEFT), "lungs"), Side.RIGHT),
    ],
)
def test_nothing_is_said_where_nothing_is_known(mask, lungs, side):
    assert location(mask, lungs, side) == ""
