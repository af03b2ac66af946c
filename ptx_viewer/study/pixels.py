"""Stored pixel values of one frame, decoded by pydicom and its plugins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder

from .codestream import frame_size
from .errors import StudyError
from .functional import number_of_frames
from .header import CUT_SHORT, integer, quiet, text, value
from .jpeg2000 import decode_grey
from .luts import Array

#: Frames with more pixels than this are refused before memory is spent on them.
MAX_PIXELS = 100_000_000

_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_DAMAGED = "The picture is damaged: its pixel data cannot be decoded."
_JPEG_2000 = frozenset({uid.JPEG2000Lossless, uid.JPEG2000})
_GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
_YBR_HALF = "YBR_FULL_422"


@dataclass(frozen=True)
class PixelLayout:
    """How the pixel data are laid out, checked and completed from the header.

    Attributes
    ----------
    keyword : str
        ``PixelData``, ``FloatPixelData`` or ``DoubleFloatPixelData``.
    photometric_interpretation : str
    transfer_syntax : UID
    notices : tuple of str
        What was assumed where the header is silent or contradicts itself.
    """

    keyword: str
    rows: int
    columns: int
    samples: int
    frames: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    planar: int
    photometric_interpretation: str
    transfer_syntax: uid.UID
    notices: tuple[str, ...] = ()

    @property
    def frame_bytes(self) -> int:
        """Bytes of one uncompressed frame, rounded up."""
        samples = 2 if self.photometric_interpretation == _YBR_HALF else self.samples
        return (self.rows * self.columns * samples * self.bits_allocated + 7) // 8


def pixel_layout(dataset: Dataset) -> PixelLayout:
    """Read and check the image pixel module (PS3.3 C.7.6.3).

    Raises
    ------
    StudyError
        When the object holds no picture, or one that cannot be laid out.
    """
    keyword = next((key for key in _KEYWORDS if key in dataset), "")
    if not keyword:
        raise StudyError("The file holds no picture: it has no pixel data.")
    rows, columns = integer(dataset, "Rows") or 0, integer(dataset, "Columns") or 0
    check_size(rows, columns)
    notices: list[str] = []
    frames = number_of_frames(dataset)
    samples = integer(dataset, "SamplesPerPixel") or 0
    photometric = text(dataset, "PhotometricInterpretation").upper()
    if samples not in {1, 3}:
        samples = 3 if photometric.startswith(("RGB", "YBR")) else 1
    if not photometric:
        photometric = "MONOCHROME2" if samples == 1 else "RGB"
        notices.append(f"The file does not state its photometric interpretation; {photometric} was assumed.")
    if samples == 3 and photometric in _GREY:
        photometric = "RGB"
    allocated = integer(dataset, "BitsAllocated") or 0
    if allocated not in {1, 8, 16, 32, 64}:
        raise StudyError(f"The file states {allocated} bits allocated per pixel, which no picture can have.")
    stored = integer(dataset, "BitsStored") or 0
    if not 1 <= stored <= allocated:
        if keyword == "PixelData":
            notices.append(
                f"The file does not state its stored bits correctly; all {allocated} bits were used."
            )
        stored = allocated
    return PixelLayout(
        keyword=keyword,
        rows=rows,
        columns=columns,
        samples=samples,
        frames=frames,
        bits_allocated=allocated,
        bits_stored=stored,
        signed=integer(dataset, "PixelRepresentation") == 1,
        planar=1 if integer(dataset, "PlanarConfiguration") == 1 else 0,
        photometric_interpretation=photometric,
        transfer_syntax=_transfer_syntax(dataset, keyword, notices),
        notices=tuple(notices),
    )


def check_size(rows: int, columns: int) -> None:
    """Refuse a picture without an area, or with an absurd one.

    Raises
    ------
    StudyError
    """
    if rows <= 0 or columns <= 0:
        raise StudyError("The file holds no picture: it states no rows and columns.")
    if rows * columns > MAX_PIXELS:
        raise StudyError(
            f"The file states a picture of {columns} × {rows} pixels; more than "
            f"{MAX_PIXELS // 10**6} million are not opened."
        )


def decode_frame(dataset: Dataset, layout: PixelLayout, frame: int) -> Array:
    """Decode one frame.

    Returns
    -------
    ndarray, shape [H, W] or, in colour, [H, W, 3]
        Stored values as DICOM defines them, unused bits removed; YBR turned into RGB.

    Raises
    ------
    StudyError
        When the frame does not exist, is cut short, damaged, or in a transfer syntax
        that cannot be decoded.
    """
    if not 0 <= frame < layout.frames:
        raise StudyError(f"The file has {layout.frames} frame(s); frame {frame + 1} does not exist.")
    data = value(dataset, layout.keyword)
    if not isinstance(data, bytes) or not data:
        raise StudyError("The file holds no picture: its pixel data are empty.")
    syntax = layout.transfer_syntax
    options = _options(dataset, layout)
    try:
        with quiet():
            decoder = get_decoder(syntax)
            if syntax == uid.RLELossless and layout.bits_allocated == 1:
                raise StudyError(
                    "The picture is stored as RLE Lossless with one bit per pixel, which cannot be decoded."
                )
            if syntax.is_encapsulated:
                encoded = _checked_codestream(data, layout, frame, options)
                if syntax in _JPEG_2000 and layout.samples == 1 and not layout.signed:
                    grey = decode_grey(encoded, layout.bits_stored, layout.bits_allocated)
                    if grey is not None and grey.shape == (layout.rows, layout.columns):
                        return grey
                index = frame
            else:
                data, index = _native_frame(data, layout, frame, options)
            decoded: Array = decoder.as_array(data, index=index, **options)[0]
            return decoded
    except StudyError:
        raise
    except NotImplementedError as error:
        name = syntax.name if syntax.is_valid else "an unknown transfer syntax"
        raise StudyError(f"The picture is stored as “{name}”, which cannot be decoded.") from error
    except MemoryError as error:
        raise StudyError("The picture is too large for this computer's memory.") from error
    except BaseException as error:
        # The codecs raise nearly anything on damaged data; the RLE codec, written in Rust,
        # even something that is no Exception.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise StudyError(_DAMAGED) from error
        raise


def _options(dataset: Dataset, layout: PixelLayout) -> dict[str, Any]:
    options: dict[str, Any] = {
        "rows": layout.rows,
        "columns": layout.columns,
        "samples_per_pixel": layout.samples,
        "number_of_frames": layout.frames,
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_stored,
        "photometric_interpretation": layout.photometric_interpretation,
        "pixel_keyword": layout.keyword,
        "pixel_vr": dataset.get_item(layout.keyword).VR or "OW",
    }
    if layout.keyword == "PixelData":
        options["pixel_representation"] = int(layout.signed)
    if layout.samples == 3:
        options["planar_configuration"] = layout.planar
    table, lengths = value(dataset, "ExtendedOffsetTable"), value(dataset, "ExtendedOffsetTableLengths")
    if isinstance(table, bytes) and isinstance(lengths, bytes):
        options["extended_offsets"] = (table, lengths)
    return options


def _native_frame(data: bytes, layout: PixelLayout, frame: int, options: dict[str, Any]) -> tuple[bytes, int]:
    if layout.bits_allocated == 1:  # frames need not begin at a byte
        if len(data) * 8 < layout.rows * layout.columns * layout.samples * (frame + 1):
            raise StudyError(CUT_SHORT)
        return data, frame
    size = layout.frame_bytes
    if len(data) < size * (frame + 1):
        raise StudyError(CUT_SHORT)
    options["number_of_frames"] = 1
    return data[size * frame : size * (frame + 1)], 0


def _checked_codestream(data: bytes, layout: PixelLayout, frame: int, options: dict[str, Any]) -> bytes:
    try:
        encoded = get_frame(
            data, frame, number_of_frames=layout.frames, extended_offsets=options.get("extended_offsets")
        )
    except Exception as error:
        raise StudyError(CUT_SHORT) from error
    size = frame_size(encoded)
    if size is None and layout.transfer_syntax != uid.RLELossless:
        raise StudyError(_DAMAGED)
    if size is not None and size != (layout.rows, layout.columns):
        raise StudyError(
            f"The file contradicts itself: its header states {layout.columns} × {layout.rows} pixels, "
            f"the picture inside has {size[1]} × {size[0]}."
        )
    return encoded


def _transfer_syntax(dataset: Dataset, keyword: str, notices: list[str]) -> uid.UID:
    meta = getattr(dataset, "file_meta", None)
    stated = text(meta, "TransferSyntaxUID") if meta is not None else ""
    if stated:
        return uid.UID(stated)
    implicit, little = dataset.original_encoding
    found = uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian
    if little is False:
        found = uid.ExplicitVRBigEndian
    data = value(dataset, keyword)
    # An item tag at the start of data of undefined length means compressed frames.
    if isinstance(data, bytes) and dataset[keyword].is_undefined_length and data[:4] == b"\xfe\xff\x00\xe0":
        found = _guess_compression(data)
    notices.append(f"The file does not name its transfer syntax; it was read as {found.name}.")
    return found


def _guess_compression(data: bytes) -> uid.UID:
    head = get_frame(data, 0, number_of_frames=1)[:4096]
    if b"\xff\x4f\xff\x51" in head:
        return uid.JPEG2000
    if head[:2] != b"\xff\xd8":
        return uid.RLELossless
    return uid.JPEGLSLossless if b"\xff\xf7" in head else uid.JPEGExtended12Bit
