"""Which films a run used, where each one stood, and what every file held: enough to repeat the run."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.training.films import Box, Film
from models.training.readers.reading import read_table
from models.weights import sha256_of

_COLUMNS = (
    "film_id", "source", "patient", "view", "drain", "positive", "part", "fold",
    "image", "image_sha256", "mask", "mask_sha256", "boxes",
)  # fmt: skip
#: Fold of a film that takes part in no cross-validation.
NO_FOLD = -1


@dataclass(frozen=True)
class Entry:
    """One film of a manifest.

    Attributes
    ----------
    film : Film
    part : str
        ``"train"``, ``"validation"``, ``"test"`` or a part of the task's own.
    fold : int
        For cross-validation; :data:`NO_FOLD` for a film that is held out from it.
    image_sha256, mask_sha256 : str
        In hexadecimal; the mask's is empty where there is none.
    """

    film: Film
    part: str
    fold: int
    image_sha256: str
    mask_sha256: str


def make_entries(films: Sequence[Film], parts: Sequence[str], folds: Sequence[int]) -> list[Entry]:
    """Return the entries of films that lie on disk now.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    return [
        Entry(
            film, part, fold, sha256_of(film.image), "" if film.mask is None else sha256_of(film.mask)
        )
        for film, part, fold in zip(films, parts, folds, strict=True)
    ]  # fmt: skip


def entries_of_parts(parts: Mapping[str, Sequence[Film]]) -> list[Entry]:
    """Return the entries of a split that a task makes itself."""
    films = [film for members in parts.values() for film in members]
    names = [name for name, members in parts.items() for _ in members]
    return make_entries(films, names, [NO_FOLD] * len(films))


def write_manifest(entries: Iterable[Entry], path: Path) -> None:
    """Write a manifest as CSV; paths are relative to its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(_COLUMNS)
        for entry in entries:
            film = entry.film
            writer.writerow(
                [
                    film.film_id, film.source, film.patient, film.view,
                    "" if film.drain is None else int(film.drain), int(film.positive),
                    entry.part, entry.fold,
                    _relative(film.image, path.parent), entry.image_sha256,
                    "" if film.mask is None else _relative(film.mask, path.parent), entry.mask_sha256,
                    ";".join(" ".join(repr(value) for value in box) for box in film.boxes),
                ]
            )  # fmt: skip
    temporary.replace(path)


def read_manifest(path: Path) -> list[Entry]:
    """Read a manifest.

    Raises
    ------
    ValueError
        If the file is no manifest; the message says which line.
    """
    entries = []
    for line, row in enumerate(read_table(path, _COLUMNS), start=2):
        try:
            boxes = tuple(
                Box(*(float(value) for value in text.split())) for text in row["boxes"].split(";") if text
            )
            film = Film(
                row["film_id"], row["source"], path.parent / row["image"],
                path.parent / row["mask"] if row["mask"] else None,
                {"0": False, "1": True}[row["positive"]], row["patient"], row["view"], boxes,
                {"": None, "0": False, "1": True}[row["drain"]],
            )  # fmt: skip
            entries.append(
                Entry(film, row["part"], int(row["fold"]), row["image_sha256"], row["mask_sha256"])
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path.name}, line {line}, is not a film of a manifest") from error
    if not entries:
        raise ValueError(f"{path.name} lists no films")
    return entries


def changed_files(entries: Iterable[Entry]) -> list[str]:
    """Return the names of the files that are missing or hold something else than the manifest says."""
    changed = []
    for entry in entries:
        pairs = [(entry.film.image, entry.image_sha256)]
        if entry.film.mask is not None:
            pairs.append((entry.film.mask, entry.mask_sha256))
        changed += [path.name for path, digest in pairs if not path.is_file() or sha256_of(path) != digest]
    return changed


def check_files(entries: Iterable[Entry], name: str) -> None:
    """Make sure that every file is still what the manifest says.

    Raises
    ------
    ValueError
        If not; the message counts and names the files.
    """
    changed = changed_files(entries)
    if changed:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        raise ValueError(
            f"{len(changed)} files are missing or differ from {name}: {', '.join(changed[:3])}{more}"
        )


def keep_manifest(entries: Sequence[Entry], path: Path) -> None:
    """Write the manifest of a new run, or make sure that a run goes on with the films it began with.

    Raises
    ------
    ValueError
        If the run began with other films, parts or file contents; the message counts them.
    """
    if not path.exists():
        write_manifest(entries, path)
        return
    before, now = ({_identity(entry) for entry in group} for group in (read_manifest(path), entries))
    if before != now:
        names = sorted({f"{source} {film_id}" for source, film_id, *_ in before ^ now})
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        raise ValueError(
            f"the run in '{path.parent}' began with other films; {len(names)} differ or stand in another "
            f"part: {', '.join(names[:3])}{more}. Restore them, or start a run in another folder"
        )


def _identity(entry: Entry) -> tuple[str, ...]:
    film = entry.film
    return (
        film.source, film.film_id, film.patient, str(film.positive), entry.part, str(entry.fold),
        entry.image_sha256, entry.mask_sha256,
    )  # fmt: skip


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()
