"""Films of the digital thorax for training: their collapse is known exactly, and no reader drew it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.preprocess import normalise
from models.synthesis.collapse import Kind, Pneumothorax
from models.synthesis.devices import DEVICES
from models.synthesis.film import Sampling
from models.synthesis.geometry import Projection
from models.synthesis.pose import posed
from models.synthesis.synthesis import synthesise_film
from models.synthesis.thorax import Thorax
from models.training.films import Film, FilmBank

#: First seed of the persons used for training: the sample study and the proof of the measurements use
#: lower ones, so that no person is on both sides.
FIRST_SEED = 10_000
#: How many a training run sees: enough for every kind, few enough to be made in minutes.
DIGITAL_FILMS = 128
_FILM_MM = 409.6
#: Made at twice the bank's size and averaged down: the pleural line is finer than a bank's pixel.
_OVERSAMPLING = 2
#: Kind, share of the films, least and most air in mL.
_KINDS: tuple[tuple[Kind, float, float, float], ...] = (
    ("apical", 0.55, 150.0, 1300.0),
    ("lateral", 0.2, 150.0, 1000.0),
    ("basal", 0.1, 150.0, 700.0),
    ("loculated", 0.05, 80.0, 250.0),
    ("tension", 0.1, 700.0, 1500.0),
)


def digital_films(count: int, size: int, cache: Path | None = None) -> FilmBank:
    """Return `count` films, every second one with a pneumothorax, and their masks.

    Parameters
    ----------
    count : int
    size : int
        Edge of the films.
    cache : Path or None
        An ``.npz`` file that is read when it holds these films, and written otherwise: making a film
        takes seconds.
    """
    requests = [_request(index) for index in range(count)]
    films = [
        Film(f"digital-{index}", "digital", Path(), None, request is not None, f"digital-{index}")
        for index, request in enumerate(requests)
    ]
    if not films:
        empty = np.zeros((0, size, size), np.uint8)
        return FilmBank(films, empty, empty)
    if cache is not None and cache.is_file():
        with np.load(cache, allow_pickle=False) as kept:
            if kept["images"].shape == (count, size, size):
                return FilmBank(films, kept["images"], kept["masks"])
    made = [_film(FIRST_SEED + index, request, size) for index, request in enumerate(requests)]
    images, masks = np.stack([image for image, _ in made]), np.stack([mask for _, mask in made])
    if cache is not None:
        cache.parent.mkdir(parents=True, exist_ok=True)
        temporary = cache.with_suffix(".tmp.npz")
        np.savez_compressed(temporary, images=images, masks=masks)
        temporary.replace(cache)
    return FilmBank(films, images, masks)


def _request(index: int) -> Pneumothorax | None:
    """Draw the pneumothorax of one film: most of them apical, as most are; the odd films have none."""
    if index % 2:
        return None
    rng = np.random.default_rng([FIRST_SEED, index])
    kind = _KINDS[int(rng.choice(len(_KINDS), p=[share for _, share, _, _ in _KINDS]))]
    volume = float(np.exp(rng.uniform(np.log(kind[2]), np.log(kind[3]))))
    return Pneumothorax("right" if rng.random() < 0.5 else "left", kind[0], volume)


def _film(seed: int, request: Pneumothorax | None, size: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    edge = size * _OVERSAMPLING
    rng = np.random.default_rng([seed, 99])
    # With and without a pneumothorax alike: a device must tell nothing.
    devices = [device for device in DEVICES if rng.random() < 0.25]
    thorax = Thorax(seed, () if request is None else (request,), devices=devices)
    projection = posed(Projection(edge, edge, _FILM_MM / edge), seed)
    made = synthesise_film(thorax, projection, sampling=Sampling(pitch_mm=1.2, step_mm=3.0))
    grey = cv2.resize(made.pixels.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
    image = np.round(normalise(np.asarray(grey, np.float32)) * np.float32(255)).astype(np.uint8)
    air = made.truth.pneumothorax.astype(np.float32)
    mask = cv2.resize(air, (size, size), interpolation=cv2.INTER_AREA) >= 0.5
    return image, mask.astype(np.uint8)
