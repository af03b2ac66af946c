"""Grey-level arithmetic: stored value -> modality value -> displayed brightness.

The one place where it is done.  The order is DICOM's (PS3.3 C.11): modality LUT or
rescale, then VOI LUT or window, then polarity.  A display that changes the window calls
the same functions (:func:`to_display`, or :func:`levels` for a display that scales by itself).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .image import Window

Array = NDArray[np.integer[Any] | np.floating[Any]]


def levels(window: Window) -> tuple[float, float]:
    """Return the modality values shown black and white by a window.

    PS3.3 C.11.2.1.2.1 (LINEAR): ``center - 0.5 -/+ (width - 1) / 2``.
    """
    half = max(window.width - 1.0, 0.0) / 2
    return window.center - 0.5 - half, window.center - 0.5 + half


def window_from_levels(black: float, white: float) -> Window:
    """Return the window that shows `black` as 0 and `white` as 1 (inverse of :func:`levels`)."""
    return Window(center=(black + white) / 2 + 0.5, width=white - black + 1.0)


def apply_window(raw: Array, window: Window) -> NDArray[np.float32]:
    """Map modality values to brightness through a linear window.

    Parameters
    ----------
    raw : ndarray of any real dtype, any shape
        Modality values.
    window : Window
        DICOM's LINEAR function (PS3.3 C.11.2.1.2.1); a width of 1 or less is a step
        at ``center - 0.5``.

    Returns
    -------
    ndarray of float32, the shape of `raw`
        0 (black) .. 1 (white), before polarity.
    """
    low, high = levels(window)
    if not high > low:
        return (raw > low).astype(np.float32)
    # Offsets of 24-bit and floating-point data do not survive float32: subtract first, in float64.
    precise = raw.dtype.itemsize > 2
    out = np.subtract(raw, low, dtype=np.float64 if precise else np.float32)
    out /= high - low
    np.clip(out, 0.0, 1.0, out=out)
    return out.astype(np.float32, copy=False)


def apply_sigmoid(raw: Array, window: Window) -> NDArray[np.float32]:
    """Map modality values through DICOM's SIGMOID function (PS3.3 C.11.2.1.3.1).

    ``1 / (1 + exp(-4 (x - center) / width))``, float32 in 0..1.
    """
    exponent = -4.0 * (raw.astype(np.float64) - window.center) / window.width
    return (1.0 / (1.0 + np.exp(np.clip(exponent, -700, 700)))).astype(np.float32)


def to_display(raw: Array, window: Window, inverted: bool) -> NDArray[np.float32]:
    """Window, then polarity: 0 = black .. 1 = white on the screen.

    Parameters
    ----------
    raw : ndarray
        Modality values, any shape.
    window : Window
    inverted : bool
        True turns black and white round, after the window.

    Returns
    -------
    ndarray of float32, the shape of `raw`
    """
    shown = apply_window(raw, window)
    return np.subtract(np.float32(1), shown, out=shown) if inverted else shown


@dataclass(frozen=True, eq=False)
class LookupTable:
    """A modality or VOI lookup table (PS3.3 C.11.1.1, C.11.2.1.1).

    Attributes
    ----------
    first : int
        Input value of the first entry; smaller inputs get the first entry, larger ones
        than the table covers the last.
    entries : ndarray of int64, shape [n]
    bits : int
        Bits of an entry, which give the output's full range ``0 .. 2**bits - 1``.
    """

    first: int
    entries: NDArray[np.int64]
    bits: int

    def __call__(self, values: Array) -> NDArray[np.int64]:
        """Look `values` up; floating-point input is rounded to the nearest entry."""
        index = np.rint(values).astype(np.int64) - self.first
        return self.entries[np.clip(index, 0, len(self.entries) - 1)]

    def brightness(self, values: Array) -> NDArray[np.float32]:
        """Look `values` up as a VOI LUT: float32 in 0..1."""
        return (self(values) / float(2**self.bits - 1)).astype(np.float32)

    def linear_window(self) -> Window:
        """Return the window closest to this table: the least-squares line through its slope."""
        values = self.entries / float(2**self.bits - 1)
        inputs = self.first + np.arange(len(values), dtype=np.float64)
        sloping = (values > values.min()) & (values < values.max())
        if np.count_nonzero(sloping) >= 2:
            slope, intercept = np.polyfit(inputs[sloping], values[sloping], 1)
            if slope > 0:
                return window_from_levels(float(-intercept / slope), float((1 - intercept) / slope))
        return window_from_levels(float(inputs[0]), float(inputs[-1]))


def rescale(stored: Array, slope: float, intercept: float) -> Array:
    """Apply ``slope * stored + intercept`` and keep whole numbers whole.

    Returns
    -------
    ndarray of int16 or int32 when both factors are whole and the result fits, else float32
    """
    if np.issubdtype(stored.dtype, np.integer) and slope == int(slope) and intercept == int(intercept):
        bounds = sorted(int(edge) * int(slope) + int(intercept) for edge in (stored.min(), stored.max()))
        for dtype in (np.int16, np.int32):
            limits = np.iinfo(dtype)
            if limits.min <= bounds[0] and bounds[1] <= limits.max:
                if slope == 1 and intercept == 0:
                    return stored.astype(dtype)
                # The product is computed in 64 bits: a stored value may not fit the result's type.
                return (stored.astype(np.int64) * int(slope) + int(intercept)).astype(dtype)
    limits32 = np.finfo(np.float32)
    scaled = stored.astype(np.float64) * slope + intercept
    return np.clip(scaled, limits32.min, limits32.max).astype(np.float32)


def automatic_window(raw: Array, padding: NDArray[np.bool_] | None = None) -> Window:
    """Return a window for a file that has none: the 0.5th to the 99.5th percentile.

    Parameters
    ----------
    raw : ndarray [H, W]
        Modality values.
    padding : ndarray of bool [H, W], optional
        True where a pixel lies outside the image (PixelPaddingValue) and must not count.
    """
    values = raw[~padding] if padding is not None and not padding.all() else raw.ravel()
    sample = values[:: max(1, values.size // 1_000_000)].astype(np.float64)
    low, high = np.percentile(sample, (0.5, 99.5))
    darkest, brightest = float(values.min()), float(values.max())
    if not high > low:
        return window_from_levels(darkest, brightest)
    return window_from_levels(max(float(low), darkest), min(float(high), brightest))
