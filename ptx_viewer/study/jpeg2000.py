"""Grey JPEG 2000 frames, decoded without stopping the rest of the program.

pydicom's plugin decodes the same frames but holds Python's lock for the whole picture: half a second
for a film of 2,048², in which no window can be drawn.  OpenCV calls the same codec
(OpenJPEG) without the lock.
"""

from __future__ import annotations

import cv2
import numpy as np

from .luts import Array

# What is wrong with a frame is said by pydicom's decoder, which gets every frame refused here.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

_START = b"\xff\x4f\xff\x51"


def decode_grey(codestream: bytes, bits_stored: int, bits_allocated: int) -> Array | None:
    """Decode one frame of unsigned grey values.

    Parameters
    ----------
    codestream : bytes
        ISO/IEC 15444-1, without a JP2 box around it.
    bits_stored, bits_allocated : int
        As the DICOM header states.

    Returns
    -------
    ndarray of uint8 or uint16, shape [H, W], or None
        None for every other kind of frame (colour, signed, a precision that is not the
        header's) and when it cannot be decoded.
    """
    # SIZ (A.5.1): component count at 40, then for each component Ssiz, XRsiz, YRsiz.
    siz = codestream[40:45]
    plain = codestream[:4] == _START and siz[:2] == b"\x00\x01" and siz[3:] == b"\x01\x01"
    if not plain or not 8 <= bits_stored <= 16 or siz[2] != bits_stored - 1:  # the top bit means signed
        return None
    try:
        decoded = cv2.imdecode(np.frombuffer(codestream, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    expected = np.uint8 if bits_stored == 8 else np.uint16
    if decoded is None or decoded.ndim != 2 or decoded.dtype != expected:
        return None
    return decoded.astype(np.uint8 if bits_allocated == 8 else np.uint16, copy=False)
