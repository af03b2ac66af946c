"""Files that are either wholly there or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from pathlib import Path

from .errors import ReportError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "writing there is not permitted, or another program has the file open",
    errno.EPERM: "writing there is not permitted",
    errno.EROFS: "the disk is read-only",
    errno.ENOENT: "the folder does not exist",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EISDIR: "there is a folder of that name",
    errno.ENAMETOOLONG: "the name is too long",
}


def write_atomically(path: Path, content: bytes, *, overwrite: bool = True) -> None:
    """Write `content` to `path`, or leave everything as it was.

    The bytes go to a temporary file in the same folder, reach the disk, and only then take
    the name, so a reader never sees half a file and a failure never costs the old one.

    Parameters
    ----------
    path : Path
    content : bytes
    overwrite : bool
        Replace a file that is already there.

    Raises
    ------
    FileExistsError
        If there is a file and `overwrite` is false; its text is a sentence for the user.
    ReportError
        If the file cannot be written.
    """
    if not overwrite and path.exists():
        raise FileExistsError(f"{path} already exists.")
    temporary = path.with_name(f".writing-{uuid.uuid4().hex}")
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise ReportError(f"{path} could not be written: {reason(error)}.") from error
    finally:
        # After a success the temporary name is gone already.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Create a folder and its parents.

    Raises
    ------
    ReportError
        If that is not possible.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise ReportError(f"{path} is a file, not a folder.") from error
    except OSError as error:
        raise ReportError(f"The folder {path} could not be made: {reason(error)}.") from error


def reason(error: OSError) -> str:
    """Return why the operating system refused, in words."""
    return _REASONS.get(error.errno or 0, error.strerror or str(error))
