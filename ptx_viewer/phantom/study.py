"""Writes synthetic studies: DICOM films, a CT series, truth masks and the numbers behind them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydicom.dataset import FileDataset

from models.synthesis.collapse import Pneumothorax
from models.synthesis.ct import Kernel, chest_grid, synthesise_ct
from models.synthesis.devices import Device
from models.synthesis.exposure import GRID, NO_GRID
from models.synthesis.geometry import Projection
from models.synthesis.pose import posed
from models.synthesis.synthesis import synthesise_film
from models.synthesis.thorax import Thorax

from .ct_dicom import ct_datasets
from .dicom import film_dataset
from .header import StudyIdentity
from .record import write_ct_truth, write_film_truth, write_whole

#: The film's edge in mm; 0.2 mm pixels at 2,048.
FILM_MM: Final = 409.6
FILM_PIXELS: Final = 2048

#: The sample study's person and collapse.
SAMPLE_SEED: Final = 4
SAMPLE_PNEUMOTHORAX: Final = Pneumothorax("right", "apical", 900.0)

PRIOR, CURRENT, CT = "prior-without-pneumothorax", "current-with-pneumothorax", "current-ct"


@dataclass(frozen=True)
class Request:
    """What to make.

    Attributes
    ----------
    pneumothoraces : tuple of Pneumothorax
        None for a second film without.
    seed : int
        The person.
    pixels : int
        Edge of the film.
    ap, supine : bool
        Antero-posterior instead of postero-anterior; lying instead of standing (then always AP, with the
        short distance and no grid of a bedside film).
    devices : tuple of str
        On the later film.
    ct : bool
        Add a CT series to the later study.
    slice_mm, tilt_degrees : float
    matrix : int
    kernel : {"soft", "lung"}
    """

    pneumothoraces: tuple[Pneumothorax, ...] = (SAMPLE_PNEUMOTHORAX,)
    seed: int = SAMPLE_SEED
    pixels: int = FILM_PIXELS
    ap: bool = False
    supine: bool = False
    devices: tuple[Device, ...] = ()
    ct: bool = False
    slice_mm: float = 1.0
    tilt_degrees: float = 0.0
    matrix: int = 512
    kernel: Kernel = "soft"

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"a seed is 0 or more, got {self.seed}")
        if not 64 <= self.pixels <= 4096:
            raise ValueError(f"a film has 64 to 4096 pixels along its edge, got {self.pixels}")

    @property
    def projection(self) -> Projection:
        """Where the rays of its films run, centred on the middle of the chest."""
        pitch = FILM_MM / self.pixels
        if self.supine:
            return Projection(self.pixels, self.pixels, pitch * 1.05, 1150.0, 1010.0, "AP")
        return Projection(self.pixels, self.pixels, pitch, view="AP" if self.ap else "PA")

    @property
    def key(self) -> str:
        """What makes its studies differ from others of the same person."""
        air = "+".join(f"{p.side}-{p.kind}-{p.volume_ml:g}" for p in self.pneumothoraces) or "none"
        words = [str(self.seed), str(self.pixels), air, *self.devices]
        words += [word for word, on in (("ap", self.ap), ("supine", self.supine)) if on]
        if self.ct:
            words.append(f"ct-{self.slice_mm:g}-{self.matrix}-{self.tilt_degrees:g}-{self.kernel}")
        return "-".join(words).replace(" ", "-")


def write_study(folder: Path, request: Request) -> tuple[Path, ...]:
    """Write one synthetic patient: an earlier film without, a later one with a pneumothorax, perhaps a CT.

    The truth goes into ``<folder>-truth`` beside it, as docs/phantom-truth.md describes.

    Parameters
    ----------
    folder : Path
        Made when missing; files of the same names are replaced.
    request : Request

    Returns
    -------
    tuple of Path
        The earlier film's DICOM file, the later one's, and the folder of the CT series if there is one.

    Raises
    ------
    ValueError
        If a pneumothorax does not fit into the chest, or an argument is out of range.
    OSError
        If the folder cannot be written.
    """
    later = Thorax(request.seed, request.pneumothoraces, request.supine, request.devices)
    grid = chest_grid(later, request.slice_mm, request.matrix, request.tilt_degrees) if request.ct else None
    # Beside the study, not in it: a scan of the study must not find pictures of the truth.
    truth = folder.with_name(f"{folder.name}-truth")
    for place in (folder, truth):
        place.mkdir(parents=True, exist_ok=True)
    prior, current = study_identities(request)
    earlier = Thorax(request.seed, (), request.supine)
    written = [
        _write_film(folder, truth, PRIOR, earlier, prior, request, 0),
        _write_film(folder, truth, CURRENT, later, current, request, 1),
    ]
    if grid is not None:
        volume = synthesise_ct(later, grid, request.kernel)
        series = folder / CT
        series.mkdir(exist_ok=True)
        summary = _summary(request.seed, request.pneumothoraces)
        for dataset in ct_datasets(volume, later.anatomy, current, request.kernel, summary):
            write_whole(series / f"{dataset.InstanceNumber:04d}.dcm", _encoded(dataset))
        write_ct_truth(truth, CT, later, volume)
        written.append(series)
    return tuple(written)


def study_identities(request: Request) -> tuple[StudyIdentity, StudyIdentity]:
    """Return who and when of the earlier and the later study; each combination has its own UIDs."""
    name, number = f"SYNTHETIC^THORAX {request.seed}", f"SYNTHETIC-{request.seed:04d}"
    return (
        StudyIdentity(name, number, "20240312", "091500", f"prior-{request.key}"),
        StudyIdentity(name, number, "20240926", "143000", f"current-{request.key}"),
    )


def _write_film(
    folder: Path,
    truth: Path,
    name: str,
    thorax: Thorax,
    identity: StudyIdentity,
    request: Request,
    repeat: int,
) -> Path:
    exposure = NO_GRID if request.supine else GRID
    projection = posed(request.projection, request.seed, repeat)
    film = synthesise_film(thorax, projection, exposure, repeat=repeat)
    summary = _summary(thorax.seed, thorax.pneumothoraces)
    dataset = film_dataset(film.pixels, film.projection, thorax.anatomy, identity, summary)
    target = folder / f"{name}.dcm"
    write_whole(target, _encoded(dataset))
    write_film_truth(truth, name, film)
    return target


def _encoded(dataset: FileDataset) -> bytes:
    encoded = io.BytesIO()
    dataset.save_as(encoded, enforce_file_format=True)
    return encoded.getvalue()


def _summary(seed: int, pneumothoraces: Sequence[Pneumothorax]) -> str:
    what = " and ".join(
        f"a {each.side} {each.kind} pneumothorax of {each.volume_ml:.0f} mL" for each in pneumothoraces
    )
    what = f"with {what}" if what else "without a pneumothorax"
    return f"Synthetic: projected from a digital thorax (seed {seed}) {what}; no person was examined."
