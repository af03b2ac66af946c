"""Measure inserted pneumothoraces against real ones: ``python main.py check-insertion``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from models.evaluation.insertion_sheet import Insertion, write_sheet
from models.evaluation.realism import Realism, crop_around, features, told_apart
from models.training.films import FilmBank

#: Insertions tried on each film.
_TRIALS = 3
#: Films of the digital thorax on a sheet without anybody's films, half of them hosts.
_DIGITAL = 12


class Made(NamedTuple):
    """Insertions, the films that each was made on, and films with a pneumothorax of their own."""

    insertions: list[Insertion]
    hosts: list[str]
    others: FilmBank


def check_insertion(words: Sequence[str]) -> int:
    """Tell inserted pneumothoraces from real ones on SIIM-ACR training films; .5 is chance, 1 is easy."""
    parser = argparse.ArgumentParser(prog="ptx-viewer check-insertion", description=check_insertion.__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, metavar="DIR", help="the film collections")
    source.add_argument("--digital", action="store_true", help="a sheet of digital thoraxes; needs --sheet")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="a PNG of insertions beside other films")
    chosen = parser.parse_args(list(words))
    if chosen.digital and chosen.sheet is None:
        parser.error("--digital needs --sheet")
    if chosen.data is not None and not (chosen.data / "siim" / "index.csv").is_file():
        print(f"ptx-viewer: '{chosen.data}' holds no collection siim", file=sys.stderr)  # noqa: T201
        return 2
    made = insert_into_digital() if chosen.digital else insert_into_films(chosen.data)
    if chosen.sheet is not None:
        others = [
            (image, mask > 0) for image, mask in zip(made.others.images, made.others.masks, strict=True)
        ]
        try:
            write_sheet(_one_a_host(made), others, chosen.sheet)
        except (OSError, ValueError) as error:
            print(f"ptx-viewer: {error}", file=sys.stderr)  # noqa: T201
            return 2
    if not chosen.digital:
        for name, realism in measure_insertion(made).items():
            print(  # noqa: T201
                f"{name}: ROC-AUC {realism.auc:.2f} [{realism.low:.2f}, {realism.high:.2f}] "
                f"({realism.first} and {realism.second} crops)"
            )
    return 0


def insert_into_films(data: Path, seed: int = 3) -> Made:
    """Insert into SIIM-ACR's negative training films; its positive ones are the others."""
    from models.training import films
    from models.training.pneumothorax import BANK_SIZE, pneumothorax_films
    from models.training.shapes import retreat_profiles

    parts = pneumothorax_films(data)
    of_siim = [film for film in parts["train"] if film.source == "siim"]
    positives = films.load_bank([film for film in of_siim if film.positive], BANK_SIZE)
    negatives = films.load_bank([film for film in of_siim if not film.positive], BANK_SIZE)
    held_out = {film.film_id for name in ("validation", "test") for film in parts[name]}
    return _insert(negatives, positives, retreat_profiles(data / "siim" / "train-rle.csv.gz", held_out), seed)


def insert_into_digital(seed: int = 3) -> Made:
    """Insert into films of the digital thorax without air; those with air are the others."""
    from models.training.digital import digital_films
    from models.training.pneumothorax import BANK_SIZE

    films = digital_films(_DIGITAL, BANK_SIZE)
    positive = films.positive
    parts = [
        FilmBank(
            [film for film, own in zip(films.films, chosen, strict=True) if own],
            films.images[chosen],
            films.masks[chosen],
        )
        for chosen in (~positive, positive)
    ]
    return _insert(parts[0], parts[1], None, seed)


def _insert(hosts: FilmBank, others: FilmBank, profiles: np.ndarray | None, seed: int) -> Made:
    from models import zoo
    from models.training.insertion import insert_pneumothorax
    from models.training.pneumothorax import outline_lungs

    lungs = outline_lungs(hosts, zoo.load_lung_fields("cpu").network)
    rng = np.random.default_rng(seed)
    insertions, names = [], []
    for image, lung, film in zip(hosts.images, lungs, hosts.films, strict=True):
        for _ in range(_TRIALS):
            right = bool(rng.random() < 0.5)
            made = insert_pneumothorax(image, lung == (1 if right else 2), right, rng, profiles)
            if made is not None:
                insertions.append(Insertion(image, made.image, made.mask))
                names.append(film.film_id)
    return Made(insertions, names, others)


def _one_a_host(made: Made) -> list[Insertion]:
    return list(dict(zip(made.hosts, made.insertions, strict=True)).values())[: _DIGITAL // 2]


def measure_insertion(made: Made) -> dict[str, Realism]:
    """Return how well the kinds of crops are told apart, by name.

    The films differ too: those with a pneumothorax carry more devices.  So real crops are also held
    against the same places of the untouched films: what remains beyond that is the insertion's doing.
    """
    films, hosts = made.others, made.hosts
    real = features([crop_around(i, m > 0) for i, m in zip(films.images, films.masks, strict=True)])
    with_air = features([crop_around(each.after, each.mask) for each in made.insertions])
    without = features([crop_around(each.before, each.mask) for each in made.insertions])
    names = [film.film_id for film in films.films]
    return {
        "real or inserted": told_apart(real, with_air, names + hosts),
        "real or untouched, same places": told_apart(real, without, names + hosts),
        "inserted or untouched, same places": told_apart(with_air, without, hosts + hosts),
    }
