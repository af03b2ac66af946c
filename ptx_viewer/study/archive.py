"""Studies in a .zip, unpacked to a private temporary folder that goes when the program ends."""

from __future__ import annotations

import atexit
import logging
import shutil
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from ptx_viewer.progress import Progress

from .catalogue import Unreadable
from .errors import StudyError, log_failure
from .names import is_sidecar, shown

#: An archive that unpacks to more than this, or has more members, is refused.
MAX_UNPACKED_BYTES = 16 << 30
MAX_MEMBERS = 200_000
#: Above this size a member that shrinks more than `MAX_RATIO` times is taken for a zip bomb.
SUSPICIOUS_BYTES = 256 << 20
MAX_RATIO = 200

_CHUNK = 1 << 20
_log = logging.getLogger(__name__)


def is_archive(path: Path) -> bool:
    """Whether the file is a .zip, by its name or its first bytes."""
    if path.suffix.lower() == ".zip":
        return True
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def extract(path: Path, progress: Progress) -> tuple[list[tuple[Path, str]], list[Unreadable]]:
    """Unpack the images of a .zip.

    Members are written under running numbers, so that no name in the archive can become
    a path on this machine.

    Parameters
    ----------
    path : Path
    progress : Progress
        Called with fraction 0 for each member; raises ``Cancelled`` to stop.

    Returns
    -------
    files : list of (Path, str)
        The unpacked copies with their paths as the user knows them.
    problems : list of Unreadable
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _extract_members(archive, path, progress)
    except StudyError as error:
        failure = error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError, NotImplementedError) as error:
        failure = StudyError("The .zip archive is damaged or incomplete and cannot be opened.")
        failure.__cause__ = error
    log_failure(_log, shown(path), failure)
    return [], [Unreadable(shown(path), str(failure))]


def _extract_members(
    archive: zipfile.ZipFile, path: Path, progress: Progress
) -> tuple[list[tuple[Path, str]], list[Unreadable]]:
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not is_sidecar(_member_path(member))
    ]
    if len(members) > MAX_MEMBERS:
        raise StudyError(f"The .zip archive holds more than {MAX_MEMBERS:,} files and was not opened.")
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise StudyError("The .zip archive unpacks to more than 16 GB and was not opened.")
    folder = Path(tempfile.mkdtemp(prefix="ptx-viewer-"))  # readable by this user only
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if sum(member.file_size for member in members) > shutil.disk_usage(folder).free:
        raise StudyError("There is not enough room on the disk to unpack the .zip archive.")
    files: list[tuple[Path, str]] = []
    problems: list[Unreadable] = []
    try:
        for index, member in enumerate(members):
            progress(0.0, f"Unpacking {index + 1} of {len(members)}")
            name = f"{shown(path)}/{member.filename}"
            target = folder / f"{index:06d}"
            try:
                _extract_member(archive, member, target)
                if is_archive(target):
                    raise StudyError(
                        "This is an archive inside an archive; unpack it first and open the folder."
                    )
            except StudyError as error:
                log_failure(_log, name, error)
                problems.append(Unreadable(name, str(error)))
            else:
                files.append((target, name))
    except BaseException:  # also a cancel: nothing of the patient stays behind
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return files, problems


def _extract_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    name = _member_path(member)
    if name.is_absolute() or ".." in name.parts or (name.parts and name.parts[0].endswith(":")):
        raise StudyError("The .zip archive gives this file a place outside the archive; it was not opened.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise StudyError("This is a link inside a .zip archive, not a file; it was not opened.")
    if member.flag_bits & 0x1:
        raise StudyError("The .zip archive is protected by a password; unpack it first and open the folder.")
    if member.file_size > SUSPICIOUS_BYTES and member.file_size > MAX_RATIO * max(member.compress_size, 1):
        raise StudyError("This file unpacks to far more than a picture would; it was not opened.")
    try:
        with archive.open(member) as source, target.open("xb") as copy:
            written = 0
            # What the archive says of the size may be a lie: count what comes out.
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > member.file_size:
                    raise StudyError(
                        "This file unpacks to more than the .zip archive states; it was not opened."
                    )
                copy.write(chunk)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as error:
        target.unlink(missing_ok=True)
        raise StudyError("This file inside the .zip archive is damaged and cannot be unpacked.") from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _member_path(member: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename.replace("\\", "/"))  # some Windows programs write backslashes
