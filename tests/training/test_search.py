from __future__ import annotations

import csv
from pathlib import Path

import pytest

from models.training.search import Range, Search, draw, grid, read_search, replaced, run_search

SPACE = {"fit.learning_rate": Range(1e-4, 1e-2, log=True), "network.encoder": ["a", "b", "c"]}


class Interrupted(Exception):  # noqa: N818
    """The machine was switched off."""


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as stream:
        return list(csv.reader(stream))


def test_a_grid_is_every_combination() -> None:
    assert grid({"x": [1, 2], "y": ["a", "b"]}) == [
        {"x": 1, "y": "a"}, {"x": 1, "y": "b"}, {"x": 2, "y": "a"}, {"x": 2, "y": "b"},
    ]  # fmt: skip


def test_random_draws_follow_from_seed_and_number_alone() -> None:
    search = Search(SPACE, trials=4)
    drawn = [draw(search, number) for number in range(40)]
    assert drawn == [draw(search, number) for number in range(40)]
    rates = [each["fit.learning_rate"] for each in drawn]
    assert len(set(rates)) == 40
    assert all(1e-4 <= rate <= 1e-2 for rate in rates)
    # On a logarithmic scale about half lie below the geometric mean.
    assert 10 <= sum(rate < 1e-3 for rate in rates) <= 30
    assert {each["network.encoder"] for each in drawn} == {"a", "b", "c"}
    assert draw(Search(SPACE, seed=1), 0) != drawn[0]


@pytest.mark.parametrize("sampler", ["grid", "random"])
def test_a_stopped_search_goes_on_as_if_it_had_not_been_stopped(tmp_path: Path, sampler: str) -> None:
    space = {"x": [0.5, 2.0, 1.0], "y": [1, 3]} if sampler == "grid" else {"x": Range(0, 3), "y": [1, 3]}
    search = Search(space, sampler, trials=5)

    def figure(chosen: dict, folder: Path) -> float:
        folder.mkdir(exist_ok=True)
        return chosen["y"] - (chosen["x"] - 1) ** 2

    unbroken = run_search(search, tmp_path / "unbroken", figure)
    assert len(unbroken) == (6 if sampler == "grid" else 5)
    calls = []

    def breaks(chosen: dict, folder: Path) -> float:
        calls.append(folder.name)
        if len(calls) == 3:
            raise Interrupted
        return figure(chosen, folder)

    with pytest.raises(Interrupted):
        run_search(search, tmp_path / "broken", breaks)
    resumed = run_search(search, tmp_path / "broken", breaks)
    assert resumed == unbroken
    # The trial that was stopped is made again, in its own folder; finished ones are not.
    assert calls[:4] == ["trial-000", "trial-001", "trial-002", "trial-002"]
    assert len(calls) == len(unbroken) + 1
    assert rows(tmp_path / "broken" / "trials.csv") == rows(tmp_path / "unbroken" / "trials.csv")
    assert rows(tmp_path / "broken" / "trials.csv")[0] == ["trial", "x", "y", "figure"]
    best = max(resumed, key=lambda result: result[1])
    if sampler == "grid":
        assert best == ({"x": 1.0, "y": 3}, 3.0)
    with pytest.raises(ValueError, match="holds another search"):
        run_search(Search({"x": [1]}, sampler), tmp_path / "broken", figure)


def test_more_random_trials_may_be_asked_for_later(tmp_path: Path) -> None:
    space = {"x": Range(0, 1)}
    first = run_search(Search(space, trials=2), tmp_path, lambda chosen, _: chosen["x"])
    more = run_search(Search(space, trials=3), tmp_path, lambda chosen, _: chosen["x"])
    assert more[:2] == first
    assert len(more) == 3


def test_keys_are_replaced_without_touching_the_rest() -> None:
    content = {"fit": {"steps": 5, "seed": 1}, "search": {"space": {}}}
    made = replaced(content, {"fit.seed": 2, "network.encoder": "b"})
    assert made == {"fit": {"steps": 5, "seed": 2}, "network": {"encoder": "b"}}
    assert content["fit"]["seed"] == 1
    with pytest.raises(ValueError, match=r"'fit\.steps\.x' cannot be searched: 'steps' holds no keys"):
        replaced(content, {"fit.steps.x": 1})


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        (None, "no search with a space"),
        ({"space": {}}, "no search with a space"),
        ({"space": {"a": [1]}, "trails": 3}, "unknown key 'search.trails'; did you mean 'trials'"),
        (
            {"space": {"a": {"low": 1, "high": 2}}, "sampler": "grid"},
            "'search.space.a' is a range: a grid needs",
        ),
        ({"space": {"a": {"low": 2, "high": 1}}}, "search.space.a: low must be below high"),
        ({"space": {"a": 5}}, "'search.space.a' must be a list of values or a range"),
        ({"space": {"a": [1]}, "sampler": "tpe"}, "'search.sampler' must be one of grid, random, not 'tpe'"),
    ],
)
def test_a_search_that_cannot_be_is_refused(section: dict | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_search({"search": section} if section is not None else {})


def test_a_search_is_read() -> None:
    section = {
        "sampler": "random", "trials": 7,
        "space": {
            "fit.learning_rate": {"low": "1e-4", "high": 0.01, "log": True},
            "network.encoder": ["a", "b", "c"],
        },
    }  # fmt: skip
    assert read_search({"search": section}) == Search(SPACE, trials=7)
