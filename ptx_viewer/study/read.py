"""One frame of one file as an :class:`Image2D`."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import ExplicitVRBigEndian

from .calibration import spacing_from, spacing_is_unusable, stated_pixel_height
from .catalogue import InstanceEntry
from .errors import StudyError, log_failure
from .functional import frame_header
from .greyscale import Greyscale, greyscale
from .header import numbers, quiet, read_dataset
from .image import Acquisition, Image2D, ImageReference, Orientation, PatientIdentity
from .luts import Array, window_from_levels
from .orientation import orientation_from
from .patient import acquisition, patient_identity
from .picture import PICTURE_MODALITY, is_picture, read_picture
from .pixels import PixelLayout, decode_frame, pixel_layout
from .spacing import Spacing

_log = logging.getLogger(__name__)

# ITU-R BT.601 luma: how bright a colour looks.
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
# Grey films saved in colour differ by rounding between their channels, no more.
_GREY_TOLERANCE = 6


@dataclass(frozen=True, eq=False)
class Frame:
    """A decoded frame without its displayed pixels, which :meth:`image` makes when asked.

    Keeping frames instead of images costs 2 bytes a pixel for CT, not 6.
    """

    grey: Greyscale
    colour: NDArray[np.uint8] | None
    spacing: Spacing | None
    orientation: Orientation
    reference: ImageReference
    acquisition: Acquisition
    patient: PatientIdentity
    notices: tuple[str, ...]
    stated_pixel_height: float = 1.0

    @property
    def nbytes(self) -> int:
        """Bytes held by the arrays."""
        return self.grey.raw.nbytes + (0 if self.colour is None else self.colour.nbytes)

    def image(self) -> Image2D:
        """Return the frame as an image with its own displayed pixels."""
        return Image2D(
            pixels=self.grey.display(),
            raw=self.grey.raw,
            raw_unit=self.grey.raw_unit,
            window=self.grey.window,
            inverted=self.grey.inverted,
            spacing=self.spacing,
            orientation=self.orientation,
            reference=self.reference,
            acquisition=self.acquisition,
            patient=self.patient,
            colour=self.colour,
            notices=self.notices,
            stated_pixel_height=self.stated_pixel_height,
        )


def read_image(entry: InstanceEntry, frame: int = 0) -> Image2D:
    """Read one frame of a listed file.

    Parameters
    ----------
    entry : InstanceEntry
        From :func:`ptx_viewer.study.scan.scan`.
    frame : int
        Counted from 0.

    Returns
    -------
    Image2D

    Raises
    ------
    StudyError
        With a sentence for the user; the detail is in the log.
    """
    return read_frame(entry, frame).image()


def read_frame(entry: InstanceEntry, frame: int = 0) -> Frame:
    """Read one frame of a listed file; see :func:`read_image`."""
    try:
        if is_picture(entry.file):
            return _picture_frame(entry)
        return frame_from(read_dataset(entry.file), entry, frame)
    except StudyError as error:
        log_failure(_log, entry.display_path, error)
        raise


def frame_from(dataset: Dataset, entry: InstanceEntry, frame: int) -> Frame:
    """Decode one frame of a data set that was read with its pixels.

    Raises
    ------
    StudyError
    """
    try:
        with quiet():
            return _frame_from(dataset, entry, frame)
    except StudyError:
        raise
    except MemoryError as error:
        raise StudyError("The picture is too large for this computer's memory.") from error
    except Exception as error:  # a malformed attribute that no reader foresaw must not stop the rest
        raise StudyError("The file is damaged: its picture cannot be shown.") from error


def _frame_from(dataset: Dataset, entry: InstanceEntry, frame: int) -> Frame:
    layout = pixel_layout(dataset)
    stored = decode_frame(dataset, layout, frame)
    header = frame_header(dataset, frame)
    colour: NDArray[np.uint8] | None = None
    notices = list(layout.notices)
    if layout.photometric_interpretation == "PALETTE COLOR":
        colour = _palette_colour(dataset, layout, stored)
    elif layout.samples == 3:
        colour = _eight_bit(stored, layout.bits_stored)
    if colour is None:
        grey = greyscale(header, layout, stored)
        notices += grey.notices
    else:
        grey, colour = _grey_of(colour)
    if spacing_is_unusable(header):
        notices.append(
            "The file's pixel spacing is zero or makes no sense, so nothing is stated in millimetres."
        )
    spacing, pixel_height = spacing_from(header), stated_pixel_height(header)
    if spacing is None and pixel_height != 1:
        notices.append(
            "The pixels are not square and their size is not known: lengths count stored pixels, so "
            "slanting lengths, angles and what is computed from lengths in both directions do not hold."
        )
    return Frame(
        grey=grey,
        colour=colour,
        spacing=spacing,
        orientation=orientation_from(header),
        reference=_reference(entry, frame),
        acquisition=acquisition(header),
        patient=patient_identity(header),
        notices=tuple(notices),
        stated_pixel_height=pixel_height,
    )


def _picture_frame(entry: InstanceEntry) -> Frame:
    values, white, notices = read_picture(entry.file)
    if values.ndim == 3:
        grey, colour = _grey_of(values.astype(np.uint8))
    else:
        raw: Array = values.astype(np.int16) if white == 255 else values.astype(np.int32)
        grey, colour = Greyscale(raw, "", window_from_levels(0.0, float(white)), None, False, ()), None
    return Frame(
        grey=grey,
        colour=colour,
        spacing=None,
        orientation=Orientation(),
        reference=_reference(entry, 0),
        acquisition=Acquisition(
            modality=PICTURE_MODALITY,
            photometric_interpretation="MONOCHROME2" if colour is None else "RGB",
        ),
        patient=PatientIdentity(),
        notices=notices,
    )


def _reference(entry: InstanceEntry, frame: int) -> ImageReference:
    return ImageReference(
        file=entry.file,
        display_path=entry.display_path,
        study_instance_uid=entry.study_instance_uid,
        series_instance_uid=entry.series_instance_uid,
        sop_instance_uid=entry.sop_instance_uid,
        sop_class_uid=entry.sop_class_uid,
        frame=frame,
    )


def _palette_colour(dataset: Dataset, layout: PixelLayout, stored: Array) -> NDArray[np.uint8]:
    try:
        coloured: Array = apply_color_lut(stored, dataset)[..., :3]  # without transparency
    except Exception as error:  # missing or malformed palette elements
        raise StudyError("The picture's colour palette is missing or damaged.") from error
    # pydicom 3.0 reads plain (not segmented) 16-bit tables in the machine's byte order.
    is_plain = "RedPaletteColorLookupTableData" in dataset
    if is_plain and layout.transfer_syntax == ExplicitVRBigEndian and coloured.dtype.itemsize == 2:
        coloured = coloured.byteswap()
    # An 8-bit table may be written in 16-bit words.
    stated = numbers(dataset, "RedPaletteColorLookupTableDescriptor")
    return _eight_bit(coloured, 8 if stated[2:] == (8.0,) else coloured.dtype.itemsize * 8)


def _eight_bit(colour: Array, bits: int) -> NDArray[np.uint8]:
    """Return colours of `bits` bits a channel at 8 bits."""
    return (colour.astype(np.uint32) >> max(bits - 8, 0)).astype(np.uint8)


def _grey_of(colour: NDArray[np.uint8]) -> tuple[Greyscale, NDArray[np.uint8] | None]:
    """Return a colour picture's brightness, and the colours unless it has none to speak of."""
    spread = int((colour.max(axis=2) - colour.min(axis=2)).max())
    raw = np.rint(colour.astype(np.float32) @ _LUMA).astype(np.int16)
    grey = Greyscale(raw, "", window_from_levels(0.0, 255.0), None, False, ())
    return grey, None if spread <= _GREY_TOLERANCE else colour
