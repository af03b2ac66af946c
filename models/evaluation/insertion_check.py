"""Measure inserted pneumothoraces against real ones: ``python main.py check-insertion``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.evaluation.realism import Realism, crop_around, features, told_apart

#: Insertions tried on each film.
_TRIALS = 3


def check_insertion(words: Sequence[str]) -> int:
    """Tell inserted pneumothoraces from real ones on SIIM-ACR training films; .5 is chance, 1 is easy."""
    parser = argparse.ArgumentParser(prog="ptx-viewer check-insertion", description=check_insertion.__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the film collections")
    chosen = parser.parse_args(list(words))
    if not (chosen.data / "siim" / "index.csv").is_file():
        print(f"ptx-viewer: '{chosen.data}' holds no collection siim", file=sys.stderr)  # noqa: T201
        return 2
    for name, realism in measure_insertion(chosen.data).items():
        print(  # noqa: T201
            f"{name}: ROC-AUC {realism.auc:.2f} [{realism.low:.2f}, {realism.high:.2f}] "
            f"({realism.first} and {realism.second} crops)"
        )
    return 0


def measure_insertion(data: Path, seed: int = 3) -> dict[str, Realism]:
    """Return how well the kinds of crops are told apart, by name.

    The films differ too: those with a pneumothorax carry more devices.  So real crops are also held
    against the same places of the untouched films: what remains beyond that is the insertion's doing.
    """
    from models import zoo
    from models.training import films
    from models.training.insertion import insert_pneumothorax
    from models.training.pneumothorax import BANK_SIZE, outline_lungs, pneumothorax_films
    from models.training.shapes import retreat_profiles

    parts = pneumothorax_films(data)
    of_siim = [film for film in parts["train"] if film.source == "siim"]
    positives = films.load_bank([film for film in of_siim if film.positive], BANK_SIZE)
    negatives = films.load_bank([film for film in of_siim if not film.positive], BANK_SIZE)
    lungs = outline_lungs(negatives, zoo.load_lung_fields("cpu").network)
    held_out = {film.film_id for name in ("validation", "test") for film in parts[name]}
    profiles = retreat_profiles(data / "siim" / "train-rle.csv.gz", held_out)
    rng = np.random.default_rng(seed)
    inserted, untouched, hosts = [], [], []
    for image, lung, film in zip(negatives.images, lungs, negatives.films, strict=True):
        for _ in range(_TRIALS):
            right = bool(rng.random() < 0.5)
            made = insert_pneumothorax(image, lung == (1 if right else 2), right, rng, profiles)
            if made is not None:
                inserted.append(crop_around(made.image, made.mask))
                untouched.append(crop_around(image, made.mask))
                hosts.append(film.film_id)
    real = features(
        [crop_around(i, m > 0) for i, m in zip(positives.images, positives.masks, strict=True)]
    )
    with_air, without = features(inserted), features(untouched)
    names = [film.film_id for film in positives.films]
    return {
        "real or inserted": told_apart(real, with_air, names + hosts),
        "real or untouched, same places": told_apart(real, without, names + hosts),
        "inserted or untouched, same places": told_apart(with_air, without, hosts + hosts),
    }
