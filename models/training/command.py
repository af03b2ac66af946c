"""``train``, ``search`` and ``ablate`` on the command line."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from models.training.precision import Precision

NETWORKS = ("lung-fields", "attention-unet", "unet", "mask-rcnn")
#: Folders of the film collections.
COLLECTIONS = (
    "siim", "siim-figure-crops", "nih", "nih-more", "jsrt", "covid-lungs", "covid-lungs-more", "not-frontal",
)  # fmt: skip


def train(words: Sequence[str]) -> int:
    """Train a network, then write its weights and its card; goes on where a stopped run ended."""
    parser = argparse.ArgumentParser(prog="ptx-viewer train", description=train.__doc__)
    parser.add_argument("network", nargs="?", choices=NETWORKS, help="as shipped, without a configuration")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder with the film collections")
    parser.add_argument("--config", type=Path, metavar="FILE", help="train as this YAML file says")
    parser.add_argument("--folds", type=int, metavar="K", help="cross-validate instead; with --config")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    parser.add_argument("--steps", type=int, default=900, help="without a configuration")
    parser.add_argument("--initial", type=Path, metavar="FILE", help="weights to begin with; as shipped")
    parser.add_argument(
        "--average", action="store_true", help="keep the mean of those weights and the trained ones; U-Nets"
    )
    parser.add_argument(
        "--precision", choices=get_args(Precision), default="float32", help="as shipped; default: float32"
    )
    parser.add_argument(
        "--by-detectron2", action="store_true", help="mask-rcnn as shipped: by Detectron2's own trainer"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the films drawn; U-Nets as shipped")
    parser.add_argument("--threads", type=int, help="processor threads; default: all")
    chosen = parser.parse_args(list(words))
    if chosen.config is None and (chosen.network is None or chosen.data is None):
        parser.error("name a network and --data, or a --config")
    if chosen.config is not None and (chosen.network or chosen.data):
        parser.error("a configuration names network and data itself")
    if chosen.initial is not None and (chosen.config is not None or chosen.network == "lung-fields"):
        parser.error("--initial is not for lung-fields; a configuration names its own")
    if chosen.average and (chosen.initial is None or chosen.network == "mask-rcnn"):
        parser.error("--average is for the U-Nets and needs --initial")
    if chosen.seed and chosen.network not in ("attention-unet", "unet"):
        parser.error("--seed is for the U-Nets as shipped; a configuration names its own")
    if chosen.by_detectron2 and (chosen.network != "mask-rcnn" or chosen.precision != "float32"):
        parser.error("--by-detectron2 is for mask-rcnn in float32")
    if chosen.folds is not None and (chosen.config is None or chosen.folds < 2):
        parser.error("--folds needs a --config and at least 2 folds")
    with _complaints() as status:
        if chosen.config is not None:
            _train_as_configured(chosen.config, chosen.out, chosen.folds, chosen.threads)
        else:
            _train_as_shipped(chosen)
    return status[0]


def search(words: Sequence[str]) -> int:
    """Try settings of a configuration's search section; goes on where a stopped search ended."""
    parser = argparse.ArgumentParser(prog="ptx-viewer search", description=search.__doc__)
    parser.add_argument("--config", type=Path, required=True, metavar="FILE")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the search")
    parser.add_argument("--threads", type=int, help="processor threads; default: all")
    chosen = parser.parse_args(list(words))
    with _complaints() as status:
        _search(chosen.config, chosen.out, chosen.threads)
    return status[0]


def ablate(words: Sequence[str]) -> int:
    """Cross-validate the variants of a configuration on the same films; goes on where it was stopped."""
    parser = argparse.ArgumentParser(prog="ptx-viewer ablate", description=ablate.__doc__)
    parser.add_argument("--config", type=Path, required=True, metavar="FILE")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the runs")
    parser.add_argument("--folds", type=int, default=5, metavar="K")
    parser.add_argument("--threads", type=int, help="processor threads; default: all")
    chosen = parser.parse_args(list(words))
    if chosen.folds < 2:
        parser.error("--folds must be at least 2")
    with _complaints() as status:
        _ablate(chosen.config, chosen.out, chosen.folds, chosen.threads)
    return status[0]


@contextlib.contextmanager
def _complaints() -> Iterator[list[int]]:
    """Turn what cannot be done into a sentence and exit status 2."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", force=True)
    status = [0]
    try:
        yield status
    except (ValueError, OSError) as error:
        print(f"ptx-viewer: {error}", file=sys.stderr)  # noqa: T201
        status[0] = 2


def _train_as_shipped(chosen: argparse.Namespace) -> None:
    absent = [name for name in COLLECTIONS if not (chosen.data / name).is_dir()]
    if absent:
        raise ValueError(f"'{chosen.data}' lacks the collections: {', '.join(absent)}")
    if chosen.by_detectron2:
        from models.mask_rcnn.engines import detectron2_obstacle

        obstacle = detectron2_obstacle()
        if obstacle is not None:
            raise ValueError(obstacle)
    import torch

    from models import zoo
    from models.training.evaluate_lungs import export_lungs
    from models.training.evaluate_mask_rcnn import export_mask_rcnn
    from models.training.evaluate_pneumothorax import export_pneumothorax
    from models.training.lungs import lung_films, train_lungs
    from models.training.manifest import entries_of_parts, keep_manifest
    from models.training.mask_rcnn import train_by_detectron2, train_mask_rcnn
    from models.training.pneumothorax import pneumothorax_films, train_pneumothorax

    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    command = f"python main.py train {chosen.network} --data DIR --out DIR --steps {chosen.steps}"
    is_lungs = chosen.network == "lung-fields"
    parts = lung_films(chosen.data) if is_lungs else pneumothorax_films(chosen.data)
    keep_manifest(entries_of_parts(parts), chosen.out / "manifest.csv")
    if is_lungs:
        train_lungs(chosen.data, chosen.out, chosen.steps)
        card = export_lungs(chosen.out, chosen.data, chosen.out, command)
    else:
        lungs = zoo.load_lung_fields("cpu").network
        if chosen.initial is not None:
            command += " --initial EARLIER-WEIGHTS" + (" --average" if chosen.average else "")
        if chosen.precision != "float32":
            command += f" --precision {chosen.precision}"
        if chosen.seed:
            command += f" --seed {chosen.seed}"
        if chosen.by_detectron2:
            file = train_by_detectron2(chosen.data, chosen.out, chosen.steps, lungs, chosen.initial)
            print(f"the weights are in {file}; no card is written for them")  # noqa: T201
            return
        if chosen.network == "mask-rcnn":
            train_mask_rcnn(chosen.data, chosen.out, chosen.steps, lungs, chosen.initial, chosen.precision)
            card = export_mask_rcnn(chosen.out, chosen.data, chosen.out, command)
        else:
            attention = chosen.network == "attention-unet"
            train_pneumothorax(
                chosen.data, chosen.out, chosen.steps, lungs, attention, chosen.initial, chosen.precision,
                chosen.seed,
            )  # fmt: skip
            averaged_with = chosen.initial if chosen.average else None
            card = export_pneumothorax(chosen.out, chosen.data, chosen.out, command, attention, averaged_with)
    for figure in card.figures:
        print(figure)  # noqa: T201


def _train_as_configured(config: Path, out: Path, folds: int | None, threads: int | None) -> None:
    import torch

    from models import zoo
    from models.training.configuration import read_configuration
    from models.training.cross_validation import cross_validate
    from models.training.experiment import read_entries, run_training
    from models.training.experiment_card import write_card
    from models.training.world import joined

    configuration = read_configuration(config)
    if threads or configuration.threads:
        torch.set_num_threads(threads or configuration.threads or 1)
    lungs = zoo.load_lung_fields("cpu").network
    with joined() as world:
        if folds is not None:
            cross_validate(configuration, out, folds, lungs, world)
            if world.leads:
                print((out / "folds.csv").read_text(encoding="utf-8"), end="")  # noqa: T201
            return
        parts = run_training(configuration, out, lungs, read_entries(configuration), world=world)
        if world.leads:
            card = write_card(configuration, out, parts, "python main.py train --config FILE --out DIR")
            for figure in card.figures:
                print(figure)  # noqa: T201


def _search(config: Path, out: Path, threads: int | None) -> None:
    import torch

    from models import zoo
    from models.training.configuration import from_content, read_content
    from models.training.cross_validation import last_figures
    from models.training.experiment import read_entries, run_training
    from models.training.search import read_search, replaced, run_search

    content = read_content(config)
    wanted = read_search(content)
    first = from_content(replaced(content, {}), config)
    if threads or first.threads:
        torch.set_num_threads(threads or first.threads or 1)
    lungs = zoo.load_lung_fields("cpu").network

    def objective(chosen: dict[str, object], folder: Path) -> float:
        configuration = from_content(replaced(content, chosen), config)
        run_training(configuration, folder, lungs, read_entries(configuration))
        figures = last_figures(folder, wanted.figure)
        return figures[wanted.figure]

    results = run_search(wanted, out, objective)
    best, figure = max(results, key=lambda result: result[1])
    print(f"best {wanted.figure} {figure:.4f} of {len(results)} trials:")  # noqa: T201
    for key, value in best.items():
        print(f"  {key}: {value}")  # noqa: T201


def _ablate(config: Path, out: Path, folds: int, threads: int | None) -> None:
    import torch

    from models import zoo
    from models.training.ablation import read_variants, run_ablation, table
    from models.training.configuration import read_content

    recipes = read_variants(read_content(config), config)
    first = next(iter(recipes.values()))
    if threads or first.threads:
        torch.set_num_threads(threads or first.threads or 1)
    print(table(run_ablation(recipes, out, folds, zoo.load_lung_fields("cpu").network)), end="")  # noqa: T201
