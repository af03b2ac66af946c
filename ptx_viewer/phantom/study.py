"""Writes synthetic studies: DICOM films, truth masks and the numbers behind them."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synthesis.collapse import Pneumothorax
from models.synthesis.geometry import Projection
from models.synthesis.synthesis import SyntheticFilm, synthesise_film

from .dicom import StudyIdentity, film_dataset

#: The film's edge in mm; 0.2 mm pixels at 2,048.
FILM_MM: Final = 409.6
FILM_PIXELS: Final = 2048

#: The sample study's person and collapse.
SAMPLE_SEED: Final = 4
SAMPLE_PNEUMOTHORAX: Final = Pneumothorax("right", "apical", 650.0)


def write_film(
    folder: Path,
    name: str,
    seed: int,
    pneumothorax: Pneumothorax | None,
    identity: StudyIdentity,
    pixels: int = FILM_PIXELS,
    repeat: int = 0,
) -> Path:
    """Write one film as ``folder/name.dcm`` and its truth into ``<folder>-truth`` beside it.

    The truth is ``name-pneumothorax.png`` and ``name-lungs.png`` (0 background, 127 right, 255 left
    lung field), in the film's own rows and columns, and ``name.json`` with seed, millilitres and percent.

    Returns
    -------
    Path
        The DICOM file.

    Raises
    ------
    ValueError
        If the pneumothorax does not fit into the chest.
    OSError
        If the folder cannot be written.
    """
    # Beside the study, not in it: a scan of the study must not find pictures of the truth.
    truth = folder.with_name(f"{folder.name}-truth")
    for place in (folder, truth):
        place.mkdir(parents=True, exist_ok=True)
    film = synthesise_film(seed, pneumothorax, Projection(pixels, pixels, FILM_MM / pixels), repeat=repeat)
    dataset = film_dataset(film.pixels, film.projection, film.anatomy, identity, _summary(seed, pneumothorax))
    encoded = io.BytesIO()
    dataset.save_as(encoded, enforce_file_format=True)
    target = folder / f"{name}.dcm"
    _replace(target, encoded.getvalue())
    _write_truth(truth, name, seed, pneumothorax, film)
    return target


def write_sample_study(
    folder: Path,
    seed: int = SAMPLE_SEED,
    pixels: int = FILM_PIXELS,
    pneumothorax: Pneumothorax = SAMPLE_PNEUMOTHORAX,
) -> tuple[Path, Path]:
    """Write one synthetic patient with two studies: an earlier film without, a later one with a pneumothorax.

    Parameters
    ----------
    folder : Path
        Made when missing; files of the same names are replaced.
    seed : int
        0 or more; decides the person.
    pixels : int
        Edge of the film, at least 64.
    pneumothorax : Pneumothorax

    Returns
    -------
    tuple of Path
        The earlier film's DICOM file, then the later one's.

    Raises
    ------
    ValueError
        If an argument is out of range or the pneumothorax does not fit into the chest.
    OSError
        If the folder cannot be written.
    """
    if seed < 0:
        raise ValueError(f"a seed is 0 or more, got {seed}")
    if not 64 <= pixels <= 4096:
        raise ValueError(f"a film has 64 to 4096 pixels along its edge, got {pixels}")
    prior, current = sample_identities(seed, pixels, pneumothorax)
    return (
        write_film(folder, "prior-without-pneumothorax", seed, None, prior, pixels),
        write_film(folder, "current-with-pneumothorax", seed, pneumothorax, current, pixels, repeat=1),
    )


def sample_identities(
    seed: int, pixels: int, pneumothorax: Pneumothorax
) -> tuple[StudyIdentity, StudyIdentity]:
    """Return who and when of the earlier and the later study; each combination has its own UIDs."""
    name, number = f"SYNTHETIC^THORAX {seed}", f"SYNTHETIC-{seed:04d}"
    what = f"{seed}-{pixels}-{pneumothorax.side}-{pneumothorax.kind}-{pneumothorax.volume_ml:g}"
    return (
        StudyIdentity(name, number, "20240312", "091500", f"prior-{what}"),
        StudyIdentity(name, number, "20240926", "143000", f"current-{what}"),
    )


def _summary(seed: int, pneumothorax: Pneumothorax | None) -> str:
    what = (
        "without a pneumothorax"
        if pneumothorax is None
        else f"with a {pneumothorax.side} {pneumothorax.kind} pneumothorax of {pneumothorax.volume_ml:.0f} mL"
    )
    return f"Synthetic: projected from a digital thorax (seed {seed}) {what}; no person was examined."


def _write_truth(
    folder: Path, name: str, seed: int, pneumothorax: Pneumothorax | None, film: SyntheticFilm
) -> None:
    truth = film.truth
    lungs = truth.lung_fields["right"] * np.uint8(127) + truth.lung_fields["left"] * np.uint8(255)
    _write_png(folder / f"{name}-pneumothorax.png", truth.pneumothorax * np.uint8(255))
    _write_png(folder / f"{name}-lungs.png", lungs)
    record = {
        "seed": seed,
        "request": None
        if pneumothorax is None
        else {"side": pneumothorax.side, "kind": pneumothorax.kind, "volume_ml": pneumothorax.volume_ml},
        "volumes": {
            side: {
                "pneumothorax_ml": round(volumes.pneumothorax_ml, 1),
                "lung_ml": round(volumes.lung_ml, 1),
                "percent": round(volumes.percent, 2),
            }
            for side, volumes in truth.volumes.items()
        },
    }
    _replace(folder / f"{name}.json", (json.dumps(record, indent=1) + "\n").encode())


def _write_png(path: Path, image: NDArray[np.uint8]) -> None:
    _, encoded = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    _replace(path, encoded.tobytes())


def _replace(path: Path, content: bytes) -> None:
    """Write `path` whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
