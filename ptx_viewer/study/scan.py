"""Find the images under what the user opened: headers only, grouped by UID."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ptx_viewer.progress import Progress, silent

from .catalogue import Catalogue, PatientEntry, SeriesEntry, StudyEntry, Unreadable
from .errors import StudyError, log_failure
from .header import quiet
from .listing import Listed, MediaDirectory, list_file
from .picture import content_digest
from .slices import in_display_order
from .sources import SourceFile, collect

_log = logging.getLogger(__name__)

# Waiting for a disk or a network drive is done by several threads at once.  Parsing holds the
# interpreter lock and is done by one: measured on 1,000 local files, two parsing threads take
# a third longer than one, and four twice as long.
_READERS = 8
_HEADER_BYTES = 64 << 10


def scan(paths: Sequence[Path], progress: Progress = silent) -> Catalogue:
    """List every image under `paths`.

    Parameters
    ----------
    paths : sequence of Path
        Folders (searched through), DICOM files, DICOMDIRs, .zip archives, PNG and JPEG films.
    progress : Progress
        Called on this thread; raises ``Cancelled`` to stop.

    Returns
    -------
    Catalogue
        Patients, studies, series and instances in display order, and a row for every file
        that cannot be shown.  A bad file never stops the rest.
    """
    with quiet():
        sources = collect([Path(path) for path in paths], progress)
        listed, problems = _read_headers(sources.files, progress)
        kept, copies = _without_copies(listed)
    unreadable = sources.problems + problems + copies
    return Catalogue(
        patients=_group(kept),
        unreadable=tuple(sorted(unreadable, key=lambda row: row.display_path)),
    )


def _read_headers(files: list[SourceFile], progress: Progress) -> tuple[list[Listed], list[Unreadable]]:
    listed: list[Listed] = []
    problems: list[Unreadable] = []
    with ThreadPoolExecutor(_READERS, thread_name_prefix="scan") as pool:
        fetched = [pool.submit(_fetch, source.path) for source in files]
        try:
            for done, (source, ready) in enumerate(zip(files, fetched, strict=True), start=1):
                ready.result()
                found = _read_header(source)
                if isinstance(found, Listed):
                    listed.append(found)
                elif found is not None:
                    problems.append(found)
                progress(done / len(files), f"Reading headers: {done} of {len(files)}")
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return listed, problems


def _fetch(path: Path) -> None:
    """Bring the start of a file into the system's cache; what is wrong with it is found by parsing."""
    with contextlib.suppress(OSError), path.open("rb") as stream:
        stream.read(_HEADER_BYTES)


def _read_header(source: SourceFile) -> Listed | Unreadable | None:
    try:
        return list_file(source)
    except MediaDirectory:
        return None
    except StudyError as error:
        if not error.harmless:
            log_failure(_log, source.display_path, error)
        return Unreadable(source.display_path, str(error), error.harmless)
    except Exception as error:  # whatever a malformed header sets off, the other files go on
        log_failure(_log, source.display_path, error)
        return Unreadable(source.display_path, "The file is damaged: its DICOM header cannot be read.")


def _without_copies(listed: list[Listed]) -> tuple[list[Listed], list[Unreadable]]:
    """Keep one file for each SOP instance UID and say which others were left out."""
    kept: dict[str, Listed] = {}
    problems: list[Unreadable] = []
    for item in sorted(listed, key=lambda item: item.entry.display_path):
        entry = item.entry
        first = kept.setdefault(entry.sop_instance_uid, item).entry
        if first is entry:
            continue
        name = first.display_path
        if _same_content(first.file, entry.file):
            problems.append(
                Unreadable(entry.display_path, f"A copy of {name}, which is shown.", harmless=True)
            )
        else:
            problems.append(
                Unreadable(
                    entry.display_path,
                    f"The file has the same identifier as {name} but other content; only that one is shown. "
                    "Open this file by itself to see it.",
                )
            )
    return list(kept.values()), problems


def _same_content(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_size == other.stat().st_size and content_digest(one) == content_digest(other)
    except (OSError, StudyError):
        return False


def _group(listed: list[Listed]) -> tuple[PatientEntry, ...]:
    tree: dict[tuple[str, str], dict[str, dict[str, list[Listed]]]] = {}
    for item in listed:
        entry = item.entry
        studies = tree.setdefault(item.patient_key, {})
        studies.setdefault(entry.study_instance_uid, {}).setdefault(entry.series_instance_uid, []).append(
            item
        )
    patients = []
    for studies in tree.values():
        entries = sorted(
            (_study(uid, series) for uid, series in studies.items()),
            key=lambda study: (study.date, study.time, study.series[0].description, study.study_instance_uid),
        )
        identity = next(iter(next(iter(studies.values())).values()))[0].identity
        patients.append(PatientEntry(identity, tuple(entries)))
    return tuple(sorted(patients, key=lambda patient: (patient.identity.name, patient.identity.patient_id)))


def _study(uid: str, series: dict[str, list[Listed]]) -> StudyEntry:
    first = next(iter(series.values()))[0].identity
    entries = [_series(series_uid, items) for series_uid, items in series.items()]
    entries.sort(key=lambda entry: (entry.number is None, entry.number or 0, entry.series_instance_uid))
    return StudyEntry(
        study_instance_uid=uid,
        date=first.study_date,
        time=first.study_time,
        description=first.study_description,
        accession_number=first.accession_number,
        series=tuple(entries),
    )


def _series(uid: str, items: list[Listed]) -> SeriesEntry:
    instances = in_display_order([item.entry for item in items])
    first = items[0]
    return SeriesEntry(
        series_instance_uid=uid,
        modality=instances[0].modality,
        description=first.identity.series_description,
        number=first.series_number,
        instances=instances,
    )
