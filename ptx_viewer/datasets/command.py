"""``python main.py prepare``: read a data set, clean it, divide it, write its manifest."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.training.cleaning import ViewGate
    from models.training.readers.reading import Reading
    from ptx_viewer.progress import Progress

FORMS = ("siim-acr", "nih", "folder", "coco")
_LABELLED = {
    "siim-acr": "the annotation file, train-rle.csv or stage_2_train.csv",
    "nih": "Data_Entry_2017.csv",
    "coco": "the JSON file with the instances",
}


def prepare_command(words: list[str]) -> int:
    """Run the command with its arguments; return 0, or 2 for what cannot be done."""
    parser = argparse.ArgumentParser(
        prog="ptx-viewer prepare",
        description="Read labelled films, leave out what cannot be used, divide the rest by patient, "
        "and write a manifest that 'train' takes.",
    )
    parser.add_argument("form", choices=FORMS)
    parser.add_argument(
        "source", type=Path, metavar="DIR", help="folder with the films (siim-acr: DICOM or PNG)"
    )
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="; ".join(f"{k}: {v}" for k, v in _LABELLED.items())
    )
    parser.add_argument("--boxes", type=Path, metavar="FILE", help="nih: BBox_List_2017.csv")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="for manifest.csv, masks/, left-out.csv"
    )
    parser.add_argument(
        "--earlier",
        type=Path,
        action="append",
        default=[],
        metavar="MANIFEST",
        help="leave out films that repeat one of this manifest; may be given several times",
    )
    parser.add_argument("--validation", type=float, default=0.15, metavar="SHARE")
    parser.add_argument("--test", type=float, default=0.2, metavar="SHARE")
    parser.add_argument("--folds", type=int, default=5, metavar="K", help="0 for none; default: %(default)s")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--any-view", action="store_true", help="keep what is not recognised as a frontal film"
    )
    parser.add_argument("--coco", type=Path, metavar="FILE", help="also write all films as COCO instances")
    chosen = parser.parse_args(words)
    if chosen.form in _LABELLED and chosen.labels is None:
        parser.error(f"{chosen.form} needs --labels: {_LABELLED[chosen.form]}")
    try:
        for line in _prepare(chosen):
            print(line)  # noqa: T201
    except (ValueError, OSError) as error:
        print(f"ptx-viewer: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _prepare(chosen: argparse.Namespace) -> list[str]:
    from rich.console import Console
    from rich.progress import Progress as Bar

    from models.training.preparation import Division, prepare

    division = Division(chosen.validation, chosen.test, chosen.folds, chosen.seed)
    gate = None if chosen.any_view else _view_gate()
    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Reading", total=1.0)
        reading = _read(chosen, lambda share, message: bar.update(task, completed=share, description=message))
        bar.update(task, completed=0.0, description="Cleaning")
        lines = prepare(
            reading,
            chosen.out,
            division,
            gate,
            chosen.earlier,
            lambda share: bar.update(task, completed=share),
        )
    if chosen.coco is not None:
        _write_coco(chosen.out / "manifest.csv", chosen.coco)
        lines.append(f"COCO instances: {chosen.coco}")
    return [*lines, f"Written to {chosen.out}"]


def _read(chosen: argparse.Namespace, progress: Progress) -> Reading:
    from models.training.readers.coco import read_coco
    from models.training.readers.folder import read_folder
    from models.training.readers.nih import read_nih

    masks = chosen.out / "masks"
    if chosen.form == "nih":
        return read_nih(chosen.source, chosen.labels, chosen.boxes)
    if chosen.form == "coco":
        return read_coco(chosen.labels, chosen.source, masks)
    if chosen.form == "folder":
        return read_folder(chosen.source, chosen.source.resolve().name)
    return _read_siim(chosen, progress)


def _read_siim(chosen: argparse.Namespace, progress: Progress) -> Reading:
    from models.training.readers.reading import Reading, pictures_below
    from models.training.readers.siim_acr import read_siim_acr
    from ptx_viewer.datasets.dicom_films import PEOPLE, write_films

    masks = chosen.out / "masks"
    if pictures_below(chosen.source):
        people = chosen.source / PEOPLE
        return read_siim_acr(chosen.source, chosen.labels, masks, people if people.exists() else None)
    damaged = write_films(chosen.source, chosen.out, progress)
    reading = read_siim_acr(chosen.out / "images", chosen.labels, masks, chosen.out / PEOPLE)
    return Reading(reading.films, (*damaged, *reading.left_out))


def _view_gate() -> ViewGate:
    from models import zoo
    from models.view_gate import refusal_reason

    model = zoo.load_lung_fields("auto")
    return lambda pixels: refusal_reason(model.predict(pixels))


def _write_coco(manifest: Path, path: Path) -> None:
    from models.training.manifest import read_manifest
    from models.training.readers.coco import coco_document

    path.parent.mkdir(parents=True, exist_ok=True)
    document = coco_document([entry.film for entry in read_manifest(manifest)], path.parent)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(document), encoding="utf-8")
    temporary.replace(path)
