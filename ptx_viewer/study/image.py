"""One readable image: pixels as displayed, values as stored, and where both come from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .spacing import Spacing


@dataclass(frozen=True)
class Window:
    """A linear VOI window on modality values (DICOM PS3.3 C.11.2.1.2)."""

    center: float
    width: float


@dataclass(frozen=True)
class Orientation:
    r"""Which way the patient lies in the pixel grid.

    Attributes
    ----------
    row_direction, column_direction : str
        Patient direction in which a row's column index, and a column's row
        index, increase, as in PatientOrientation (0020,0020): ``"L"``, ``"R"``,
        ``"F"``, ``"H"``...; ``""`` when the file does not say.
    stated : bool
        False when the file says nothing and the usual display
        (``L\F``: patient's left on the right of the screen) is assumed.
    """

    row_direction: str = "L"
    column_direction: str = "F"
    stated: bool = False


@dataclass(frozen=True)
class ImageReference:
    """Identity of one image: what a result needs to point back at its source."""

    file: Path
    display_path: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    frame: int = 0

    @property
    def key(self) -> str:
        """Stable identity for storing a review: SOP instance UID and frame."""
        return f"{self.sop_instance_uid}#{self.frame}"


@dataclass(frozen=True)
class Acquisition:
    """What the header says about how the image was taken; ``""`` where it is silent.

    Attributes
    ----------
    position_codes : tuple of str
        Meanings of the codes for the patient's posture and of the modifiers of the view
        (``"supine"``, ``"expiration"``).
    protocol : str
        ProtocolName and AcquisitionDeviceProcessingDescription: free text of the device.
    positioner_type : str
        PositionerType: decides what the positioner's angles mean.
    positioner_angles : tuple of float or None
        PositionerPrimaryAngle and PositionerSecondaryAngle, degrees.
    detector_angle : float or None
        DetectorPrimaryAngle, degrees.
    """

    modality: str
    body_part: str = ""
    view_position: str = ""
    photometric_interpretation: str = ""
    image_type: tuple[str, ...] = ()
    number_of_frames: int = 1
    laterality: str = ""
    patient_position: str = ""
    position_codes: tuple[str, ...] = ()
    protocol: str = ""
    positioner_type: str = ""
    positioner_angles: tuple[float | None, float | None] = (None, None)
    detector_angle: float | None = None


@dataclass(frozen=True)
class PatientIdentity:
    """Who and when, as shown in the corners and the report; never logged."""

    name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    sex: str = ""
    age: str = ""
    study_date: str = ""
    study_time: str = ""
    study_description: str = ""
    series_description: str = ""
    accession_number: str = ""
    institution: str = ""


@dataclass(frozen=True, eq=False)
class Image2D:
    """One two-dimensional image in its source grid.

    Attributes
    ----------
    pixels : ndarray of float32, shape [H, W]
        0 = black .. 1 = white as displayed by default: modality LUT, VOI LUT or
        window, then polarity.
    raw : ndarray, shape [H, W]
        Modality values before the VOI transform (int16, int32 or float32), for window/level.
    raw_unit : str
        ``"HU"`` for CT, ``""`` where the values have no unit.
    window : Window
        The window that turns `raw` into `pixels` (the best linear one when a VOI LUT was used).
    inverted : bool
        True when larger `raw` values are shown darker (MONOCHROME1, or PresentationLUTShape
        INVERSE): a display inverts *after* windowing.
    colour : ndarray of uint8, shape [H, W, 3], or None
        The picture as shown when the file is in colour.
    spacing : Spacing or None
        None when the file gives no spacing: then nothing may be stated in millimetres.
    notices : tuple of str
        Sentences for the reader about what was assumed or repaired.
    stated_pixel_height : float
        Height of a pixel over its width as PixelAspectRatio states it: counts where there is no spacing.
    """

    pixels: NDArray[np.float32]
    raw: NDArray[np.generic]
    raw_unit: str
    window: Window
    inverted: bool
    spacing: Spacing | None
    orientation: Orientation
    reference: ImageReference
    acquisition: Acquisition
    patient: PatientIdentity
    colour: NDArray[np.uint8] | None = None
    notices: tuple[str, ...] = field(default=())
    stated_pixel_height: float = 1.0

    @property
    def pixel_height(self) -> float:
        """Height of a pixel over its width: 1 where the film has square pixels, or says nothing."""
        if self.spacing is None:
            return self.stated_pixel_height
        sizes = (self.spacing.row_mm, self.spacing.column_mm)
        if not all(math.isfinite(size) and size > 0 for size in sizes):
            return 1.0
        return sizes[0] / sizes[1]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.pixels.shape
        return rows, columns
