"""Box AP50 on boxes judged by hand."""

from __future__ import annotations

import math

import pytest

from models.evaluation.boxes import FilmBoxes, box_average_precision, judge, overlap
from models.prediction import Box

TRUE = Box(0, 0, 10, 10)


def test_overlap_is_intersection_over_union() -> None:
    assert overlap(TRUE, TRUE) == 1.0
    assert overlap(TRUE, Box(5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert overlap(TRUE, Box(10, 0, 20, 10)) == 0.0


def test_a_true_box_is_found_once_by_the_highest_score() -> None:
    film = judge([(0.5, TRUE), (0.9, Box(0, 0, 10, 9)), (0.7, Box(50, 50, 60, 60))], [TRUE])
    assert film.scores.tolist() == [0.9, 0.7, 0.5]
    assert film.right.tolist() == [True, False, False]
    assert film.truth == 1


def test_average_precision_over_films() -> None:
    # Ranked: right, wrong, right, wrong; of three true boxes.  Precision at the hits: 1 and 2/3.
    first = judge([(0.9, TRUE), (0.8, Box(50, 50, 60, 60))], [TRUE, Box(100, 100, 110, 110)])
    second = judge([(0.7, TRUE), (0.1, Box(50, 50, 60, 60))], [TRUE])
    assert box_average_precision([first, second]) == pytest.approx((1 + 2 / 3) / 3)


def test_precision_is_made_to_fall() -> None:
    # Wrong, right, right: precision 0, 1/2, 2/3; the curve takes 2/3 for both hits.
    film = judge(
        [(0.9, Box(50, 50, 60, 60)), (0.8, TRUE), (0.7, Box(100, 100, 110, 110))],
        [TRUE, Box(100, 100, 110, 110)],
    )
    assert box_average_precision([film]) == pytest.approx(2 / 3)


def test_nothing_found_is_zero_and_nothing_to_find_is_not_a_number() -> None:
    missed: FilmBoxes = judge([], [TRUE])
    assert box_average_precision([missed]) == 0.0
    assert math.isnan(box_average_precision([judge([(0.9, TRUE)], [])]))
