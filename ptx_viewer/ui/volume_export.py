"""What is written of a CT series: the same report and the same findings.json as ``analyze`` writes.

Each function takes what stands in the review when it is called, and returns the work for a background
thread: later edits do not get into a report that is being written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import ptx_viewer
from ptx_viewer.progress import Progress
from ptx_viewer.results import VolumeAnalysis
from ptx_viewer.review.volume_measured import current_volume_measurements, with_review
from ptx_viewer.study.catalogue import SeriesEntry
from ptx_viewer.study.volume import Volume

from .volume_reading import VolumeReading

Work = Callable[[Progress], Path]


def report_work(reading: VolumeReading, path: Path, overwrite: bool) -> Work:
    """Return what writes the PDF report of a series that is read and segmented."""
    volume, analysis = _read(reading)
    review = reading.review

    def work(_progress: Progress) -> Path:
        # The layout library takes half a second to import; the window must not start with that.
        from ptx_viewer.report.volume_pdf import write_volume_pdf

        measured = current_volume_measurements(review, analysis, volume)
        stated = with_review(analysis, review, measured)
        created = datetime.now().astimezone()
        write_volume_pdf(volume, stated, path, ptx_viewer.__version__, created, review, overwrite)
        return path

    return work


def findings_work(reading: VolumeReading, series: SeriesEntry, folder: Path) -> Work:
    """Return what writes ``findings.json`` of a series that is read and segmented."""
    volume, analysis = _read(reading)
    review = reading.review

    def work(_progress: Progress) -> Path:
        from ptx_viewer.report.findings import write_findings
        from ptx_viewer.report.volumes import VolumeRecord

        measured = current_volume_measurements(review, analysis, volume)
        record = VolumeRecord(series, volume, with_review(analysis, review, measured), review)
        created = datetime.now().astimezone()
        return write_findings(folder, (), (), ptx_viewer.__version__, created, (record,))

    return work


def _read(reading: VolumeReading) -> tuple[Volume, VolumeAnalysis]:
    assert reading.volume is not None  # the window offers an export of what is read and segmented only
    assert reading.analysis is not None
    return reading.volume, reading.analysis
