"""What a reader gives: the films of a collection, and what it had to leave out."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.films import Film

#: Endings of the pictures that the readers take, in lower case.
PICTURES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class LeftOut:
    """A film or a label that cannot be used, and why, in a sentence without the final stop.

    Attributes
    ----------
    name : str
        The film's name within its collection, or the file's name.
    reason : str
        One of a few fixed wordings, so that a summary can count them.
    detail : str
        What is particular to this one; may be empty.
    """

    name: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Reading:
    """The films of one collection.

    Attributes
    ----------
    films : tuple of Film
        In a fixed order.
    left_out : tuple of LeftOut
    """

    films: tuple[Film, ...]
    left_out: tuple[LeftOut, ...]


def read_table(path: Path, needed: Iterable[str]) -> list[dict[str, str]]:
    """Read a CSV file, plain or gzipped, with blanks around names and values removed.

    Parameters
    ----------
    path : Path
    needed : iterable of str
        Columns that must be there.

    Raises
    ------
    ValueError
        If the file cannot be read as a table, or lacks a column; the message names it.
    """
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path.name} cannot be read as a table: {error}") from error
    header = [name.strip() for name in rows[0]] if rows else []
    absent = [name for name in needed if name not in header]
    if absent:
        raise ValueError(f"{path.name} has no column named {' or '.join(map(repr, absent))}")
    return [dict(zip(header, (value.strip() for value in row), strict=False)) for row in rows[1:] if any(row)]


def pictures_below(folder: Path) -> list[Path]:
    """List the PNG and JPEG files of a folder and the folders in it, sorted by name.

    Raises
    ------
    ValueError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise ValueError(f"there is no folder '{folder}'")
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES and path.is_file())


def write_mask(path: Path, mask: NDArray[np.bool_]) -> None:
    """Write a mask [H, W] as a PNG of 0 and 255, whole or not at all."""
    coded = cv2.imencode(".png", mask.astype(np.uint8) * 255)[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(coded.tobytes())
    temporary.replace(path)
