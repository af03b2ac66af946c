"""What the corners of the canvas say: words only, no drawing."""

from __future__ import annotations

import numpy as np

from ptx_viewer.study.image import Image2D, Window
from ptx_viewer.study.luts import to_display

from .geometry import ViewState

PRIVATE = "Patient hidden"
NO_BREAK = "\u00a0"


def patient_lines(image: Image2D, *, private: bool) -> list[str]:
    """Return name, identifier, birth date and sex; or only that they are hidden."""
    if private:
        return [PRIVATE]
    patient = image.patient
    born = f"born {readable_date(patient.birth_date)}" if patient.birth_date else ""
    return _filled(
        patient.name, patient.patient_id, ", ".join(_filled(born, patient.sex, readable_age(patient.age)))
    )


def image_lines(image: Image2D, slice_index: int, slices: int) -> list[str]:
    """Return study date and description, series, modality and view, and the slice."""
    patient, acquisition = image.patient, image.acquisition
    view = " ".join(_filled(acquisition.modality, acquisition.body_part, acquisition.view_position))
    return _filled(
        readable_date(patient.study_date),
        patient.study_description,
        patient.series_description,
        # U stands for an unpaired body part: no side to state.
        " ".join(_filled(view, acquisition.laterality.removeprefix("U"))),
        f"Image {slice_index + 1} / {slices}" if slices > 1 else "",
    )


def window_lines(
    image: Image2D, window: Window | None, zoom_percent: float, view: ViewState, *, inverted: bool
) -> list[str]:
    """Return the window (None: as the file asks), the zoom and how the film was turned."""
    lines = []
    if image.colour is None:
        if window is None and not shows_linear_window(image):
            lines.append("VOI LUT of the file")
        else:
            used = window if window is not None else image.window
            lines.append(f"W {used.width:.5g}  L {used.center:.5g}" + _unit(image))
    lines.append(f"Zoom {zoom_percent:.0f} %")
    return lines + _filled(
        f"Rotated {90 * view.quarter_turns}°" if view.quarter_turns else "",
        "Flipped left-right" if view.flipped_horizontally else "",
        "Flipped top-bottom" if view.flipped_vertically else "",
        "Inverted" if inverted else "",
    )


def calibration_text(image: Image2D) -> str:
    """Return what a pixel measures and at which plane, or that it is unknown."""
    spacing = image.spacing
    if spacing is None:
        return "Uncalibrated: pixels only"
    size = f"{spacing.row_mm:.3g} × {spacing.column_mm:.3g} mm"
    # Lines break between the words, the numbers and the basis only.
    return f"Pixel spacing {size.replace(' ', NO_BREAK)}, {spacing.basis.replace(' ', NO_BREAK)}"


def shows_linear_window(image: Image2D) -> bool:
    """Whether ``Image2D.pixels`` is its linear window: a VOI LUT has no width and level to state."""
    stride = max(1, int(np.sqrt(image.pixels.size / 4096)))
    shade = to_display(image.raw[::stride, ::stride], image.window, image.inverted)
    return bool(np.abs(shade - image.pixels[::stride, ::stride]).mean() < 0.01)


def readable_date(date: str) -> str:
    """Return a DICOM date (DA, YYYYMMDD) as YYYY-MM-DD; anything else as it is."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date


def readable_age(age: str) -> str:
    """Return a DICOM age (AS, 053Y) as ``53 y``; anything else as it is."""
    number, unit = age[:-1], age[-1:]
    return f"{int(number)} {unit.lower()}" if number.isdigit() and unit in set("DWMY") else age


def _unit(image: Image2D) -> str:
    return f" {image.raw_unit}" if image.raw_unit else ""


def _filled(*parts: str) -> list[str]:
    return [part for part in parts if part]
