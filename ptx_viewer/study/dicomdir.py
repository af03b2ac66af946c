"""The files that a DICOMDIR lists."""

from __future__ import annotations

import logging
from pathlib import Path, PurePosixPath

from .catalogue import Unreadable
from .errors import StudyError, log_failure
from .header import integer, items, quiet, read_header, text
from .names import shown

_log = logging.getLogger(__name__)


def referenced_files(path: Path) -> tuple[list[tuple[Path, str]], list[Unreadable]]:
    """Return the files listed by a DICOMDIR, inside its own folder only.

    Parameters
    ----------
    path : Path
        The DICOMDIR.

    Returns
    -------
    files : list of (Path, str)
        Each file with its path as the user knows it.
    problems : list of Unreadable
        Listed files that are not there or lie outside the folder, or the DICOMDIR itself.
    """
    try:
        dataset, _ = read_header(path)
        with quiet():
            records = items(dataset, "DirectoryRecordSequence")
            if not records:
                raise StudyError("The DICOMDIR lists no files, or is damaged.")
            listed = [
                text(record, "ReferencedFileID").split("\\")
                for record in records
                if integer(record, "RecordInUseFlag") != 0 and text(record, "ReferencedFileID")
            ]
    except StudyError as error:
        log_failure(_log, shown(path), error)
        return [], [Unreadable(shown(path), str(error))]
    files: list[tuple[Path, str]] = []
    problems: list[Unreadable] = []
    for parts in listed:
        name = shown(path.parent / PurePosixPath(*parts))
        try:
            found = _find(path.parent, parts)
        except StudyError as error:
            log_failure(_log, name, error)
            problems.append(Unreadable(name, str(error)))
        else:
            files.append((found, shown(found)))
    return files, problems


def _find(folder: Path, parts: list[str]) -> Path:
    """Resolve a file ID; discs mounted by other systems show its names in lower case.

    Raises
    ------
    StudyError
    """
    here = folder
    for part in parts:
        if part in {"", ".", ".."} or "/" in part or ":" in part or "\0" in part:
            raise StudyError("The DICOMDIR points outside its own folder; that file was not opened.")
        exact = here / part
        try:
            if exact.exists():
                here = exact
                continue
            same = [child for child in here.iterdir() if child.name.lower() == part.lower()]
        except OSError:
            same = []
        if not same:
            raise StudyError("The DICOMDIR lists this file, but it is not there.")
        here = same[0]
    if not here.resolve().is_relative_to(folder.resolve()):
        raise StudyError("The DICOMDIR points outside its own folder; that file was not opened.")
    if not here.is_file():
        raise StudyError("The DICOMDIR lists this file, but it is not there.")
    return here
