"""``train`` on the command line."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

NETWORKS = ("lung-fields", "attention-unet", "unet")
#: Folders of the film collections.
COLLECTIONS = (
    "siim", "siim-figure-crops", "nih", "nih-more", "jsrt", "covid-lungs", "covid-lungs-more", "not-frontal",
)  # fmt: skip


def train(words: Sequence[str]) -> int:
    """Train a network, then write its weights and its card; goes on where a stopped run ended."""
    parser = _parser("train", train.__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--threads", type=int, help="processor threads; default: all")
    chosen = parser.parse_args(list(words))
    problem = _missing(chosen.data)
    if problem:
        print(f"ptx-viewer: {problem}", file=sys.stderr)  # noqa: T201
        return 2
    import torch

    from models import zoo
    from models.training.evaluate_lungs import export_lungs
    from models.training.evaluate_pneumothorax import export_pneumothorax
    from models.training.lungs import train_lungs
    from models.training.pneumothorax import train_pneumothorax

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", force=True)
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    command = f"python main.py train {chosen.network} --data DIR --out DIR --steps {chosen.steps}"
    if chosen.network == "lung-fields":
        train_lungs(chosen.data, chosen.out, chosen.steps)
        card = export_lungs(chosen.out, chosen.data, chosen.out, command)
    else:
        attention = chosen.network == "attention-unet"
        lungs = zoo.load_lung_fields("cpu").network
        train_pneumothorax(chosen.data, chosen.out, chosen.steps, lungs, attention)
        card = export_pneumothorax(chosen.out, chosen.data, chosen.out, command, attention)
    for figure in card.figures:
        print(figure)  # noqa: T201
    return 0


def _parser(name: str, description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"ptx-viewer {name}", description=description)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="folder with the film collections"
    )
    return parser


def _missing(data: Path) -> str | None:
    absent = [name for name in COLLECTIONS if not (data / name).is_dir()]
    return f"'{data}' lacks the collections: {', '.join(absent)}" if absent else None
