from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.evaluation.answers import Answer
from models.evaluation.decision import specific_threshold
from models.evaluation.evaluation import Row, Scored, evaluate
from models.evaluation.gallery import worst
from models.instances import find_instances
from models.prediction import Prediction
from models.training.films import Film


def answer(
    name: str, source: str, positive: bool, score: float, drawn: int = 0, found: int = 0, view: str = ""
) -> Answer:
    """A film of 10 x 100 with `drawn` reference columns and `found` predicted ones, from the left."""
    probability = np.zeros((10, 100), dtype=np.float32)
    probability[:, :found] = 0.9
    present = score >= 0.5
    prediction = Prediction(
        model="m", card_id="m-1", probability=probability, score=score, threshold=0.5, mask_threshold=0.5,
        instances=tuple(find_instances(probability, 0.5, None)) if present else (), seconds=0.1, device="cpu",
    )  # fmt: skip
    mask = Path("mask.png") if drawn else None
    truth = None
    if drawn:
        truth = np.zeros((10, 100), dtype=bool)
        truth[:, :drawn] = True
    return Answer(Film(name, source, Path("film.png"), mask, positive, name, view), prediction, truth)


ANSWERS = [
    answer("a", "siim", True, 0.9, drawn=20, found=10),  # Dice 2/3
    answer("b", "siim", True, 0.3, drawn=20, found=20),  # gated away: Dice 0, ungated 1
    answer("c", "siim", False, 0.2),
    answer("d", "siim", False, 0.7, found=5),
    answer("e", "nih", True, 0.8, view="PA"),  # positive by label alone: no pixel figures
    answer("f", "nih", False, 0.6, view="AP"),
    answer("g", "nih", False, 0.1, view="PA"),
]


def value(rows: list[Row], group: str, figure: str) -> float:
    (row,) = [row for row in rows if (row.group, row.figure) == (group, figure)]
    return row.value


def test_outline_figures_by_hand() -> None:
    rows = evaluate(ANSWERS, samples=20)
    assert value(rows, "siim", "Dice of positives") == pytest.approx((2 / 3 + 0) / 2)
    ungated = "Dice of positives, whatever the image score"
    assert value(rows, "siim", ungated) == pytest.approx((2 / 3 + 1) / 2)
    assert value(rows, "siim", "IoU of positives") == pytest.approx((1 / 2 + 0) / 2)
    # c is empty and right, d has a false outline on 5 of 100 columns.
    assert value(rows, "siim", "Dice of all films") == pytest.approx((2 / 3 + 0 + 1 + 0) / 4)
    assert value(rows, "siim", "false-positive share of negative films") == pytest.approx(0.05 / 2)
    assert value(rows, "siim, large", "sensitivity (outline met)") == pytest.approx(1 / 2)


def test_sources_and_views_are_told_apart() -> None:
    rows = evaluate(ANSWERS, samples=20)
    assert value(rows, "siim", "sensitivity") == pytest.approx(1 / 2)
    assert value(rows, "nih", "specificity") == pytest.approx(1 / 2)
    assert value(rows, "nih, AP", "specificity") == 0.0
    assert value(rows, "nih, PA", "specificity") == 1.0
    assert not [row for row in rows if row.group == "nih" and "Dice of positives" in row.figure]


def test_a_positive_without_a_drawn_mask_has_no_outline_figures() -> None:
    scored = Scored.of(ANSWERS)
    assert scored.gated[4] is None
    assert scored.gated[5] is not None


def test_worst_films_are_the_lowest_positives_and_the_highest_negatives() -> None:
    misses, alarms = worst(ANSWERS, 2)
    assert [a.film.film_id for a in misses] == ["b", "e"]
    assert [a.film.film_id for a in alarms] == ["d", "f"]


@pytest.mark.parametrize(
    ("negatives", "expected"),
    [
        # Nine of ten stay below: the cut lies half way between the ninth and the tenth.
        ([0.1, 0.2, 0.2, 0.2, 0.2, 0.3, 0.3, 0.3, 0.4, 0.8], 0.6),
        # Of five, nine tenths are all of them: half way from the highest to the next positive.
        ([0.1, 0.1, 0.2, 0.3, 0.6], 0.75),
        # No positive lies higher: half way to certainty.
        ([0.1, 0.1, 0.2, 0.3, 0.94], 0.97),
    ],
)
def test_image_threshold_lets_nine_of_ten_negatives_stay_below(
    negatives: list[float], expected: float
) -> None:
    films = [
        answer("a", "siim", True, 0.9, drawn=20),
        answer("b", "siim", True, 0.05, drawn=20),
        *(answer(f"n{i}", "nih", False, score) for i, score in enumerate(negatives)),
    ]
    scores = np.array([film.prediction.score for film in films])
    assert specific_threshold(scores, films) == pytest.approx(expected)
