"""What a scan finds: patients, studies, series and instances, by UID."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .image import PatientIdentity


@dataclass(frozen=True)
class InstanceEntry:
    """One file's header, enough to list it and to sort a series; no pixels.

    Attributes
    ----------
    file : Path
        Where the bytes are now (a temporary copy for a member of a .zip).
    display_path : str
        The path as the user knows it, e.g. ``"study.zip/CT/1.dcm"``.
    image_position, image_orientation : tuple of float or None
        ImagePositionPatient (3 values, mm) and ImageOrientationPatient (6 values).
    """

    file: Path
    display_path: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    modality: str
    rows: int
    columns: int
    number_of_frames: int = 1
    instance_number: int | None = None
    image_position: tuple[float, float, float] | None = None
    image_orientation: tuple[float, float, float, float, float, float] | None = None


@dataclass(frozen=True)
class SeriesEntry:
    """Instances that share a SeriesInstanceUID, in display order."""

    series_instance_uid: str
    modality: str
    description: str
    number: int | None
    instances: tuple[InstanceEntry, ...]


@dataclass(frozen=True)
class StudyEntry:
    """Series that share a StudyInstanceUID."""

    study_instance_uid: str
    date: str
    time: str
    description: str
    accession_number: str
    series: tuple[SeriesEntry, ...]


@dataclass(frozen=True)
class PatientEntry:
    """Studies that share a patient (PatientID with issuer; the name where there is no ID)."""

    identity: PatientIdentity
    studies: tuple[StudyEntry, ...]


@dataclass(frozen=True)
class Unreadable:
    """A file that is not shown, and why, in a sentence a person understands.

    Attributes
    ----------
    harmless : bool
        True when no picture was lost: the file is sound but holds none (a report, a
        presentation state), or is a copy of one that is shown.
    """

    display_path: str
    reason: str
    harmless: bool = False


@dataclass(frozen=True)
class Catalogue:
    """Everything found under the paths that were opened."""

    patients: tuple[PatientEntry, ...]
    unreadable: tuple[Unreadable, ...]

    def series(self) -> Iterator[SeriesEntry]:
        """Yield every series, patient by patient."""
        for patient in self.patients:
            for study in patient.studies:
                yield from study.series

    def instances(self) -> Iterator[InstanceEntry]:
        """Yield every instance in display order."""
        for series in self.series():
            yield from series.instances
