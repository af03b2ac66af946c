"""From what the user opened to the files to look at."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ptx_viewer.progress import Progress

from .archive import extract, is_archive
from .catalogue import Unreadable
from .dicomdir import referenced_files
from .names import is_hidden, is_sidecar, shown


@dataclass(frozen=True)
class SourceFile:
    """A file to look at.

    Attributes
    ----------
    path : Path
    display_path : str
        As the user knows it.
    """

    path: Path
    display_path: str


@dataclass
class Sources:
    """Files to look at, and what could not even be reached."""

    files: list[SourceFile] = field(default_factory=list)
    problems: list[Unreadable] = field(default_factory=list)


def collect(paths: Sequence[Path], progress: Progress) -> Sources:
    """Expand folders, DICOMDIRs and .zip archives into files, each once.

    Parameters
    ----------
    paths : sequence of Path
    progress : Progress
        Called while looking, with fraction 0; raises ``Cancelled`` to stop.
    """
    found = Sources()
    for path in paths:
        _expand(path, found, progress)
    unique: dict[str, SourceFile] = {}
    for source in found.files:
        unique.setdefault(os.path.realpath(source.path), source)
    found.files = list(unique.values())
    return found


def _expand(path: Path, found: Sources, progress: Progress) -> None:
    try:
        if path.is_dir():
            _walk(path, found, progress)
            return
        if not path.exists():
            found.problems.append(Unreadable(shown(path), "There is no such file or folder."))
            return
    except OSError:
        found.problems.append(Unreadable(shown(path), "The file or folder cannot be opened."))
        return
    _file(path, found, progress)


def _walk(top: Path, found: Sources, progress: Progress) -> None:
    """Visit every folder below `top` once, also where symbolic links make a loop."""
    seen: set[str] = set()
    folders = [top]
    while folders:
        folder = folders.pop()
        progress(0.0, f"Looking for images: {len(found.files)} files")
        place = os.path.realpath(folder)
        if place in seen:
            continue
        seen.add(place)
        try:
            children = sorted(folder.iterdir())
            inner = {child for child in children if child.is_dir()}
        except OSError:
            found.problems.append(Unreadable(shown(folder), "The folder cannot be opened."))
            continue
        folders.extend(child for child in reversed(children) if child in inner and not is_hidden(child))
        for child in children:
            if child not in inner and not _is_passed_over(child):
                _file(child, found, progress)


def _file(path: Path, found: Sources, progress: Progress) -> None:
    if not path.is_file():  # opening a device or a pipe could wait for ever
        found.problems.append(Unreadable(shown(path), "This is a broken link or a device, not a file."))
    elif is_archive(path):
        members, problems = extract(path, progress)
        found.files += [SourceFile(member, display) for member, display in members]
        found.problems += problems
    elif path.name.upper() == "DICOMDIR":
        referenced, problems = referenced_files(path)
        found.files += [SourceFile(member, display) for member, display in referenced]
        found.problems += problems
    else:
        found.files.append(SourceFile(path, shown(path)))


def _is_passed_over(path: Path) -> bool:
    if path.exists() and not path.is_file():  # pipes and devices; a broken link is reported
        return True
    if not is_sidecar(path):
        return False
    try:
        with path.open("rb") as stream:  # a DICOM file is one under any name
            return stream.read(132)[128:] != b"DICM"
    except OSError:
        return True
