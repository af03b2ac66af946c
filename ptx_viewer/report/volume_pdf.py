"""The PDF report of a CT series."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from fpdf.errors import FPDFException
from numpy.typing import NDArray
from PIL import Image

from models.ct import SIDES, air_label, lung_label
from ptx_viewer.rendering import MODEL_COLOUR
from ptx_viewer.results import VolumeAnalysis
from ptx_viewer.study.image import Window
from ptx_viewer.study.luts import apply_window
from ptx_viewer.study.planes import Cursor, Plane, Planes
from ptx_viewer.study.volume import Volume
from ptx_viewer.volumes import BASIS, TITLE

from . import wording
from .atomic import write_atomically
from .errors import ReportError
from .page import BODY, MUTED, SMALL, TINY, Page
from .pdf import TITLE as DOCUMENT_TITLE
from .text import shorten

_LUNG_WINDOW = Window(-600, 1500)
_LUNG_COLOUR = (150, 190, 225)
_HEIGHT_MM = 58.0
_PIXELS_PER_MM = 10


def write_volume_pdf(
    volume: Volume, analysis: VolumeAnalysis, path: Path, program_version: str, created: datetime
) -> None:
    """Write the report of one segmented series.

    Parameters
    ----------
    volume : Volume
    analysis : VolumeAnalysis
        Not refused.
    path : Path
        Replaced if it is there.
    program_version : str
    created : datetime
        With a time zone.

    Raises
    ------
    ReportError
        If the report cannot be laid out or written.
    """
    program = f"ptx-viewer {program_version}"
    page = Page(program, created)
    # File managers and printers show these: they must not carry the patient's name.
    page.set_title(DOCUMENT_TITLE)
    page.set_subject("Findings of a CT series, for research and education")
    page.set_creator(program)
    page.set_lang("en")
    page.set_creation_date(created)
    try:
        _write(page, volume, analysis)
        content = bytes(page.output())
    except (FPDFException, ValueError) as error:
        raise ReportError(f"The report could not be laid out: {error}.") from error
    write_atomically(path, content)


def conclusion(analysis: VolumeAnalysis) -> str:
    """Say what was found; a series is never called normal."""
    if not analysis.sides:
        return f"No pneumothorax found by {TITLE}."
    sides = " and ".join(side.value for side in analysis.sides)
    return f"Pneumothorax suggested by {TITLE}: {sides}."


def _write(page: Page, volume: Volume, analysis: VolumeAnalysis) -> None:
    patient = volume.patient
    page.start_film(
        f"Patient ID {patient.patient_id or 'not stated'} · "
        f"{wording.date(patient.study_date) or 'no study date'} · "
        f"{wording.person(patient.name) or 'no name'}",
        title="Pneumothorax review of a CT series",
    )
    slices, rows, columns = volume.hounsfield.shape
    pitch, row_mm, column_mm = volume.spacing_mm
    page.fields(
        [
            ("Patient", shorten(wording.person(patient.name), 200)),
            ("Patient ID", shorten(patient.patient_id, 200)),
            ("Birth date", wording.date(patient.birth_date)),
            ("Study date", wording.date(patient.study_date)),
            ("Series", shorten(patient.series_description, 200)),
            (
                "Slices",
                f"{slices} of {columns} × {rows} pixels of {column_mm:.3g} × {row_mm:.3g} mm, "
                f"{pitch:.3g} mm apart",
            ),
        ],
        21, page.l_margin, page.epw,
    )  # fmt: skip
    page.write_line(f"Series instance UID {analysis.series_instance_uid}", TINY, colour=MUTED)
    page.heading("Conclusion")
    page.write_line("Not reviewed by a reader: suggestions only.", 10.5, bold=True)
    page.write_line(conclusion(analysis), BODY)
    page.set_y(page.get_y() + 3)
    _figures(page, volume, analysis)
    page.section_table(
        "Measurements",
        ("Measurement", "Side", "Value", "Interval", "Method and validity"),
        [
            (m.name, m.side, wording.value(m), _interval(m.interval, m.unit), wording.method(m))
            for m in analysis.measurements
        ],
        (36, 12, 18, 26, 88),
    )
    page.heading("Notices")
    for notice in (*analysis.notices, BASIS):
        page.write_line(f"• {shorten(notice, 600)}", SMALL)


def _interval(interval: tuple[float, float] | None, unit: str) -> str:
    return "" if interval is None else f"{interval[0]:.1f} to {interval[1]:.1f} {unit}"


def _figures(page: Page, volume: Volume, analysis: VolumeAnalysis) -> None:
    planes, cursor = Planes(volume), _middle(volume, analysis)
    top, left = page.get_y(), page.l_margin
    for plane in Plane:
        height, width = planes.size_mm(plane)
        scale = min(_HEIGHT_MM / height, (page.epw - 8) / 3 / width)
        page.image(_picture(planes, plane, cursor, analysis), left, top, width * scale, height * scale)
        page.set_xy(left, top + _HEIGHT_MM + 1)
        before, above, behind, below = planes.letters(plane)
        page.write_line(
            f"{plane.value} {planes.index(plane, cursor) + 1} of {planes.count(plane)}; "
            f"left {before}, right {behind}, top {above}, bottom {below}",
            TINY, colour=MUTED, width=(page.epw - 8) / 3,
        )  # fmt: skip
        left += (page.epw - 8) / 3 + 4
    page.set_y(top + _HEIGHT_MM + 9)
    page.write_line(
        "Lung window. Orange: pleural air; pale blue: lungs. Nothing is interpolated between slices.", SMALL
    )


def _middle(volume: Volume, analysis: VolumeAnalysis) -> Cursor:
    """Return the middle of the largest pleural air, or of the volume."""
    slices, rows, columns = volume.hounsfield.shape
    found = analysis.segmentation
    masks = [found.of(air_label(side)) for side in analysis.sides] if found is not None else []
    if not masks:
        return Cursor(slices // 2, rows // 2, columns // 2)
    mask = max(masks, key=np.count_nonzero)
    at = int(np.argmax(mask.sum(axis=(1, 2))))
    down, across = np.nonzero(mask[at])
    nearest = int(np.argmin((down - down.mean()) ** 2 + (across - across.mean()) ** 2))
    return Cursor(at, int(down[nearest]), int(across[nearest]))


def _picture(planes: Planes, plane: Plane, cursor: Cursor, analysis: VolumeAnalysis) -> BytesIO:
    index = planes.index(plane, cursor)
    values = planes.cut(planes.volume.hounsfield, plane, index)
    grey = np.rint(apply_window(values.astype(np.int16), _LUNG_WINDOW) * 255).astype(np.uint8)
    colour = np.repeat(grey[..., None], 3, axis=2)
    gaps = planes.gaps(plane)
    if gaps is not None:
        colour[gaps] = 0
    if analysis.segmentation is not None:
        labels = planes.cut(analysis.segmentation.labels, plane, index)
        for side in SIDES:
            _outline(colour, labels == lung_label(side), _LUNG_COLOUR)
            air: NDArray[np.bool_] = labels == air_label(side)
            colour[air] = (0.55 * colour[air] + 0.45 * np.array(MODEL_COLOUR)).astype(np.uint8)
            _outline(colour, air, MODEL_COLOUR)
    height, width = planes.size_mm(plane)
    scale = _HEIGHT_MM * _PIXELS_PER_MM / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    stream = BytesIO()
    Image.fromarray(cv2.resize(colour, size, interpolation=cv2.INTER_AREA)).save(stream, "JPEG", quality=90)
    stream.seek(0)
    return stream


def _outline(colour: NDArray[np.uint8], mask: NDArray[np.bool_], tint: tuple[int, int, int]) -> None:
    if mask.any():
        inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
        colour[mask & (inner == 0)] = tint
