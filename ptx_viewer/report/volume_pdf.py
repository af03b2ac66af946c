"""The PDF report of a CT series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from fpdf.errors import FPDFException

from ptx_viewer.measure.annotation import measure_annotation
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.volume import SHARE, VOLUME
from ptx_viewer.results import VolumeAnalysis
from ptx_viewer.review.review import Decision
from ptx_viewer.review.volume import PlaneAnnotation, VolumeFinding, VolumeReview
from ptx_viewer.study.planes import Planes
from ptx_viewer.study.volume import Volume
from ptx_viewer.volumes import BASIS, TITLE

from . import wording
from .atomic import write_atomically
from .audit import write_audit
from .errors import ReportError
from .page import BODY, MUTED, SMALL, TINY, Page
from .pdf import TITLE as DOCUMENT_TITLE
from .text import shorten
from .volume_figures import write_measured_planes, write_planes


def write_volume_pdf(
    volume: Volume,
    analysis: VolumeAnalysis,
    path: Path,
    program_version: str,
    created: datetime,
    review: VolumeReview | None = None,
    overwrite: bool = True,
) -> None:
    """Write the report of one segmented series.

    Parameters
    ----------
    volume : Volume
    analysis : VolumeAnalysis
        Not refused; with the outlines and numbers of the review, where there is one.
    path : Path
    program_version : str
    created : datetime
        With a time zone.
    review : VolumeReview or None
        None while no reader has looked: the report then states suggestions only.
    overwrite : bool
        Replace a file that is already there.

    Raises
    ------
    FileExistsError
        If there is a file and `overwrite` is false.
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
        _write(page, volume, analysis, review)
        content = bytes(page.output())
    except (FPDFException, ValueError) as error:
        raise ReportError(f"The report could not be laid out: {error}.") from error
    write_atomically(path, content, overwrite=overwrite)


def conclusion(analysis: VolumeAnalysis) -> str:
    """Say what was found; a series is never called normal."""
    if not analysis.sides:
        return f"No pneumothorax found by {TITLE}."
    sides = " and ".join(side.value for side in analysis.sides)
    return f"Pneumothorax suggested by {TITLE}: {sides}."


def _write(page: Page, volume: Volume, analysis: VolumeAnalysis, review: VolumeReview | None) -> None:
    planes = Planes(volume)
    _identity(page, volume, analysis.series_instance_uid)
    _conclusion(page, analysis, review)
    page.set_y(page.get_y() + 3)
    write_planes(page, planes, analysis)
    if review is not None:
        _finding_table(page, review.findings, analysis)
    page.section_table(
        "Measurements",
        ("Measurement", "Side", "Value", "Interval", "Outline of", "Method and validity"),
        [
            (
                m.name,
                m.side,
                wording.value(m),
                _interval(m),
                _owner(m.model),
                wording.method(m),
            )
            for m in analysis.measurements
        ],
        (33, 11, 18, 25, 23, 70),
    )
    if review is not None and review.annotations:
        _measured_by_hand(page, planes, analysis, review.annotations)
    if review is not None:
        write_audit(page, review.audit)
    page.heading("Notices")
    for notice in (*analysis.notices, BASIS):
        page.write_line(f"• {shorten(notice, 600)}", SMALL)


def _identity(page: Page, volume: Volume, series_instance_uid: str) -> None:
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
    page.write_line(f"Series instance UID {series_instance_uid}", TINY, colour=MUTED)


def _conclusion(page: Page, analysis: VolumeAnalysis, review: VolumeReview | None) -> None:
    page.heading("Conclusion")
    if review is None:
        page.write_line("Not reviewed by a reader: suggestions only.", 10.5, bold=True)
        page.write_line(conclusion(analysis), BODY)
        return
    page.write_line(wording.verdict(review), 10.5, bold=True)
    page.write_line(wording.signature(review), SMALL, colour=MUTED)
    page.write_line(_stated(review), BODY)
    if review.impression.strip():
        page.heading("Impression of the reader")
        page.write_line(review.impression.strip(), BODY)


def _stated(review: VolumeReview) -> str:
    """Say what the method suggested, whatever became of it: the table of findings tells that."""
    sides = [finding.side.value for finding in review.findings if finding.suggested is not None]
    if not sides:
        return f"No pneumothorax found by {TITLE}."
    return f"Pneumothorax suggested by {TITLE}: {' and '.join(sides)}."


def _finding_table(page: Page, findings: Sequence[VolumeFinding], analysis: VolumeAnalysis) -> None:
    rows = []
    for number, finding in enumerate(findings, start=1):
        counts = finding.decision is not Decision.REJECTED and finding.mask.any()
        sizes = [analysis.measurement(name, finding.side) if counts else None for name in (VOLUME, SHARE)]
        rows.append(
            (
                str(number),
                finding.side.value,
                _owner(finding.source),
                *("not measured" if size is None else wording.number(size) for size in sizes),
                wording.decision(finding, True),
            )
        )
    if rows:
        page.section_table(
            "Findings",
            ("No.", "Side", "Outlined by", "Volume of the side", "Share of the side", "Reader's decision"),
            rows,
            (10, 14, 34, 30, 30, 62),
        )


def _measured_by_hand(
    page: Page, planes: Planes, analysis: VolumeAnalysis, annotations: Sequence[PlaneAnnotation]
) -> None:
    page.keep_together(76)
    page.heading("Measured by the reader")
    write_measured_planes(page, planes, analysis, annotations)
    page.section_table(
        "Numbers of these measurements",
        ("Measurement", "Plane", "Value", "Method"),
        [_numbers(planes, annotation) for annotation in annotations],
        (29, 25, 54, 72),
    )


def _numbers(planes: Planes, annotation: PlaneAnnotation) -> tuple[str, str, str, str]:
    quantities = measure_annotation(
        annotation,
        planes.values(annotation.plane, annotation.index),
        "HU",
        planes.spacing(annotation.plane),
    )
    methods = dict.fromkeys(quantity.method for quantity in quantities)
    missing = dict.fromkeys(f"Not valid: {q.why_not}" for q in quantities if q.why_not is not None)
    values = []
    for quantity in quantities:
        text = quantity.text.replace("\u00a0", " ")
        values.append(text if quantity.name in ("length", "angle") else f"{quantity.name} {text}")
    plane = f"{annotation.plane.value.lower()} {annotation.index + 1}"
    return annotation.title, plane, ", ".join(values), ". ".join([*methods, *missing])


def _owner(model: str) -> str:
    return "the reader" if model == wording.READER else TITLE


def _interval(measurement: Measurement) -> str:
    span = wording.interval(measurement)
    return f"{span} {measurement.unit}" if span else ""
