"""The program as a user runs it, and films to give it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

import resources

ROOT = Path(__file__).parents[2]
CLOSED_OFF = Path(__file__).parent / "closed_off"
SAMPLE = Path(resources.__file__).parent / "sample_study"


_DISPLAY_VARIABLES = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}


@dataclass(frozen=True)
class Run:
    """How a run of the program ended.

    Attributes
    ----------
    home : Path
        Its user's home folder, where the log lies.
    out : Path
        Folder of its results.
    tried : str
        What it tried of the network and of display libraries, which it has to do without.
    """

    home: Path
    out: Path
    status: int
    printed: str
    complained: str
    tried: str

    @property
    def words(self) -> str:
        """What was printed, without line breaks."""
        return " ".join(self.printed.split())

    @property
    def findings(self) -> dict[str, Any]:
        """The content of ``findings.json``."""
        return json.loads((self.out / "findings.json").read_text("utf-8"))

    @property
    def files(self) -> list[str]:
        """Every file of the results, relative to their folder."""
        return sorted(path.relative_to(self.out).as_posix() for path in self.out.rglob("*") if path.is_file())

    def image(self, name: str) -> dict[str, Any]:
        """Return the one image of ``findings.json`` whose file has this name."""
        (found,) = [image for image in self.findings["images"] if Path(image["file"]).name == name]
        return found

    def picture(self, relative: str) -> np.ndarray:
        """Read a PNG that ``findings.json`` names, as it is stored."""
        read = cv2.imread(str(self.out / relative), cv2.IMREAD_UNCHANGED)
        assert read is not None, relative
        return read


def run_program(home: Path, out: Path, words: Sequence[str | Path]) -> Run:
    """Run ``python main.py`` without a display, without display libraries and without a network."""
    tried = home / "tried.txt"
    environment = {name: value for name, value in os.environ.items() if name not in _DISPLAY_VARIABLES} | {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home),
        "XDG_DATA_HOME": str(home),
        "PYTHONPATH": str(CLOSED_OFF),
        "CLOSED_OFF_TRIED": str(tried),
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *map(str, words)],
        cwd=home, env=environment, capture_output=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    return Run(
        home, out, done.returncode, done.stdout, done.stderr, tried.read_text() if tried.exists() else ""
    )


@pytest.fixture(scope="session")
def analyze(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """``analyze(out, *words)`` runs ``python main.py analyze *words --out out``."""

    def run(out: Path, *words: str | Path) -> Run:
        home = tmp_path_factory.mktemp("home")
        return run_program(home, out, ["analyze", *words, "--device", "cpu", "--out", out])

    return run


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """``program(*words)`` runs ``python main.py *words``."""

    def run(*words: str | Path) -> Run:
        home = tmp_path_factory.mktemp("home")
        return run_program(home, home / "demo-output", words)

    return run


@pytest.fixture(scope="session")
def sample_film() -> np.ndarray:
    """The middle of the sample film with the pneumothorax, smaller and not square: uint16, 0..4095."""
    rows, columns = 800, 720
    film = pydicom.dcmread(SAMPLE / "current-with-pneumothorax.dcm").pixel_array
    width = round(film.shape[0] * columns / rows)
    start = (film.shape[1] - width) // 2
    inner = film[:, start : start + width].astype(np.float32)
    return np.rint(cv2.resize(inner, (columns, rows), interpolation=cv2.INTER_AREA)).astype(np.uint16)


def _write_dicom(path: Path, pixels: np.ndarray, **values: Any) -> Path:
    """Write a frontal DX film of 12 bits; keywords replace attributes, None removes them."""
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.SOPClassUID = DigitalXRayImageStorageForPresentation
    film.SOPInstanceUID, film.StudyInstanceUID, film.SeriesInstanceUID = (generate_uid() for _ in range(3))
    film.PatientName, film.PatientID, film.Modality = "Synthetic^Film", "SYN-1", "DX"
    film.BodyPartExamined, film.ViewPosition, film.PatientOrientation = "CHEST", "PA", ["L", "F"]
    film.ImagerPixelSpacing = [0.5, 0.5]
    film.Rows, film.Columns = pixels.shape[:2]
    film.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    film.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 2 else "RGB"
    if pixels.ndim == 3:
        film.PlanarConfiguration = 0
    film.BitsAllocated = 8 * pixels.dtype.itemsize
    film.BitsStored = 12 if pixels.dtype == np.uint16 else film.BitsAllocated
    film.HighBit, film.PixelRepresentation = film.BitsStored - 1, int(pixels.dtype.kind == "i")
    if film.BitsStored == 12:
        film.WindowCenter, film.WindowWidth = 2048, 4096
    film.PixelData = pixels.tobytes()
    film["PixelData"].VR = "OW"
    for keyword, value in values.items():
        if value is None:
            del film[keyword]
        else:
            setattr(film, keyword, value)
    film.file_meta.MediaStorageSOPClassUID = film.SOPClassUID
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    film.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture(scope="session")
def write_dicom() -> Callable[..., Path]:
    """``write_dicom(path, pixels, Keyword=value)`` writes a frontal DX film."""
    return _write_dicom
