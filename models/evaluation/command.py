"""``evaluate`` and ``compare`` on the command line."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.cards import CONSENSUS
from models.evaluation.evaluation import Row, Scored, evaluate
from models.training.films import Film

_HELD_OUT = "held-out films of the training split"


def evaluate_command(words: Sequence[str]) -> int:
    """Measure a network on held-out films: figures with 95 % intervals, curves, what it gets wrong."""
    parser = _parser("evaluate", evaluate_command.__doc__)
    parser.add_argument(
        "network",
        help="a shipped network, a folder with a card and weights, or 'consensus'",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write tables, plots and a gallery there")
    chosen = parser.parse_args(list(words))
    try:
        return _evaluate(chosen.network, chosen.data, chosen.out, chosen.device)
    except (ValueError, OSError) as error:
        print(f"ptx-viewer: {error}", file=sys.stderr)  # noqa: T201
        return 2


def _evaluate(network: str, data: Path, out: Path | None, device: str) -> int:
    from models import zoo
    from models.evaluation.answers import ask

    if network == zoo.LUNG_FIELDS:
        from models.training.evaluate_lungs import lung_figures

        for figure in lung_figures(zoo.load_lung_fields(device), data):
            print(figure)  # noqa: T201
        return 0
    if network == CONSENSUS:
        from models.evaluation.consensus_command import print_consensus

        return print_consensus(zoo.main_models(), test_films(data), device)
    model = zoo.load_folder(Path(network), device) if Path(network).is_dir() else zoo.load(network, device)
    films = test_films(data)
    answers = ask(model, films)
    rows = evaluate(answers)
    for row in rows:
        print(_line(row))  # noqa: T201
    if out is None:
        return 0
    from models.evaluation.curves import write_curves, write_table
    from models.evaluation.gallery import write_gallery

    out.mkdir(parents=True, exist_ok=True)
    write_table(out / "figures.csv", [dataclasses.asdict(row) for row in rows])
    write_table(
        out / "films.csv",
        [
            {
                "film": answer.film.film_id,
                "source": answer.film.source,
                "positive": int(answer.film.positive),
                "score": round(answer.prediction.score, 4),
            }
            for answer in answers
        ],
    )
    scored = Scored.of(answers)
    for source in np.unique(scored.source):
        own = scored.source == source
        if 0 < scored.positive[own].sum() < own.sum():
            write_curves(scored.positive[own], scored.score[own], model.threshold, str(source), out)
        of_source = [answer for answer, mine in zip(answers, own, strict=True) if mine]
        write_gallery(of_source, out / f"{source}-gallery.png")
    print(f"Written to {out}")  # noqa: T201
    return 0


def compare_command(words: Sequence[str]) -> int:
    """Put networks, and their consensus, side by side on held-out films: quality, time, memory, size."""
    parser = _parser("compare", compare_command.__doc__)
    parser.add_argument(
        "networks", nargs="+",
        help="shipped networks, folders with a card and weights, or 'consensus', which is added where "
        "all that it weighs are named",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the comparison there")
    chosen = parser.parse_args(list(words))
    from models.evaluation.compare import differences, left_out, measure, table, with_consensus
    from models.evaluation.curves import write_table

    try:
        films = test_films(chosen.data)
        names = with_consensus(chosen.networks)
        candidates = [measure(name, films, chosen.device) for name in names]
    except (ValueError, OSError) as error:
        print(f"ptx-viewer: {error}", file=sys.stderr)  # noqa: T201
        return 2
    text = table(candidates) + left_out(names) + differences(candidates)
    print(text)  # noqa: T201
    if chosen.out is not None:
        chosen.out.mkdir(parents=True, exist_ok=True)
        (chosen.out / "comparison.md").write_text(text, encoding="utf-8")
        write_table(
            chosen.out / "comparison.csv",
            [{"network": each.name, **dataclasses.asdict(row)} for each in candidates for row in each.rows],
        )
    return 0


def test_films(data: Path) -> list[Film]:
    """Return the held-out films: of the collections in `data`, or all of a plain folder.

    Raises
    ------
    ValueError
        If the folder is neither.
    """
    from models.training.command import COLLECTIONS
    from models.training.pneumothorax import pneumothorax_films

    if all((data / name).is_dir() for name in COLLECTIONS):
        return pneumothorax_films(data)["test"]
    if (data / "images").is_dir():
        from models.training.readers.folder import read_folder

        return list(read_folder(data).films)
    raise ValueError(
        f"'{data}' is neither a folder with images/ and masks/ nor one with the collections "
        f"{', '.join(COLLECTIONS)}"
    )


def _line(row: Row) -> str:
    return f"{row.group}: {row.figure} {row.value:.3f} [{row.low:.3f}, {row.high:.3f}] ({row.films} films)"


def _parser(name: str, description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"ptx-viewer {name}", description=description)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR",
        help=f"the film collections ({_HELD_OUT} are used), or a folder with images/ and masks/",
    )  # fmt: skip
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    return parser
