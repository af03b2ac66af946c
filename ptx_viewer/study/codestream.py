"""Picture size written inside a compressed frame, to compare with the DICOM header.

A codec allocates what its own header says, not what DICOM says: a damaged or hostile
frame must be refused before it is decoded.
"""

from __future__ import annotations

_JPEG_FRAME_MARKERS = (frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}) | {0xF7}  # F7: JPEG-LS


def frame_size(codestream: bytes) -> tuple[int, int] | None:
    """Return (rows, columns) of a JPEG, JPEG-LS, JPEG 2000 or HTJ2K codestream.

    Returns None when the bytes are none of these (RLE has no header of this kind), or
    break off before the size.
    """
    if codestream[:2] == b"\xff\xd8":
        return _jpeg_size(codestream)
    start = codestream.find(b"\xff\x4f\xff\x51", 0, 4096)  # SOC, SIZ; a JP2 box may come before
    return _j2k_size(codestream[start : start + 24]) if start >= 0 else None


def _jpeg_size(stream: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(stream):
        if stream[at] != 0xFF:
            return None
        marker = stream[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker in _JPEG_FRAME_MARKERS:
            return int.from_bytes(stream[at + 5 : at + 7], "big"), int.from_bytes(
                stream[at + 7 : at + 9], "big"
            )
        at += 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return None


def _j2k_size(siz: bytes) -> tuple[int, int] | None:
    # SOC 2, SIZ 2, Lsiz 2, Rsiz 2, Xsiz 4, Ysiz 4, XOsiz 4, YOsiz 4 (ISO/IEC 15444-1 A.5.1)
    if len(siz) < 24:
        return None
    width, height, left, top = (int.from_bytes(siz[at : at + 4], "big") for at in (8, 12, 16, 20))
    return height - top, width - left
