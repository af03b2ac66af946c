"""Recipes side by side: each cross-validated on the same films, its figures beside the first one's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from models.training import films
from models.training.configuration import Configuration, from_content
from models.training.experiment import build_network, read_entries, run_training
from models.training.fit import trained_weights
from models.training.out_of_fold import Comparison, answers, compare, read_answers, write_answers
from models.training.search import replaced
from models.training.splits import VALIDATION

#: The recipe that the others are compared with.
BASE = "as configured"
#: Table of a fold's answers within its run.
_ANSWERS = "out-of-fold.csv"


def read_variants(content: Mapping[str, Any], path: Path) -> dict[str, Configuration]:
    """Return the recipes that a configuration file names under ``variants``, the first as it stands.

    Parameters
    ----------
    content : mapping
        Of the file: ``variants`` holds, under a name each, the dotted keys that differ.
    path : Path

    Raises
    ------
    ValueError
        If there are none, or one cannot be: a Mask R-CNN, whose masks are no map of probabilities, is
        not compared here; nor are two whose names would share a folder.
    """
    section = content.get("variants")
    if not isinstance(section, dict) or not section:
        raise ValueError("the configuration has no variants to compare")
    recipes: dict[str, Configuration] = {}
    folders: dict[str, str] = {}
    for name, changes in ((BASE, None), *section.items()):
        folder = _folder(str(name))
        if not folder or folder in folders:
            taken = f" and '{folders[folder]}' would share a folder" if folder else " has no letter or digit"
            raise ValueError(f"'variants.{name}'{taken}: give it another name")
        folders[folder] = str(name)
        if changes is not None and not isinstance(changes, dict):
            raise ValueError(f"'variants.{name}' must hold keys and values")
        base = {key: value for key, value in content.items() if key != "variants"}
        recipes[str(name)] = from_content(replaced(base, changes or {}), path)
        if recipes[str(name)].network.name == "mask-rcnn":
            raise ValueError(f"'variants.{name}': U-Nets are compared here, not Mask R-CNNs")
    return recipes


def run_ablation(
    recipes: Mapping[str, Configuration], run: Path, folds: int, lung_network: nn.Module
) -> dict[str, list[Comparison]]:
    """Cross-validate what is left of the recipes; return the figures of each.

    Each recipe trains in a folder of its own, a run a fold.  A stopped ablation goes on where it ended;
    ``run/ablation.md`` is the table of what is finished.

    Raises
    ------
    ValueError
        If the films cannot be dealt into so many folds, or a run cannot be carried out.
    """
    figures: dict[str, list[Comparison]] = {}
    first = None
    for name, configuration in recipes.items():
        folder = run / _folder(name)
        entries = read_entries(configuration, folds)
        for fold in range(folds):
            own = folder / f"fold-{fold}"
            if not (own / _ANSWERS).exists():
                parts = run_training(configuration, own, lung_network, entries, fold)
                network = build_network(configuration)
                network.load_state_dict(trained_weights(own))
                bank = films.load_bank(
                    parts[VALIDATION], configuration.network.size, preprocessing=configuration.preprocessing
                )
                write_answers(answers(network, bank, fold), own / _ANSWERS)
        pooled = read_answers([folder / f"fold-{fold}" / _ANSWERS for fold in range(folds)])
        figures[name] = compare(pooled, first)
        first = first or pooled
        temporary = run / "ablation.md.tmp"
        temporary.write_text(table(figures), encoding="utf-8")
        temporary.replace(run / "ablation.md")
    return figures


def table(figures: Mapping[str, Sequence[Comparison]]) -> str:
    """Return the recipes as a Markdown table: value, 95 % interval, and the paired difference below it."""
    heads = [f"{each.figure} ({each.films})" for each in next(iter(figures.values()))]
    lines = ["| recipe | " + " | ".join(heads) + " |", "|" + "---|" * (len(heads) + 1)]
    for name, own in figures.items():
        cells = []
        for each in own:
            text = _with_interval(each.value, "{:.2f}")
            if each.difference is not None:
                text += "; " + _with_interval(each.difference, "{:+.2f}")
            cells.append(text)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _with_interval(value: tuple[float, float, float], form: str) -> str:
    middle, low, high = (form.format(each) for each in value)
    return f"{middle} [{low}, {high}]"


def _folder(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())
