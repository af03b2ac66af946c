"""Weights of a consensus: chosen on validation films, and compared film by film."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from models.cards import ModelCard, load_card
from models.evaluation.answers import Answer
from models.evaluation.consensus import (
    Panel,
    all_differences,
    consensus_answers,
    fit_consensus,
    verdict,
    weight_choices,
    with_figures,
)
from models.evaluation.consensus_command import fit_consensus_command
from models.evaluation.evaluation import Row, Scored, evaluate
from models.instances import find_instances
from models.prediction import Prediction
from models.training.export import write_card
from models.training.films import Film

NAMES = ("a", "b")


def card(name: str) -> ModelCard:
    return ModelCard(
        card_id=f"{name}-1", name=name, title=name.upper(), task="", architecture="", size=256, sources=(),
        split="", preprocessing="", threshold=0.5, mask_threshold=0.5, threshold_rule="", figures=(),
        limitations=(), licence="free", command="", commit="", sha256="0", options={},
    )  # fmt: skip


def answer(name: str, source: str, positive: bool, score: float, columns: int, drawn: int = 0) -> Answer:
    """A film of 10 x 100: `drawn` reference columns from the left, `columns` outlined ones."""
    probability = np.zeros((10, 100), dtype=np.float32)
    probability[:, :columns] = 0.9
    truth = None
    if drawn or source == "siim":
        truth = np.zeros((10, 100), dtype=bool)
        truth[:, :drawn] = True
    found = find_instances(probability, 0.5, None) if score >= 0.5 and columns else ()
    prediction = Prediction("?", "?", probability, score, 0.5, 0.5, found, 0.1, "cpu")
    return Answer(Film(name, source, Path("f.png"), None, positive, name), prediction, truth)


def panel() -> Panel:
    """Network a outlines well and scores badly; b scores well and outlines nothing."""
    films = [
        ("p1", "siim", True, 20, (0.40, 20), (0.9, 0)),
        ("p2", "siim", True, 40, (0.30, 40), (0.8, 0)),
        ("n1", "siim", False, 0, (0.60, 0), (0.2, 0)),
        ("n2", "nih", False, 0, (0.55, 0), (0.1, 0)),
    ]
    of_each = []
    for place, name in enumerate(NAMES):
        answers = []
        for film, source, positive, drawn, *said in films:
            score, columns = said[place]
            made = answer(film, source, positive, score, columns, drawn)
            answers.append(
                Answer(made.film, Prediction(**{**vars(made.prediction), "model": name}), made.truth)
            )
        of_each.append(tuple(answers))
    return Panel(NAMES, tuple(of_each))


def test_weights_add_up_leave_nobody_out_and_the_even_ones_come_first():
    choices = weight_choices(2)
    assert choices[0] == (0.5, 0.5)
    assert sorted(choices) == [(step / 10, (10 - step) / 10) for step in range(1, 10)]
    three = weight_choices(3)
    assert len(three) == 36
    assert all(sum(weights) == pytest.approx(1) and min(weights) >= 0.1 for weights in three)


def test_each_network_gets_the_weight_that_the_validation_films_give_it():
    made = fit_consensus(panel(), [card("a"), card("b")], "c-1", "fit")
    # Any weight of a whose .9 reaches a threshold of the grid outlines all: the most even one wins.
    assert made.options["pixel_weights"] == {"a": 0.5, "b": 0.5}
    assert made.mask_threshold < 0.45
    # Equal weights order the films by .65, .55 against .40, .325: all positives come first.
    assert made.options["score_weights"] == {"a": 0.5, "b": 0.5}
    assert made.options["members"] == {"a": "a-1", "b": "b-1"}
    assert "4 films, 2 of them outlined positives" in made.threshold_rule
    together = consensus_answers(panel(), made)
    assert [a.prediction.present for a in together] == [True, True, False, False]
    assert Scored.of(together).gated[0].dice == pytest.approx(1.0)


def test_what_limits_every_network_limits_their_consensus():
    members = [
        dataclasses.replace(card("a"), limitations=("Knows no drains.", "Sees no children.")),
        dataclasses.replace(card("b"), limitations=("Sees no children.", "Is slow.")),
    ]
    made = fit_consensus(panel(), members, "c-1", "fit")
    assert made.limitations == ("What all networks miss, the consensus misses.", "Sees no children.")


def test_mined_labels_are_said_to_be_mined():
    rows = [Row("nih, AP", "sensitivity", 0.5, 0.4, 0.6, 25), Row("own", "sensitivity", 0.5, 0.4, 0.6, 9)]
    made = with_figures(card("c"), rows, [])
    assert [figure.data for figure in made.figures] == [
        "NIH ChestX-ray14, AP, held out, mined labels",
        "own, held out",
    ]


def test_films_without_an_outlined_positive_cannot_fit():
    empty = Panel(NAMES, tuple(of_one[2:] for of_one in panel().answers))
    with pytest.raises(ValueError, match="without an outlined positive"):
        fit_consensus(empty, [card("a"), card("b")], "c-1", "fit")


def test_differences_are_paired_film_by_film():
    members = [card("a"), card("b")]
    made = fit_consensus(panel(), members, "c-1", "fit")
    differences = all_differences(panel(), members, consensus_answers(panel(), made))
    rows = {(row.group, row.figure): row for row in differences}
    # b outlines nothing (Dice 0 twice), the consensus everything.
    gain = rows["siim", "consensus minus B: Dice of positives"]
    assert (gain.value, gain.low, gain.high, gain.films) == (1.0, 1.0, 1.0, 2)
    # a is gated away by its own scores, but its map is right: nothing gained whatever the score.
    assert rows["siim", "consensus minus A: Dice of positives, whatever the image score"].value == 0.0
    assert rows["siim", "consensus minus B: image ROC-AUC"].value == 0.0
    assert rows["siim", "consensus minus A: image ROC-AUC"].value == 1.0


def test_only_an_interval_above_zero_for_every_network_is_a_win():
    def row(title: str, low: float) -> Row:
        return Row("siim", f"consensus minus {title}: Dice of positives", 0.1, low, 0.2, 12)

    assert verdict([row("A", 0.01), row("B", 0.02)]) == (
        "On the held-out films the consensus beats each network in Dice of positives (SIIM-ACR)."
    )
    assert "does not beat" in verdict([row("A", 0.01), row("B", -0.02)])


def test_the_card_can_be_written_and_read_with_its_figures(tmp_path: Path):
    members = [card("a"), card("b")]
    made = fit_consensus(panel(), members, "c-1", "fit")
    together = consensus_answers(panel(), made)
    differences = all_differences(panel(), members, together)
    write_card(with_figures(made, evaluate(together, samples=20), differences), tmp_path)
    read = load_card(tmp_path / "consensus.yaml")
    assert read.options == made.options
    assert any("consensus minus B" in figure.name for figure in read.figures)
    assert {figure.data for figure in read.figures} >= {"SIIM-ACR, held out"}
    assert not any(figure.data.startswith(("siim", "nih")) for figure in read.figures)
    assert read.limitations[-1].startswith("On the held-out films the consensus")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["attention-unet", "--data", "."], "two different networks"),
        (["attention-unet", "attention-unet", "--data", "."], "two different networks"),
        (["attention-unet", "unet", "--data", "nowhere"], "lacks the film collections"),
    ],
)
def test_what_cannot_be_fitted_is_one_sentence(words, message, capsys):
    assert fit_consensus_command(words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
