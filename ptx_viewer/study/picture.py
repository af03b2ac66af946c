"""PNG and JPEG films: pixels without a header, so without patient and without millimetres."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from pydicom.uid import generate_uid

from .errors import StudyError
from .header import quiet
from .pixels import check_size

#: Modality of a picture file: "other", because nothing in the file says how it was taken.
PICTURE_MODALITY = "OT"

_FORMATS = ("PNG", "JPEG")
_EXIF_ORIENTATION = 0x0112


def is_picture(path: Path) -> bool:
    """Whether the file begins like a PNG or a JPEG."""
    try:
        with path.open("rb") as stream:
            start = stream.read(8)
    except OSError:
        return False
    return start == b"\x89PNG\r\n\x1a\n" or start[:3] == b"\xff\xd8\xff"


def picture_size(path: Path) -> tuple[int, int]:
    """Return (rows, columns) as displayed, from the file's header.

    Raises
    ------
    StudyError
    """
    with quiet(), _open(path) as image, _damage_reported():
        columns, rows = image.size
        # Asking a PNG for its EXIF data would read the whole picture.
        if image.format == "JPEG" and image.getexif().get(_EXIF_ORIENTATION, 1) in {5, 6, 7, 8}:
            rows, columns = columns, rows
    check_size(rows, columns)
    return rows, columns


def picture_uids(path: Path) -> tuple[str, str, str]:
    """Return study, series and SOP instance UIDs made from the content, equal on every machine.

    Raises
    ------
    StudyError
    """
    digest = content_digest(path)
    study, series, instance = (
        str(generate_uid(entropy_srcs=["ptx-viewer picture", level, digest]))
        for level in ("study", "series", "instance")
    )
    return study, series, instance


def content_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Raises
    ------
    StudyError
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise StudyError("The file cannot be opened.") from error


def read_picture(path: Path) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], int, tuple[str, ...]]:
    """Decode a PNG or JPEG.

    Returns
    -------
    values : ndarray of uint8 or uint16, shape [H, W] or uint8 [H, W, 3]
    maximum : int
        The value that means white: 255 or 65535.
    notices : tuple of str

    Raises
    ------
    StudyError
    """
    notices = [
        "This is a picture file without patient data and without a scale: nothing is stated in millimetres."
    ]
    picture_size(path)
    with quiet(), _open(path) as opened, _damage_reported():
        is_turned = opened.format == "JPEG" and opened.getexif().get(_EXIF_ORIENTATION, 1) != 1
        if is_turned:
            notices.append("The picture was turned as its camera recorded it (EXIF orientation).")
        image = ImageOps.exif_transpose(opened) if is_turned else opened
        if image.mode.startswith("I"):  # 16-bit grey
            values = np.asarray(image).astype(np.int64)
            return np.clip(values, 0, 65535).astype(np.uint16), 65535, tuple(notices)
        if image.mode in {"1", "L"}:
            return np.asarray(image.convert("L")), 255, tuple(notices)
        if image.mode in {"LA", "La"}:
            return np.asarray(image.convert("LA"))[..., 0].copy(), 255, tuple(notices)
        return np.asarray(image.convert("RGB")), 255, tuple(notices)


@contextlib.contextmanager
def _damage_reported() -> Iterator[None]:
    try:
        yield
    except StudyError:
        raise
    except MemoryError as error:
        raise StudyError("The picture is too large for this computer's memory.") from error
    except Exception as error:  # Pillow's decoders raise several kinds
        raise StudyError("The picture is damaged or cut short.") from error


def _open(path: Path) -> Image.Image:
    try:
        return Image.open(path, formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise StudyError("The picture has more pixels than are opened.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise StudyError("The picture is damaged: it cannot be opened as PNG or JPEG.") from error
