"""``python main.py audit-explanations``: sanity checks of every explanation on a set of films."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import datetime
import io
import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explain.methods import METHODS, title

if TYPE_CHECKING:
    from explain.audit.films import AuditFilm
    from explain.audit.kept import KeptRows
    from explain.audit.measure import Audit
    from explain.audit.rows import Row

NAME = "explanations-audit"
LIBRARIES = ("captum", "shap", "lime", "torch")


def audit_explanations(words: Sequence[str]) -> int:
    """Check the explanations on films with reference masks, and write what was found.

    Writes ``explanations-audit.md`` into the output folder, and beside it a folder
    ``explanations-audit`` with the plots, ``summary.csv`` (means with intervals) and
    ``measurements.csv`` (film by film).  They are written anew after every film.  What is measured of
    each map is kept in ``explanations-audit/unfinished`` until all is done: the same request, made again
    after an audit was stopped, goes on where it was.

    Returns
    -------
    int
        0 when done, 2 for a wrong request, 1 when writing failed.
    """
    chosen = _parse(words)
    try:
        for method in chosen.methods:
            title(method)
        _run(chosen, ["python", "main.py", "audit-explanations", *words])
    except ValueError as error:
        print(f"ptx-viewer: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except OSError as error:
        reason = f"{error.strerror or error}"
        print(f"ptx-viewer: '{error.filename or chosen.out}': {reason}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="ptx-viewer audit-explanations",
        description="Check the explanations: localisation, faithfulness, randomisation, repeatability.",
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR",
        help="the film collections (their held-out part is used), or a folder with images/ and masks/",
    )  # fmt: skip
    parser.add_argument(
        "--model",
        nargs="+",
        metavar="NAME",
        help="shipped models, or folders of training runs; default: every shipped model",
    )
    parser.add_argument(
        "--methods", nargs="+", default=METHODS, metavar="METHOD", help=f"of {', '.join(METHODS)}"
    )
    parser.add_argument("--films", type=int, metavar="N", help="audit the first N films; default: all")
    parser.add_argument(
        "--thorough", type=int, default=3, metavar="N",
        help="films on which randomisation and repeatability are measured; default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--permuted", nargs="+", default=(), metavar="NAME=DIR",
        help="folder of the same network trained on permuted labels, for the data randomisation test",
    )  # fmt: skip
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    return parser.parse_args(list(words))


def _run(chosen: argparse.Namespace, command: Sequence[str]) -> None:
    from rich.console import Console
    from rich.progress import Progress as Bar

    from explain.audit.films import load_film, outlined_films
    from explain.audit.kept import KeptRows

    listed = outlined_films(chosen.data)[: chosen.films]
    if not listed:
        raise ValueError("--films must be at least 1")
    kept = KeptRows(chosen.out / NAME / "unfinished")
    audits = _audits(chosen, kept)
    chosen.out.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Starting", total=float(len(listed) * len(audits)))
        for place, film in enumerate(listed):
            loaded: AuditFilm = load_film(film)
            for number, audit in enumerate(audits):
                done = place * len(audits) + number

                def step(fraction: float, message: str, done: int = done, audit: Audit = audit) -> None:
                    bar.update(task, completed=done + fraction, description=f"{audit.name}, {message}")

                rows += audit.measure(loaded, place < chosen.thorough, step)
            _write(chosen, command, audits, rows, place + 1)
    kept.clear()
    print(f"{chosen.out / NAME}.md")  # noqa: T201


def _audits(chosen: argparse.Namespace, kept: KeptRows) -> list[Audit]:
    from explain.audit.measure import Audit
    from models import zoo

    permuted: dict[str, Path] = {}
    for text in chosen.permuted:
        name, equals, path = text.partition("=")
        if not equals or not Path(path).is_dir():
            raise ValueError(f"--permuted {text!r} is not NAME=DIR with the folder of a training run")
        permuted[name] = Path(path)
    lungs = zoo.load_lung_fields(chosen.device)
    return [
        Audit(
            name=name,
            model=zoo.load_folder(Path(name), chosen.device)
            if Path(name).is_dir()
            else zoo.load(name, chosen.device),
            methods=chosen.methods,
            lungs_of=lambda pixels: lungs.predict(pixels).lungs,
            permuted=zoo.load_folder(permuted[name], chosen.device) if name in permuted else None,
            kept=kept,
        )
        for name in chosen.model or zoo.available()
    ]


def _write(
    chosen: argparse.Namespace,
    command: Sequence[str],
    audits: Sequence[Audit],
    rows: Sequence[Row],
    films: int,
) -> None:
    from explain.audit.document import Circumstances, document
    from explain.audit.plots import plots
    from explain.audit.rows import summarise

    means = summarise(rows)
    pictures = plots(means)
    made = Circumstances(
        # The folders of this machine are nobody's business.
        command=shlex.join(_without_folders(command)),
        date=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        cards=[getattr(audit.model, "card").card_id for audit in audits],  # noqa: B009
        films=films,
        thorough=min(films, chosen.thorough),
        seed=audits[0].seed,
        libraries=[f"{library} {version(library)}" for library in LIBRARIES],
        refused={audit.name: audit.refused for audit in audits},
    )
    folder = chosen.out / NAME
    folder.mkdir(exist_ok=True)
    for name, content in pictures.items():
        _put(folder / name, content)
    _put(folder / "measurements.csv", _table(rows))
    _put(folder / "summary.csv", _table(means))
    text = document(means, made, list(pictures), NAME)
    _put(chosen.out / f"{NAME}.md", text.encode())


def _without_folders(command: Sequence[str]) -> list[str]:
    shown = list(command)
    for option in ("--data", "--out"):
        if option in shown:
            shown[shown.index(option) + 1] = "DIR"
    for place, word in enumerate(shown):
        name, equals, folder = word.partition("=")
        if equals and Path(folder).is_dir():
            shown[place] = f"{name}=DIR"
    return shown


def _table(rows: Sequence[Any]) -> bytes:
    """Return dataclasses of one kind as CSV."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(
        stream, [field.name for field in dataclasses.fields(rows[0])], lineterminator="\n"
    )
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {
                name: f"{value:.6g}" if isinstance(value, float) else value
                for name, value in dataclasses.asdict(row).items()
            }
        )
    return stream.getvalue().encode()


def _put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
