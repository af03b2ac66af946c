"""The films of an audit: real pneumothoraces that a reader outlined, kept out of training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.films import Film, read_grey
from models.training.pneumothorax import pneumothorax_films
from models.training.readers.folder import read_folder

#: Longest side in pixels at which films are audited: four times the grid of the finest network, and a
#: quarter of the time of a film at full size.
LONGEST_SIDE = 1024


@dataclass(frozen=True, eq=False)
class AuditFilm:
    """A film and where its pneumothorax lies.

    Attributes
    ----------
    name : str
    pixels : ndarray of float32, shape [H, W]
        As displayed, 0 = black .. 1 = white.
    truth : ndarray of bool, shape [H, W]
        The reference mask; not empty.
    drain : bool or None
        Whether a chest drain is on the film; None where nobody says.
    """

    name: str
    pixels: NDArray[np.float32]
    truth: NDArray[np.bool_]
    drain: bool | None


def outlined_films(data: Path) -> list[Film]:
    """List the films that can be audited, in a fixed order.

    Parameters
    ----------
    data : Path
        Either the film collections, of which the held-out test part is taken, or a plain folder with
        ``images/`` and ``masks/``, of which every outlined film is.

    Raises
    ------
    ValueError
        If `data` is neither, or holds no outlined film.
    """
    if (data / "images").is_dir():
        films = list(read_folder(data).films)
    elif (data / "siim" / "index.csv").is_file():
        films = pneumothorax_films(data)["test"]
    else:
        raise ValueError(f"'{data}' holds neither the film collections nor images/ with masks/")
    outlined = [film for film in films if film.positive and film.mask is not None]
    if not outlined:
        raise ValueError(f"'{data}' holds no film with an outlined pneumothorax")
    return outlined


def load_film(film: Film) -> AuditFilm:
    """Read one film with its mask, both at most 1,024 pixels long.

    Raises
    ------
    ValueError
        If a file is not a readable picture, or the mask is empty; the message names the film.
    """
    if film.mask is None:
        raise ValueError(f"{film.film_id} has no mask")
    mask = read_grey(film.mask) > 0
    rows, columns = mask.shape
    scale = min(1.0, LONGEST_SIDE / max(rows, columns))
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    grey = read_grey(film.image).astype(np.float32) / np.float32(255)
    # Some films come smaller than the grid in which their mask was drawn.
    shrinks = size[0] <= grey.shape[1]
    pixels = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    truth = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.5
    if not truth.any():
        raise ValueError(f"the mask of {film.film_id} is empty")
    return AuditFilm(film.film_id, np.asarray(pixels, np.float32), np.asarray(truth), film.drain)
