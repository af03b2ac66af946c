"""``fit-consensus`` and ``evaluate consensus`` on the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from models.cards import WEIGHTS_FOLDER, ModelCard
from models.consensus import card_of
from models.evaluation.consensus import (
    Panel,
    all_differences,
    consensus_answers,
    fit_consensus,
    verdict,
    with_figures,
)
from models.evaluation.evaluation import Row, evaluate
from models.training.films import Film


def fit_consensus_command(words: Sequence[str]) -> int:
    """Choose a consensus's weights and thresholds on validation films, and measure it on held-out ones."""
    parser = argparse.ArgumentParser(
        prog="ptx-viewer fit-consensus", description=fit_consensus_command.__doc__
    )
    parser.add_argument("networks", nargs="+", help="two shipped networks or more")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the film collections")
    parser.add_argument(
        "--out", type=Path, default=WEIGHTS_FOLDER, metavar="DIR",
        help="folder for the card consensus.yaml; default: beside the shipped weights",
    )  # fmt: skip
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    chosen = parser.parse_args(list(words))
    try:
        return _fit(chosen.networks, chosen.data, chosen.out, chosen.device)
    except (ValueError, OSError) as error:
        print(f"ptx-viewer: {error}", file=sys.stderr)  # noqa: T201
        return 2


def _fit(networks: Sequence[str], data: Path, out: Path, device: str) -> int:
    from models import zoo
    from models.training.command import COLLECTIONS
    from models.training.export import write_card
    from models.training.pneumothorax import pneumothorax_films

    if len(set(networks)) < 2:
        raise ValueError("a consensus needs two different networks or more")
    missing = [name for name in COLLECTIONS if not (data / name).is_dir()]
    if missing:
        raise ValueError(f"'{data}' lacks the film collections {', '.join(missing)}")
    models = [zoo.load(name, device) for name in networks]
    members = [model.card for model in models]
    parts = pneumothorax_films(data)
    command = f"python main.py fit-consensus {' '.join(networks)} --data DIR"
    card_id = f"consensus of {' and '.join(card.card_id for card in members)}"
    fitted = fit_consensus(Panel.ask(models, parts["validation"]), members, card_id, command)
    rows, differences = _measure(Panel.ask(models, parts["test"]), members, fitted)
    out.mkdir(parents=True, exist_ok=True)
    write_card(with_figures(fitted, rows, differences), out)
    _print(fitted, rows, differences)
    print(f"Written to {out / 'consensus.yaml'}")  # noqa: T201
    return 0


def print_consensus(networks: Sequence[str], films: Sequence[Film], device: str) -> int:
    """Measure the consensus that the program makes of `networks`, against each of them.

    Raises
    ------
    ValueError
        If there are fewer than two networks.
    """
    from models import zoo

    if len(networks) < 2:
        raise ValueError("only one network ships as a main one, so there is no consensus to measure")
    models = [zoo.load(name, device) for name in networks]
    members = [model.card for model in models]
    card = card_of(members)
    _print(card, *_measure(Panel.ask(models, films), members, card))
    return 0


def _measure(panel: Panel, members: Sequence[ModelCard], card: ModelCard) -> tuple[list[Row], list[Row]]:
    together = consensus_answers(panel, card)
    return evaluate(together), all_differences(panel, members, together)


def _print(card: ModelCard, rows: Sequence[Row], differences: Sequence[Row]) -> None:
    options = card.options
    for what in ("pixel_weights", "score_weights"):
        weights = ", ".join(f"{name} {weight:.2f}" for name, weight in options[what].items())
        print(f"{what.replace('_', ' ')}: {weights}")  # noqa: T201
    print(f"thresholds: image {card.threshold}, pixels {card.mask_threshold}")  # noqa: T201
    for row in (*rows, *differences):
        interval = f"[{row.low:.3f}, {row.high:.3f}]"
        print(f"{row.group}: {row.figure} {row.value:.3f} {interval} ({row.films} films)")  # noqa: T201
    print(verdict(differences))  # noqa: T201
