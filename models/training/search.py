"""Hyper-parameter search: every combination of a grid, or random draws, kept in the run's folder."""

from __future__ import annotations

import copy
import csv
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from models.training.strict import build

#: Trains with the given keys in place of the configuration's, in the given folder; returns the figure.
Objective = Callable[[dict[str, Any], Path], float]


@dataclass(frozen=True)
class Range:
    """Numbers from which random search draws.

    Attributes
    ----------
    low, high : float
    log : bool
        Draw evenly on a logarithmic scale.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if self.low >= self.high or (self.log and self.low <= 0):
            raise ValueError("low must be below high, and above 0 where log is true")


@dataclass(frozen=True)
class Search:
    """What is searched.

    Attributes
    ----------
    space : mapping of str to list or Range
        Dotted keys of the configuration, e.g. ``fit.learning_rate``, each with the values to try or a range.
    sampler : {"grid", "random"}
    trials : int
        Number of random draws; a grid has as many trials as combinations.
    figure : str
        Validation figure to maximise.
    seed : int
    """

    space: dict[str, list[Any] | Range]
    sampler: Literal["grid", "random"] = "random"
    trials: int = 20
    figure: str = "dice"
    seed: int = 0


def read_search(content: Mapping[str, Any]) -> Search:
    """Return the search that a configuration file asks for under ``search``.

    Raises
    ------
    ValueError
        If there is none, or it cannot be carried out; the message names the key.
    """
    section = content.get("search")
    if not isinstance(section, dict) or not isinstance(section.get("space"), dict) or not section["space"]:
        raise ValueError("the configuration has no search with a space of keys to try")
    rest = {key: value for key, value in section.items() if key != "space"}
    plain = build(_Rest, rest, "search")
    space: dict[str, list[Any] | Range] = {}
    for key, values in section["space"].items():
        where = f"search.space.{key}"
        if isinstance(values, list) and values:
            space[key] = values
        elif isinstance(values, dict) and plain.sampler == "random":
            space[key] = build(Range, values, where)
        elif isinstance(values, dict):
            raise ValueError(f"'{where}' is a range: a grid needs a list of values")
        else:
            raise ValueError(f"'{where}' must be a list of values or a range with low and high")
    return Search(space, plain.sampler, plain.trials, plain.figure, plain.seed)


@dataclass(frozen=True)
class _Rest:
    sampler: Literal["grid", "random"] = "random"
    trials: int = 20
    figure: str = "dice"
    seed: int = 0


def replaced(content: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a configuration with dotted keys replaced, and without the search itself."""
    result = copy.deepcopy({key: value for key, value in content.items() if key != "search"})
    for dotted, value in chosen.items():
        *path, last = dotted.split(".")
        section = result
        for name in path:
            if not isinstance(section.setdefault(name, {}), dict):
                raise ValueError(f"'{dotted}' cannot be searched: '{name}' holds no keys")
            section = section[name]
        section[last] = value
    return result


def run_search(search: Search, run: Path, objective: Objective) -> list[tuple[dict[str, Any], float]]:
    """Carry out what is left of a search; return every trial with its figure, in order.

    ``run/search.db`` is the study (Optuna, SQLite), ``run/trials.csv`` a table of it, and each trial
    trains in ``run/trial-000``, ``run/trial-001``, ...  What trial number n tries follows from the
    search's seed and n alone, so that a search that was stopped goes on as if it had not been, the
    trial it was stopped in from that trial's checkpoint.

    Raises
    ------
    ValueError
        If the folder holds another search.
    """
    import optuna
    from sqlalchemy.engine import URL

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    run.mkdir(parents=True, exist_ok=True)
    url = URL.create("sqlite", database=str((run / "search.db").resolve()))
    storage = optuna.storages.RDBStorage(url.render_as_string(hide_password=False))
    study = optuna.create_study(
        storage=storage, study_name="search", direction="maximize", load_if_exists=True
    )
    signature = json.dumps(_signature(search), sort_keys=True)
    if study.user_attrs.get("search", signature) != signature:
        raise ValueError(f"'{run}' holds another search: go on with that one, or name another folder")
    study.set_user_attr("search", signature)
    points = grid(search.space) if search.sampler == "grid" else None
    count = search.trials if points is None else len(points)
    finished = _finished(study)
    for number in range(count):
        if number in finished:
            continue
        chosen = draw(search, number) if points is None else points[number]
        figure = objective(chosen, run / f"trial-{number:03}")
        study.add_trial(
            optuna.trial.create_trial(
                params=chosen,
                distributions=_distributions(search),
                value=figure,
                user_attrs={"number": number},
            )
        )
        finished[number] = (chosen, figure)
        _write_trials(finished, run / "trials.csv")
    return [finished[number] for number in sorted(finished)]


def grid(space: Mapping[str, list[Any] | Range]) -> list[dict[str, Any]]:
    """Return every combination of the listed values, the last key changing fastest."""
    lists = [values for values in space.values() if isinstance(values, list)]
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*lists)]


def draw(search: Search, number: int) -> dict[str, Any]:
    """Return what random trial `number` tries, drawn by Optuna's random sampler."""
    import optuna

    # One sampler a trial: its draws do not depend on how many trials this process has made.
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=search.seed * 100_003 + number))
    return dict(study.ask(_distributions(search)).params)


def _distributions(search: Search) -> dict[str, Any]:
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    return {
        key: FloatDistribution(values.low, values.high, log=values.log)
        if isinstance(values, Range)
        else CategoricalDistribution(values)
        for key, values in search.space.items()
    }


def _signature(search: Search) -> dict[str, Any]:
    space = {
        key: [values.low, values.high, values.log] if isinstance(values, Range) else ["list", *values]
        for key, values in search.space.items()
    }
    # More random trials may be asked for later: their number is no part of what the search is.
    return {"space": space, "sampler": search.sampler, "figure": search.figure, "seed": search.seed}


def _finished(study: Any) -> dict[int, tuple[dict[str, Any], float]]:
    return {trial.user_attrs["number"]: (trial.params, trial.value) for trial in study.get_trials()}


def _write_trials(finished: Mapping[int, tuple[dict[str, Any], float]], path: Path) -> None:
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        names = list(next(iter(finished.values()))[0])
        writer.writerow(["trial", *names, "figure"])
        for number in sorted(finished):
            chosen, figure = finished[number]
            writer.writerow([number, *(chosen[name] for name in names), figure])
    temporary.replace(path)
