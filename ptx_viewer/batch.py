"""The pass over whole studies without a screen: scan, analyse, write, one image at a time."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from ptx_viewer import __version__
from ptx_viewer.analysis import Analyser
from ptx_viewer.own_weights import check_weights
from ptx_viewer.progress import Cancelled, Progress, silent
from ptx_viewer.report.content import ReportContent
from ptx_viewer.report.findings import ImageRecord, write_findings
from ptx_viewer.report.pdf import write_pdf
from ptx_viewer.report.pictures import file_stem
from ptx_viewer.report.volume_pdf import write_volume_pdf
from ptx_viewer.report.volumes import VolumeRecord
from ptx_viewer.results import (
    FAILED,
    NO_MEMORY,
    AnalysisOptions,
    EngineInfo,
    ImageAnalysis,
    VolumeAnalysis,
)
from ptx_viewer.rows import Row, film_row, volume_row
from ptx_viewer.study.catalogue import InstanceEntry, SeriesEntry, Unreadable
from ptx_viewer.study.errors import StudyError, log_failure
from ptx_viewer.study.image import Image2D
from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan
from ptx_viewer.study.stacking import FEWEST_SLICES
from ptx_viewer.study.volume import Volume, open_volume

_log = logging.getLogger(__name__)
#: Folders of pictures that a run leaves in its output folder.
_OWN_PICTURES = ("masks", "probabilities", "heatmaps")


@dataclass
class BatchResult:
    """What a pass over studies left behind.

    Attributes
    ----------
    findings : Path or None
        ``findings.json``; None until it is written.
    reports : list of Path
        One PDF for each scored film.
    rows : list of Row
    explained : bool
        Whether there is a heatmap of any image.
    unreadable : list of Unreadable
    left_out : list of Unreadable
        Sound files without a picture of their own: reports, presentation states, copies.
    """

    findings: Path | None = None
    reports: list[Path] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    explained: bool = False
    unreadable: list[Unreadable] = field(default_factory=list)
    left_out: list[Unreadable] = field(default_factory=list)


def analyse_studies(
    paths: Sequence[Path],
    out: Path,
    options: AnalysisOptions,
    device: str = "auto",
    report: bool = True,
    progress: Progress = silent,
    weights: Mapping[str, Path] = MappingProxyType({}),
) -> BatchResult:
    """Analyse every image under `paths` and write the results to the folder `out`.

    Parameters
    ----------
    paths : sequence of Path
        Studies, DICOM files, PNG or JPEG films.  What an earlier run left in `out` is no film.
    out : Path
        Created if need be; the results of an earlier run are replaced.
    options : AnalysisOptions
    device : str
    report : bool
        Write a PDF for each scored film into ``out/reports``.
    progress : Progress
    weights : mapping of str to Path
        A user's own weights by the networks' names, see :func:`models.zoo.load`.

    Raises
    ------
    ValueError
        If a model, an explanation or the device is unknown or not there, or the weights cannot be used.
    ReportError
        If a result cannot be written.
    """
    check_weights(weights, options.models)
    analyser = Analyser(device, models=options.models, weights=weights)
    # Weights that do not fit are refused before anything is read or written.
    info = analyser.warm_up(silent) if weights else None
    result = BatchResult()
    catalogue = scan(paths, lambda fraction, message: progress(0.1 * fraction, message))
    for problem in catalogue.unreadable:
        (result.left_out if problem.harmless else result.unreadable).append(problem)
    own = [(out / name).resolve() for name in _OWN_PICTURES]
    series = [found for found in catalogue.series() if _is_volume(found)]
    sliced = {entry for found in series for entry in found.instances}
    entries = [e for e in catalogue.instances() if e not in sliced and not _lies_in(e, own)]
    parts = len(entries) + len(series)
    info = info or (analyser.warm_up(silent) if entries else None)

    def records() -> Iterator[ImageRecord]:
        for place, entry in enumerate(entries):
            start, share = 0.1 + 0.9 * place / parts, 0.9 / parts

            def step(fraction: float, message: str, start: float = start, share: float = share) -> None:
                progress(start + share * fraction, message)

            try:
                image = read_image(entry)
            except StudyError as error:
                result.unreadable.append(Unreadable(entry.display_path, str(error)))
                continue
            try:
                analysis = analyser.analyse(image, options, step)
            except Cancelled:
                raise
            except Exception as error:  # the other images go on, whatever one of them sets off
                log_failure(_log, entry.display_path, error)
                reason = NO_MEMORY if isinstance(error, MemoryError) else FAILED
                result.unreadable.append(Unreadable(entry.display_path, reason))
                continue
            result.rows.append(film_row(image, analysis))
            result.explained |= bool(analysis.attributions)
            record = ImageRecord.of(image, analysis)
            if report and info is not None and analysis.predictions:
                step(0.95, "Writing the report")
                result.reports.append(_write_report(out, len(result.rows), image, analysis, info))
            yield record

    def volumes() -> Iterator[VolumeRecord]:
        for place, found in enumerate(series, start=len(entries)):
            start, share = 0.1 + 0.9 * place / parts, 0.9 / parts

            def step(fraction: float, message: str, start: float = start, share: float = share) -> None:
                progress(start + share * fraction, message)

            record = _volume_record(analyser, found, step)
            result.rows.append(volume_row(record))
            if report and record.volume is not None and record.analysis.refused is None:
                step(0.95, "Writing the report")
                result.reports.append(_write_volume_report(out, place, record.volume, record.analysis))
            yield record

    result.findings = write_findings(
        out, records(), result.unreadable, __version__, datetime.now().astimezone(), volumes(), result.reports
    )
    return result


def _lies_in(entry: InstanceEntry, folders: Sequence[Path]) -> bool:
    place = entry.file.resolve()
    return any(place.is_relative_to(folder) for folder in folders)


def _is_volume(series: SeriesEntry) -> bool:
    """Whether a series is looked at as a whole: a CT of several slices."""
    slices = sum(entry.number_of_frames for entry in series.instances)
    return series.modality == "CT" and slices >= FEWEST_SLICES


def _volume_record(analyser: Analyser, series: SeriesEntry, step: Progress) -> VolumeRecord:
    """Analyse one CT series; whatever goes wrong becomes its reason, and the others go on."""
    uid = series.series_instance_uid
    try:
        volume = open_volume(series, lambda fraction, message: step(0.3 * fraction, message))
        analysis = analyser.analyse_volume(volume, lambda f, message: step(0.3 + 0.7 * f, message))
    except Cancelled:
        raise
    except StudyError as error:
        return VolumeRecord(series, None, VolumeAnalysis(uid, refused=str(error).rstrip(".")))
    except Exception as error:
        log_failure(_log, uid, error)
        reason = NO_MEMORY if isinstance(error, MemoryError) else FAILED
        return VolumeRecord(series, None, VolumeAnalysis(uid, refused=reason.rstrip(".")))
    return VolumeRecord(series, volume, analysis)


def _write_volume_report(out: Path, place: int, volume: Volume, analysis: VolumeAnalysis) -> Path:
    folder = out / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    uid = re.sub(r"[^0-9.]", "", analysis.series_instance_uid).strip(".")[:64]
    path = folder / f"series{place + 1:04d}_{uid}.pdf"
    write_volume_pdf(volume, analysis, path, __version__, datetime.now().astimezone())
    return path


def _write_report(out: Path, number: int, image: Image2D, analysis: ImageAnalysis, info: EngineInfo) -> Path:
    folder = out / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{file_stem(number, image.reference)}.pdf"
    content = ReportContent(
        image=image,
        analysis=analysis,
        review=None,
        measurements=analysis.measurements,
        attributions=analysis.attributions,
        cards=info.cards,
        device=info.device,
        program_version=__version__,
        created=datetime.now().astimezone(),
    )
    write_pdf(content, path, overwrite=True)
    return path
