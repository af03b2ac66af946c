"""From stored values to displayed brightness, as the header of a monochrome image says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from . import luts
from .header import items, number, numbers, text, value
from .image import Window
from .luts import Array, LookupTable
from .pixels import PixelLayout

#: What a CT without a window is first shown with, in HU.
SOFT_TISSUE = Window(center=40.0, width=400.0)


@dataclass(frozen=True, eq=False)
class Greyscale:
    """A monochrome frame's modality values and how the file wants them shown.

    Attributes
    ----------
    raw : ndarray [H, W]
        Modality values: int16, int32 or float32.
    raw_unit : str
    window : Window
    curve : LookupTable, or the string ``"SIGMOID"``, or None
        What the file prescribes where it is not a linear window.
    inverted : bool
    notices : tuple of str
    """

    raw: Array
    raw_unit: str
    window: Window
    curve: LookupTable | str | None
    inverted: bool
    notices: tuple[str, ...]

    def display(self) -> NDArray[np.float32]:
        """Return the frame as first shown: float32 [H, W], 0 = black .. 1 = white."""
        if self.curve is None:
            return luts.to_display(self.raw, self.window, self.inverted)
        if isinstance(self.curve, LookupTable):
            shown = self.curve.brightness(self.raw)
        else:
            shown = luts.apply_sigmoid(self.raw, self.window)
        return np.float32(1) - shown if self.inverted else shown


def greyscale(header: Dataset, layout: PixelLayout, stored: Array) -> Greyscale:
    """Apply what the header says about grey levels, in DICOM's order.

    Parameters
    ----------
    header : Dataset
        With the frame's own attributes at the top level.
    layout : PixelLayout
    stored : ndarray [H, W]
    """
    notices: list[str] = []
    if np.issubdtype(stored.dtype, np.floating) and not np.isfinite(stored).all():
        stored = np.nan_to_num(stored.astype(np.float64), nan=0.0, posinf=3e38, neginf=-3e38)
        notices.append("Some pixel values are not numbers; they are shown as zero.")
    padding = _padding(header, stored)
    raw, unit = _modality(header, layout, stored, notices)
    window, curve = _voi(header, layout, raw, unit, padding, notices)
    # MONOCHROME1 and INVERSE say the same thing twice (PS3.3 C.8.11.3): one inversion, not two.
    inverted = (
        layout.photometric_interpretation == "MONOCHROME1"
        or text(header, "PresentationLUTShape").upper() == "INVERSE"
    )
    return Greyscale(raw, unit, window, curve, inverted, tuple(notices))


def lookup_table(item: Dataset, signed_input: bool, notices: list[str]) -> LookupTable | None:
    """Read a LUT item (LUTDescriptor, LUTData); None, with a notice, when it makes no sense.

    A descriptor that disagrees with the data it describes is corrected from the data.
    """
    descriptor = numbers(item, "LUTDescriptor")
    data = value(item, "LUTData")
    bits = int(descriptor[2]) if len(descriptor) == 3 else 0
    if isinstance(data, bytes):
        count = int(descriptor[0]) % 65536 or 65536 if descriptor else 0
        # 8-bit tables are written as bytes or as words; the length tells which.
        kind = "u1" if bits <= 8 and len(data) in {count, count + 1} else _word(item)
        entries = np.frombuffer(data[: len(data) // np.dtype(kind).itemsize * np.dtype(kind).itemsize], kind)
        entries = entries[:count] if count else entries
    else:
        entries = np.array([int(part) & 0xFFFF for part in numbers(item, "LUTData")], dtype=np.uint16)
    if len(descriptor) != 3 or entries.size == 0:
        notices.append("A lookup table of the file is damaged and was not used.")
        return None
    first = int(descriptor[1])
    if signed_input and first > 32767:
        first -= 65536
    largest = int(entries.max())
    if not 1 <= bits <= 16 or largest > 2**bits - 1:
        notices.append("A lookup table of the file misstates its number of bits; the data were used.")
        bits = max(largest.bit_length(), 1)
    return LookupTable(first, entries.astype(np.int64), bits)


def _word(item: Dataset) -> str:
    encoding = item.original_encoding[1]
    return ">u2" if encoding is False else "<u2"


def _padding(header: Dataset, stored: Array) -> NDArray[np.bool_] | None:
    low = number(header, "PixelPaddingValue")
    if low is None:
        return None
    limit = number(header, "PixelPaddingRangeLimit")
    low, high = sorted((low, low if limit is None else limit))
    found = (stored >= low) & (stored <= high)
    return found if found.any() else None


def _modality(header: Dataset, layout: PixelLayout, stored: Array, notices: list[str]) -> tuple[Array, str]:
    for item in items(header, "ModalityLUTSequence")[:1]:
        table = lookup_table(item, layout.signed, notices)
        if table is not None:
            return luts.rescale(table(stored), 1, 0), ""
    slope, intercept = number(header, "RescaleSlope"), number(header, "RescaleIntercept")
    stated = slope is not None and intercept is not None
    if slope == 0:
        notices.append("The file's rescale slope is zero; its stored values are used as they are.")
        slope, intercept, stated = 1.0, 0.0, False
    raw = luts.rescale(stored, 1.0 if slope is None else slope, 0.0 if intercept is None else intercept)
    is_ct = text(header, "Modality").upper() == "CT"
    if is_ct and not stated:
        notices.append("The CT states no rescale to Hounsfield units; its values have no unit.")
    is_hounsfield = is_ct and stated and text(header, "RescaleType").upper() in {"", "HU"}
    return raw, "HU" if is_hounsfield else ""


def _voi(
    header: Dataset,
    layout: PixelLayout,
    raw: Array,
    unit: str,
    padding: NDArray[np.bool_] | None,
    notices: list[str],
) -> tuple[Window, LookupTable | str | None]:
    for item in items(header, "VOILUTSequence")[:1]:
        table = lookup_table(item, bool(raw.min() < 0), notices)
        if table is not None:
            return table.linear_window(), table
    center, width = number(header, "WindowCenter"), number(header, "WindowWidth")
    function = text(header, "VOILUTFunction").upper().split("\\")[0] or "LINEAR"
    if center is not None and width is not None and width > 0:
        if function == "SIGMOID":
            return Window(center, width), "SIGMOID"
        # LINEAR_EXACT is LINEAR half a step further and one step wider (PS3.3 C.11.2.1.3.2);
        # LINEAR is made for whole numbers and has no meaning below a width of 1.
        if function == "LINEAR_EXACT" or width < 1 or layout.keyword != "PixelData":
            return Window(center + 0.5, width + 1.0), None
        return Window(center, width), None
    if width is not None:
        notices.append(
            "The file's window width is zero or negative; a window was chosen from the pixel values."
        )
    elif unit == "HU":
        notices.append("The file states no window; it is shown with the soft-tissue window.")
        return SOFT_TISSUE, None
    elif layout.keyword == "PixelData" and layout.bits_stored <= 8 and raw.dtype != np.float32:
        # Eight-bit pictures are made to be shown over their whole range.
        whole = 2**layout.bits_stored - 1
        low = -(whole + 1) // 2 if layout.signed else 0
        slope, offset = number(header, "RescaleSlope") or 1.0, number(header, "RescaleIntercept") or 0.0
        if not items(header, "ModalityLUTSequence") and slope > 0:
            return luts.window_from_levels(low * slope + offset, (low + whole) * slope + offset), None
    else:
        notices.append("The file states no window; one was chosen from the pixel values.")
    return luts.automatic_window(raw, padding), None
