"""Arrays as compact bytes: masks and labels exactly, maps with 16 bits.  No pickle.

A coded array is a fixed little-endian header followed by zlib data:

=======  ========================================================================
bytes    meaning
=======  ========================================================================
4        ``b"MASK"``, ``b"MAP "`` or ``b"LABL"``
4 + 4    rows (labels: of all slices together), columns (uint32)
8        mask: unused; map: magnitude; labels: number of slices (float64)
1        map: 1 when values are signed
rest     mask: packed bits, row after row; map: see :func:`encode_map`; labels: a byte each
=======  ========================================================================
"""

from __future__ import annotations

import math
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_HEADER = struct.Struct("<4sIId?")
_MASK, _MAP, _LABELS = b"MASK", b"MAP ", b"LABL"
# Level 1: a film is saved while the reader waits, and higher levels gain little on such data.
_LEVEL = 1
_LARGEST = 2**30


class CodecError(ValueError):
    """The bytes are no coded array, or the array cannot be coded."""


def encode(array: NDArray[np.generic]) -> bytes:
    """Code a mask (bool [H, W]) or labels (uint8 [S, H, W]) exactly, or a map (float32 [H, W]) with 16 bits.

    Raises
    ------
    CodecError
        If it is none of these.
    """
    if array.ndim == 2 and array.dtype == np.bool_:
        return encode_mask(array.astype(np.bool_, copy=False))
    if array.ndim == 2 and np.issubdtype(array.dtype, np.floating):
        return encode_map(array.astype(np.float32, copy=False))
    if array.ndim == 3 and array.dtype == np.uint8:
        slices, rows, columns = array.shape
        header = _HEADER.pack(_LABELS, slices * rows, columns, float(slices), False)
        return header + zlib.compress(array.tobytes(), _LEVEL)
    raise CodecError(f"only masks, labels and maps are kept, not {array.dtype} of shape {array.shape}")


def encode_mask(mask: NDArray[np.bool_]) -> bytes:
    """Code a mask exactly."""
    rows, columns = mask.shape
    packed = np.packbits(mask)
    return _HEADER.pack(_MASK, rows, columns, 0.0, False) + zlib.compress(packed.tobytes(), _LEVEL)


def encode_map(values: NDArray[np.float32]) -> bytes:
    """Code a map with 16 bits a pixel.

    With m = max(1, largest absolute value), a map without negative values is kept as
    ``round(value / m * 65535)`` and a signed one as ``round(value / m * 32767)``, so that zero
    stays exactly zero.  The loss is at most m/131070 (7.7e-6 for probabilities) or m/65534
    (1.6e-5 for signed maps).  Differences along rows, then along columns, and separate byte planes
    make smooth maps small before zlib; a 3000² heatmap takes 1 to 4 MB.

    Raises
    ------
    CodecError
        If a value is not finite.
    """
    rows, columns = values.shape
    lowest, highest = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise CodecError("a map with values that are not numbers cannot be kept")
    signed = lowest < 0
    magnitude = max(1.0, highest, -lowest)
    scaled = values * np.float32((32767 if signed else 65535) / magnitude)
    # Rounded in int32 first: a negative float has no defined conversion to an unsigned integer.
    levels = np.rint(scaled).astype(np.int32).astype(np.uint16)
    levels[:, 1:] = np.diff(levels, axis=1)
    levels[1:] = np.diff(levels, axis=0)
    planes = levels.astype("<u2").reshape(-1).view(np.uint8).reshape(-1, 2).T
    header = _HEADER.pack(_MAP, rows, columns, magnitude, signed)
    return header + zlib.compress(planes.tobytes(), _LEVEL)


def decode(data: bytes) -> NDArray[np.generic]:
    """Return the mask (bool [H, W]), labels (uint8 [S, H, W]) or map (float32 [H, W]) that `data` holds.

    Masks and labels are read-only.

    Raises
    ------
    CodecError
        If `data` is not what this module writes.
    """
    try:
        kind, rows, columns, magnitude, signed = _HEADER.unpack_from(data)
        pixels = rows * columns
        if kind not in (_MASK, _MAP, _LABELS) or pixels > _LARGEST:
            raise CodecError("not a coded mask, map or labels")
        expected = {_MASK: (pixels + 7) // 8, _MAP: 2 * pixels, _LABELS: pixels}[kind]
        # Bounded: damaged bytes must not unpack to more than the header announces.
        content = zlib.decompressobj().decompress(data[_HEADER.size :], expected + 1)
    except (struct.error, zlib.error) as error:
        raise CodecError(f"damaged mask or map: {error}") from error
    if len(content) != expected:
        raise CodecError("damaged mask or map: wrong length")
    flat = np.frombuffer(content, dtype=np.uint8)
    if kind == _LABELS:
        slices = int(magnitude) if math.isfinite(magnitude) else 0
        if slices < 1 or rows % slices:
            raise CodecError("damaged labels: the slices do not come out even")
        return flat.reshape(slices, rows // slices, columns)
    if kind == _MASK:
        mask = np.unpackbits(flat, count=pixels).view(np.bool_).reshape(rows, columns)
        mask = mask if mask.base is None else mask.copy()
        mask.flags.writeable = False
        return mask
    low, high = flat.reshape(2, rows, columns)
    levels = low | (high.astype(np.uint16) << np.uint16(8))
    levels = np.cumsum(np.cumsum(levels, axis=0, dtype=np.uint16), axis=1, dtype=np.uint16)
    if signed:
        return levels.view(np.int16).astype(np.float32) * np.float32(magnitude / 32767)
    return levels.astype(np.float32) * np.float32(magnitude / 65535)
