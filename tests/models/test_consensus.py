"""Several networks' answers as one, with every number worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.agreement import agreement_of
from models.cards import ModelCard
from models.consensus import EQUAL_RULE, card_of, combine, make_card, weighted_score
from models.prediction import Box, Instance, Prediction, Side


def card(name: str, threshold: float | None = 0.4, mask_threshold: float | None = 0.5) -> ModelCard:
    return ModelCard(
        card_id=f"{name}-7", name=name, title=name.upper(), task="", architecture="", size=256, sources=(),
        split="", preprocessing="", threshold=threshold, mask_threshold=mask_threshold, threshold_rule="",
        figures=(), limitations=(), licence="free", command="", commit="", sha256=name * 4, options={},
    )  # fmt: skip


def answer(
    model: str, columns: dict[tuple[int, int], float], score: float, side: Side = Side.RIGHT
) -> Prediction:
    """A film of 10 x 100; what reaches 0.5 is outlined when the score reaches 0.4."""
    probability = np.zeros((10, 100), dtype=np.float32)
    for (first, end), value in columns.items():
        probability[:, first:end] = value
    mask = probability >= 0.5
    found = (Instance(mask, Box.around(mask), 0.9, side),) if score >= 0.4 and mask.any() else ()
    return Prediction(model, f"{model}-7", probability, score, 0.4, 0.5, found, 0.5, "cpu", engine=model)


def fitted(**changes: object) -> ModelCard:
    options = {
        "card_id": "c-1", "pixel_weights": {"a": 0.75, "b": 0.25}, "score_weights": {"a": 0.5, "b": 0.5},
        "calibration": (1.0, 0.0), "thresholds": (0.5, 0.6), "rule": "by hand", **changes,
    }  # fmt: skip
    return make_card([card("a"), card("b")], **options)


def test_probabilities_are_averaged_by_their_weights():
    one, two = answer("a", {(0, 40): 0.8}, 0.9), answer("b", {(20, 60): 0.4}, 0.3)
    made = combine([one, two], fitted(), None)
    # .75 x .8 = .6; where both speak .6 + .25 x .4 = .7; where only b does .1.
    assert made.probability[0, [0, 30, 50, 80]] == pytest.approx([0.6, 0.7, 0.1, 0.0])
    assert made.score == pytest.approx(0.6)
    (found,) = made.instances
    # .6 in single precision is .6 - 2.4e-8 or more: the columns from 20 on reach it surely.
    assert found.mask[:, 20:40].all()
    assert not found.mask[:, 40:].any()
    assert (made.model, made.card_id, made.seconds) == ("consensus", "c-1", 1.0)
    assert (made.engine, made.device) == ("a, b", "cpu")


def test_below_its_threshold_the_consensus_outlines_nothing():
    one, two = answer("a", {(0, 40): 0.9}, 0.6), answer("b", {(0, 40): 0.9}, 0.38)
    made = combine([one, two], fitted(), None)
    assert made.score == pytest.approx(0.49)
    assert not made.present
    assert made.instances == ()
    assert not made.mask.any()


def test_the_averaged_score_is_calibrated_on_its_logit():
    # The mean is .8, its logit ln 4; slope 2 and offset -ln 2 give ln 16 - ln 2 = ln 8.
    (score,) = weighted_score(np.array([[0.9, 0.7]]), [0.5, 0.5], (2.0, -np.log(2)))
    assert score == pytest.approx(8 / 9)
    low, high = weighted_score(np.array([[0.0, 0.0], [1.0, 1.0]]), [0.5, 0.5])
    assert 0 < low < 2e-6
    assert 1 - 2e-6 < high < 1


def test_networks_that_nobody_weighed_count_alike():
    made = card_of([card("a", 0.2, 0.3), card("b", 0.4, 0.5)])
    assert made.options["pixel_weights"] == {"a": 0.5, "b": 0.5}
    assert (made.threshold, made.mask_threshold) == (pytest.approx(0.3), pytest.approx(0.4))
    assert made.threshold_rule == EQUAL_RULE
    assert made.figures == ()
    assert "a-7" in made.card_id
    assert "b-7" in made.card_id
    assert made.architecture == "weighted average of the probabilities of A and B"


def test_three_networks_count_alike_too():
    cards = [card(name) for name in "abc"]
    values = {"a": 0.3, "b": 0.6, "c": 0.9}
    answers = [answer(name, {(0, 30): value}, 0.5) for name, value in values.items()]
    assert combine(answers, card_of(cards), None).probability[0, 0] == pytest.approx(0.6)


@pytest.mark.parametrize("members", [[], [card("a")]])
def test_one_network_has_no_consensus(members):
    with pytest.raises(ValueError, match="two networks or more"):
        card_of(members)


def test_a_network_without_thresholds_takes_no_part():
    with pytest.raises(ValueError, match="no thresholds"):
        card_of([card("a"), card("b", None)])


def test_answers_of_other_networks_are_refused():
    with pytest.raises(ValueError, match="consensus of a, b cannot be made from a, c"):
        combine([answer("a", {}, 0.1), answer("c", {}, 0.1)], fitted(), None)


def test_answers_in_different_grids_are_refused():
    other = replace(answer("b", {}, 0.1), probability=np.zeros((10, 50), dtype=np.float32))
    with pytest.raises(ValueError, match="one grid"):
        combine([answer("a", {}, 0.1), other], fitted(), None)


def test_agreement_by_hand():
    made = agreement_of([answer("a", {(0, 40): 0.8}, 0.9), answer("b", {(30, 50): 0.8}, 0.9)])
    # 10 shared columns of 40 and 20.
    assert made.overlaps[0].dice == pytest.approx(2 * 10 / 60)
    assert [(each.side, each.seen_by, each.word) for each in made.sides] == [
        (Side.RIGHT, ("a", "b"), "both"),
        (Side.LEFT, (), "none"),
    ]
    assert made.unanimous


def test_agreement_counts_what_each_network_says_not_what_its_map_holds():
    # b's image score is below its threshold: it outlines nothing, however the pixels look.
    made = agreement_of([answer("a", {(0, 40): 0.8}, 0.9), answer("b", {(0, 40): 0.8}, 0.1)])
    assert made.overlaps[0].dice == 0.0
    assert made.sides[0].word == "one"
    assert not made.unanimous


def test_two_empty_outlines_are_not_compared():
    made = agreement_of([answer("a", {}, 0.1), answer("b", {}, 0.1)])
    assert made.overlaps[0].dice is None
    assert made.unanimous


def test_agreement_of_three_networks_names_each_pair():
    columns = {(0, 10): 0.8}
    made = agreement_of(
        [answer("a", columns, 0.9), answer("b", columns, 0.9), answer("c", columns, 0.9, Side.UNKNOWN)]
    )
    assert [(o.first, o.second) for o in made.overlaps] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [each.word for each in made.sides] == ["2 of 3", "none", "1 of 3"]
