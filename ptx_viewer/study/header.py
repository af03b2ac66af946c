"""Headers, read so that a malformed attribute costs that attribute and not the file."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pydicom
from pydicom import config
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from .errors import StudyError

# A value that breaks the rules of its VR is read as it stands; what matters is checked here.
config.settings.reading_validation_mode = config.IGNORE
# pydicom's own messages quote the values they are about, which may be patient data.
logging.getLogger("pydicom").setLevel(logging.CRITICAL)

#: Files whose data set inflates to more than this are refused before memory is spent on them.
MAX_INFLATED_BYTES = 1 << 30

_NOT_DICOM = "This is not a DICOM file, nor a PNG or JPEG picture."
CUT_SHORT = "The file is cut short: it holds less pixel data than its header announces."
_DAMAGED_HEADER = "The file is damaged: its DICOM header cannot be read."

_quiet_lock = threading.Lock()
_quiet_depth = 0
_quiet_context: warnings.catch_warnings[None] | None = None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the DICOM libraries' Python warnings off the console while files are read.

    ``warnings.catch_warnings`` is not safe when threads overlap, so the first thread in
    sets the filter and the last one out restores it.
    """
    global _quiet_depth, _quiet_context  # noqa: PLW0603  (one filter list per process, as in `warnings`)
    with _quiet_lock:
        if _quiet_depth == 0:
            _quiet_context = warnings.catch_warnings()
            _quiet_context.__enter__()
            for module in ("pydicom", "pylibjpeg", "libjpeg", "openjpeg", "rle", "PIL"):
                warnings.filterwarnings("ignore", module=module)
        _quiet_depth += 1
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet_depth -= 1
            if _quiet_depth == 0 and _quiet_context is not None:
                _quiet_context.__exit__(None, None, None)
                _quiet_context = None


def read_dataset(path: Path) -> Dataset:
    """Read a DICOM file with its pixel data.

    Raises
    ------
    StudyError
        When the file is empty, cannot be opened, or is not DICOM.
    """
    return _read(path, stop_before_pixels=False, tags=None)[0]


def read_header(path: Path, tags: list[str] | None = None) -> tuple[Dataset, int | None]:
    """Read a DICOM file up to its pixel data.

    Parameters
    ----------
    path : Path
    tags : list of str, optional
        Keywords to keep; all when omitted.

    Returns
    -------
    header : Dataset
    remaining : int or None
        Bytes of the file from the pixel data on, 0 where there are none; None where only
        unpacking would tell.

    Raises
    ------
    StudyError
        As :func:`read_dataset`.
    """
    return _read(path, stop_before_pixels=True, tags=tags)


def _read(path: Path, *, stop_before_pixels: bool, tags: list[str] | None) -> tuple[Dataset, int | None]:
    try:
        with path.open("rb") as stream:
            return _read_stream(stream, stop_before_pixels=stop_before_pixels, tags=tags)
    except OSError as error:
        raise StudyError(
            "The file cannot be opened; it may have been moved, or you may lack the permission to read it."
        ) from error


def _read_stream(
    stream: BinaryIO, *, stop_before_pixels: bool, tags: list[str] | None
) -> tuple[Dataset, int | None]:
    start = stream.read(132)
    if not start:
        raise StudyError("The file is empty (zero bytes).")
    has_preamble = start[128:132] == b"DICM"
    if not has_preamble and not _starts_like_a_dataset(start):
        raise StudyError(_NOT_DICOM)
    try:
        with quiet():
            deflated = has_preamble and _is_deflated(stream)
            stream.seek(0)
            dataset = pydicom.dcmread(
                stream,
                force=True,
                stop_before_pixels=stop_before_pixels,
                specific_tags=tags,
            )
    except StudyError:
        raise
    except MemoryError as error:
        raise StudyError("The file is too large for this computer's memory.") from error
    except Exception as error:  # pydicom raises nearly anything on damaged headers
        raise StudyError(_DAMAGED_HEADER) from error
    if not has_preamble and not any(key in dataset for key in ("SOPClassUID", "Rows", "Modality")):
        raise StudyError(_NOT_DICOM)
    if len(dataset) == 0:
        # pydicom gives up on everything when the end of compressed pixel data is missing.
        raise StudyError(_DAMAGED_HEADER if stop_before_pixels else CUT_SHORT)
    if deflated:
        return dataset, None
    at = stream.tell()
    return dataset, max(stream.seek(0, 2) - at, 0)


def _starts_like_a_dataset(start: bytes) -> bool:
    """Whether bytes without the DICM mark begin with an attribute of group 0002 or 0008.

    Old scanners wrote no preamble; text and other formats must not be taken for those.
    """
    return len(start) >= 8 and (
        (start[0] in {0x02, 0x08} and start[1] == 0 and start[3] == 0)
        or (start[0] == 0 and start[1] in {0x02, 0x08} and start[2] == 0)
    )


def _is_deflated(stream: BinaryIO) -> bool:
    """Whether the data set is deflated; refuse it when it unpacks to an absurd size."""
    stream.seek(128)
    meta = stream.read(1024)
    if DeflatedExplicitVRLittleEndian.encode() not in meta:
        return False
    # DICM, then FileMetaInformationGroupLength: tag 4, VR and length 4, value 4 (PS3.10 7.1)
    if meta[4:12] != b"\x02\x00\x00\x00UL\x04\x00":
        raise StudyError(_DAMAGED_HEADER)
    stream.seek(144 + int.from_bytes(meta[12:16], "little"))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    total = 0
    pending = stream.read(1 << 20)
    while pending:
        total += len(inflater.decompress(pending, 1 << 24))
        if total > MAX_INFLATED_BYTES:
            raise StudyError("The file unpacks to more than 1 GB and was not opened.")
        pending = inflater.unconsumed_tail or stream.read(1 << 20)
    return True


def value(dataset: Dataset, keyword: str) -> Any:
    """Return an attribute's value, or None when it is absent, empty or malformed."""
    tag = tag_for_keyword(keyword)
    if tag is None or tag not in dataset:
        return None
    try:
        found = dataset[tag].value
    except Exception:  # a wrong VR or length raises nearly anything, at first access
        return None
    return None if found is None or found == "" else found


def text(dataset: Dataset, keyword: str) -> str:
    """Return an attribute as stripped text; several values are joined with a backslash."""
    found = value(dataset, keyword)
    if found is None:
        return ""
    if isinstance(found, bytes):
        found = found.decode("latin-1")
    if isinstance(found, (str, int, float)):
        return str(found).strip().strip("\0")
    try:
        return "\\".join(str(part).strip() for part in found)
    except TypeError:
        return str(found).strip()


def numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    r"""Return an attribute's values as finite numbers; empty when any of them is not one.

    Accepts the whole list written as one string (``"2.5000\\2.5000"``), as some writers do.
    """
    found = value(dataset, keyword)
    if found is None:
        return ()
    if isinstance(found, bytes):
        found = found.decode("latin-1")
    parts: list[Any] = []
    if isinstance(found, (str, int, float)):
        parts = [found]
    else:
        try:
            parts = list(found)
        except TypeError:
            return ()
    out: list[float] = []
    for part in parts:
        pieces = part.replace("\0", " ").split("\\") if isinstance(part, str) else [part]
        for piece in pieces:
            if isinstance(piece, str) and not piece.strip():
                continue
            try:
                number_ = float(piece)
            except (TypeError, ValueError, OverflowError):
                return ()
            if not math.isfinite(number_):
                return ()
            out.append(number_)
    return tuple(out)


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first of an attribute's values as a finite number, or None."""
    found = numbers(dataset, keyword)
    return found[0] if found else None


def integer(dataset: Dataset, keyword: str) -> int | None:
    """Return the first of an attribute's values as a whole number, or None."""
    found = number(dataset, keyword)
    return None if found is None or found != int(found) else int(found)


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; empty when it is absent or is no sequence."""
    found = value(dataset, keyword)
    if found is None or isinstance(found, (str, bytes, int, float)):
        return []
    try:
        return [item for item in found if isinstance(item, Dataset)]
    except TypeError:
        return []
