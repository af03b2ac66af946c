"""DICOM films as PNG files: what training reads, for it knows no DICOM."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import cv2
import numpy as np

from models.training.readers.reading import LeftOut
from ptx_viewer.progress import Progress, silent
from ptx_viewer.study.errors import StudyError
from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan

UNREADABLE = "the DICOM file cannot be used"
#: Masks come in stored pixels, and so do the films of training: it would see a chest that is squashed.
NOT_SQUARE = "the pixels are not square"
#: Height over width of a pixel that still counts as square.
_SQUARE = (0.99, 1.01)
#: Table of the films written, beside their folder.
PEOPLE = "people.csv"


def write_films(source: Path, out: Path, progress: Progress = silent) -> tuple[LeftOut, ...]:
    """Write every DICOM image below `source` as ``out/images/<SOPInstanceUID>.png``.

    Pixels are written as displayed (polarity resolved, window applied) with 8 bits, in the rows and
    columns of the file: masks drawn on the file fit.  ``out/people.csv`` says which patient each film
    belongs to, by a digest of the patient's ID and not by the ID, and the view.  A film that is
    there already is not decoded again.

    Parameters
    ----------
    source : Path
        Folder, searched through.
    out : Path
    progress : Progress

    Returns
    -------
    tuple of LeftOut
        Files that cannot be shown, and films whose pixels are not square.

    Raises
    ------
    OSError
        If `out` cannot be written.
    """
    catalogue = scan([source])
    left_out = [LeftOut(Path(row.display_path).name, UNREADABLE, row.reason) for row in catalogue.unreadable]
    instances = sorted(catalogue.instances(), key=lambda entry: entry.sop_instance_uid)
    known = _known(out / PEOPLE)
    (out / "images").mkdir(parents=True, exist_ok=True)
    for done, entry in enumerate(instances, start=1):
        name = entry.sop_instance_uid
        path = out / "images" / f"{name}.png"
        if not (path.exists() and name in known):
            try:
                image = read_image(entry)
            except StudyError as error:
                left_out.append(LeftOut(name, UNREADABLE, str(error)))
                continue
            if not _SQUARE[0] <= image.pixel_height <= _SQUARE[1]:
                left_out.append(LeftOut(name, NOT_SQUARE, f"{image.pixel_height:.3g} times as high as wide"))
                continue
            grey = np.round(np.clip(image.pixels, 0, 1) * 255).astype(np.uint8)
            temporary = path.with_name(path.name + ".tmp")
            temporary.write_bytes(cv2.imencode(".png", grey)[1].tobytes())
            temporary.replace(path)
            known[name] = (_digest(image.patient.patient_id), image.acquisition.view_position)
        progress(done / len(instances), f"{done} of {len(instances)} films")
    _write_people(known, out / PEOPLE)
    return tuple(left_out)


def _digest(patient_id: str) -> str:
    return hashlib.sha256(patient_id.encode()).hexdigest()[:16] if patient_id else ""


def _known(path: Path) -> dict[str, tuple[str, str]]:
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as stream:
        return {row["image_id"]: (row["patient"], row["view"]) for row in csv.DictReader(stream)}


def _write_people(known: dict[str, tuple[str, str]], path: Path) -> None:
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image_id", "patient", "view"])
        writer.writerows([name, *known[name]] for name in sorted(known))
    temporary.replace(path)
