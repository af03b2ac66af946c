"""The films that a training run sees, read once into memory at the network's scale."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry import GridTransform
from models.preprocess import PLAIN, Preprocessing, letterbox


class Box(NamedTuple):
    """A rectangle in the film's own pixels: left and top corner, width and height."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Film:
    """One training film on disk.

    Attributes
    ----------
    film_id : str
        Unique within `source`.
    source : str
        Collection it comes from, e.g. ``"siim"``.
    image : Path
    mask : Path or None
        Pixel labels; None where only the image-level label is known.
    positive : bool
        Image-level label.
    patient : str
        Films of one patient stay on one side of a split.
    view : str
        ``"PA"``, ``"AP"``, ... or ``""`` where nobody says.
    boxes : tuple of Box
        Rectangles drawn around findings, where the collection has such.
    drain : bool or None
        Whether a chest drain is on the film; None where nobody says.
    """

    film_id: str
    source: str
    image: Path
    mask: Path | None
    positive: bool
    patient: str
    view: str = ""
    boxes: tuple[Box, ...] = ()
    drain: bool | None = None


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Read a picture as grey values, uint8 [H, W].

    Raises
    ------
    ValueError
        If the file is not a readable picture.
    """
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise ValueError(f"{path.name} is not a readable picture")
    return np.asarray(grey, dtype=np.uint8)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def siim(folder: Path) -> list[Film]:
    """List the SIIM-ACR films: ``index.csv``, ``images/``, ``masks/`` for the positives."""
    films = []
    for row in _rows(folder / "index.csv"):
        name, positive = row["image_id"], row["pneumothorax"] == "1"
        mask = folder / "masks" / f"{name}.png" if positive else None
        films.append(Film(name, "siim", folder / "images" / f"{name}.png", mask, positive, name))
    return films


def siim_figures(folder: Path) -> list[Film]:
    """List crops of SIIM-ACR films recovered from figures; masks exist for all of them."""
    films = []
    for row in _rows(folder / "index.csv"):
        stem = Path(row["file"]).stem
        positive = int(row["mask_area_512"]) > 0
        mask = folder / "masks" / f"{stem}.png" if positive else None
        films.append(Film(stem, "siim-figures", folder / "images" / row["file"], mask, positive, stem))
    return films


def nih(folder: Path, source: str = "nih") -> list[Film]:
    """List NIH ChestX-ray14 films with image-level labels from ``labels.csv``."""
    return [
        Film(
            Path(row["file"]).stem,
            source,
            folder / "images" / row["file"],
            None,
            row["pneumothorax"] == "1",
            f"nih-{row['patient_id']}",
            row.get("view", ""),
        )
        for row in _rows(folder / "labels.csv")
    ]


def lungs(folder: Path, source: str) -> list[Film]:
    """List films with lung-field masks under the same stem in ``lungs/``."""
    films = []
    for image in sorted((folder / "images").iterdir()):
        mask = folder / "lungs" / f"{image.stem}.png"
        if mask.exists():
            films.append(Film(image.stem, source, image, mask, False, f"{source}-{image.stem}"))
    return films


def pictures(folder: Path, source: str) -> list[Film]:
    """List every picture of a folder without labels."""
    return [Film(p.stem, source, p, None, False, f"{source}-{p.stem}") for p in sorted(folder.glob("*.jpg"))]


@dataclass(frozen=True, eq=False)
class FilmBank:
    """Films in memory, letterboxed to one square size.

    Attributes
    ----------
    films : list of Film
    images : ndarray of uint8, shape [N, size, size]
        Normalised grey values.
    masks : ndarray of uint8, shape [N, size, size]
        Labels as stored in the mask files (0/1 for a binary mask).
    """

    films: list[Film]
    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]

    @property
    def has_mask(self) -> NDArray[np.bool_]:
        """Whether pixel labels are known, bool [N]: a film called negative has an empty one."""
        return np.array([film.mask is not None or not film.positive for film in self.films])

    @property
    def positive(self) -> NDArray[np.bool_]:
        """Image-level labels, bool [N]."""
        return np.array([film.positive for film in self.films])

    def subset(self, indices: Sequence[int] | NDArray[np.int64]) -> FilmBank:
        """Return the films at `indices`."""
        chosen = np.asarray(indices, dtype=np.int64)
        return FilmBank([self.films[i] for i in chosen], self.images[chosen], self.masks[chosen])


def load_bank(
    films: Iterable[Film],
    size: int,
    mask_labels: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] = lambda m: (m > 0).astype(np.uint8),
    preprocessing: Preprocessing = PLAIN,
) -> FilmBank:
    """Read films and masks and letterbox them to ``size`` x ``size``.

    Parameters
    ----------
    films : iterable of Film
    size : int
    mask_labels : callable
        Turns stored mask values into labels; the default is "anything above 0 is 1".
    preprocessing : Preprocessing
        The same that the network's card will ask for.

    Raises
    ------
    ValueError
        If a file is not a readable picture; the message names it.
    """
    films = list(films)
    images = np.zeros((len(films), size, size), dtype=np.uint8)
    masks = np.zeros_like(images)
    for index, film in enumerate(films):
        grey = read_grey(film.image)
        transform = GridTransform((grey.shape[0], grey.shape[1]), size)
        shown = letterbox(grey, transform, preprocessing)
        images[index] = np.round(shown * np.float32(255)).astype(np.uint8)
        if film.mask is not None:
            labels = mask_labels(read_grey(film.mask))
            # Some films come smaller than the grid in which their mask was drawn.
            place = GridTransform((labels.shape[0], labels.shape[1]), size)
            for value in np.unique(labels[labels > 0]):
                part = place.forward((labels == value).astype(np.float32)) >= 0.5
                masks[index][part] = value
    return FilmBank(films, images, masks)
