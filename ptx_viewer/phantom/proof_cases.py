"""One digital thorax of the proof: what is true of it, and what every method measures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from models.prediction import LungFields, Prediction
from models.prediction import Side as FilmSide
from models.synthesis.anatomy import Side
from models.synthesis.collapse import Pneumothorax
from models.synthesis.ct import chest_grid, synthesise_ct
from models.synthesis.film import Sampling
from models.synthesis.geometry import Projection
from models.synthesis.processing import BITS
from models.synthesis.silhouette import Silhouette
from models.synthesis.synthesis import SyntheticFilm, synthesise_film
from models.synthesis.thorax import Thorax
from ptx_viewer.measure import area, formulas, hemithorax, lines
from ptx_viewer.measure.film import measure_film
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.view import FilmView, Posture, Projection as FilmProjection, Respiration
from ptx_viewer.study.spacing import Spacing, SpacingBasis

from .command import requested_air

if TYPE_CHECKING:
    from models.lung_fields import LungFieldModel
    from models.pneumothorax import PneumothoraxModel

#: Smaller than the films and series of a study, so that a hundred take minutes and not hours.
FILM_PIXELS: Final = 640
FILM_PIXEL_MM: Final = 409.6 / FILM_PIXELS
SAMPLING: Final = Sampling(pitch_mm=1.92, step_mm=4.0)
CT_SLICE_MM: Final = 2.5
CT_MATRIX: Final = 192

_KINDS: Final = ("apical",) * 6 + ("lateral",) * 4 + ("basal",) * 3 + ("tension",) * 3 + ("loculated", "bilateral") * 2
#: Ranges of the volume of air in mL.
_VOLUMES: Final = {
    "apical": (60.0, 1500.0),
    "lateral": (80.0, 1500.0),
    "basal": (80.0, 900.0),
    "tension": (900.0, 2400.0),
    "loculated": (60.0, 400.0),
    "bilateral": (200.0, 1600.0),
}
TRUE_MASK, NETWORK_MASK = "true mask", "network's mask"
CT_VOLUME: Final = "CT volume"
VIEW: Final = FilmView(
    projection=FilmProjection.PA, posture=Posture.ERECT, respiration=Respiration.INSPIRATION
)


@dataclass(frozen=True)
class Row:
    """One method on one side of one thorax.

    Attributes
    ----------
    seed : int
    kind, side : str
    volume_ml, volume_percent : float
        Of the air in that side, integrated over the shapes.
    mask : str
        Whose outline was measured.
    method, unit : str
    truth, measured : float or None
        None where there is none; `why_not` then says why.
    why_not : str
    """

    seed: int
    kind: str
    side: str
    volume_ml: float
    volume_percent: float
    mask: str
    method: str
    unit: str
    truth: float | None
    measured: float | None
    why_not: str = ""


def draw_thorax(seed: int) -> tuple[str, Thorax]:
    """Return the kind and the thorax that belong to a seed of the proof."""
    random = np.random.default_rng([seed, 20])
    kind = _KINDS[int(random.integers(len(_KINDS)))]
    side = ("right", "left")[int(random.integers(2))]
    low, high = _VOLUMES[kind]
    volume = float(np.exp(random.uniform(np.log(low), np.log(high))))
    while True:
        try:
            return kind, Thorax(seed, requested_air(kind, side, volume))
        except ValueError:  # this person has less room
            volume *= 0.7


def film_rows(seed: int) -> Iterator[Row]:
    """Measure the film of a seed with the true mask and with the network's."""
    kind, thorax = draw_thorax(seed)
    film = synthesise_film(
        thorax, Projection(FILM_PIXELS, FILM_PIXELS, FILM_PIXEL_MM), sampling=SAMPLING
    )
    pitch = film.projection.pixel_mm / film.projection.magnification
    spacing = Spacing(pitch, pitch, SpacingBasis.ERMF)
    fields = film.truth.lung_fields
    lungs = LungFields(fields["right"], fields["left"], "truth")
    masks = {
        FilmSide(side): film.truth.pneumothorax & fields[side] for side in thorax.retreats
    }
    measured = measure_film(masks, lungs, spacing, "truth", VIEW)
    yield from _compare(seed, kind, film, TRUE_MASK, measured)
    yield from _network_rows(seed, kind, film, spacing)


def _network_rows(seed: int, kind: str, film: SyntheticFilm, spacing: Spacing) -> Iterator[Row]:
    lung_model, model = _networks()
    pixels = film.pixels.astype(np.float32) / np.float32(2**BITS - 1)
    view = lung_model.predict(pixels)
    for side, field in film.truth.lung_fields.items():
        found = view.lungs.of(FilmSide(side))
        yield _row(seed, kind, side, film, NETWORK_MASK, "lung field, Dice", "", 1.0, _dice(field, found))
    prediction: Prediction = model.predict(pixels, lungs=view.lungs)
    mask = prediction.mask
    masks = {
        side: mask & _half(view.lungs, side) for side in (FilmSide.RIGHT, FilmSide.LEFT) if mask.any()
    }
    for name in film.thorax.retreats:
        true = film.truth.pneumothorax & film.truth.lung_fields[name]
        given = masks.get(FilmSide(name), np.zeros_like(mask))
        yield _row(seed, kind, name, film, NETWORK_MASK, "mask, Dice", "", 1.0, _dice(true, given))
        yield _row(
            seed, kind, name, film, NETWORK_MASK, "image score", "", prediction.threshold, prediction.score
        )
    measured = measure_film(
        masks, view.lungs, spacing, model.name, VIEW, prediction.probability, prediction.mask_threshold
    )
    found_sides = {each.side for each in measured}
    yield from _compare(seed, kind, film, NETWORK_MASK, measured)
    for name in film.thorax.retreats:
        if name not in found_sides:
            yield _row(
                seed, kind, name, film, NETWORK_MASK, area.NAME, "mm²",
                film.truth.sides[name].pneumothorax_mm2, None, "the network outlined nothing",
            )  # fmt: skip


def _half(lungs: LungFields, side: FilmSide) -> NDArray[np.bool_]:
    """Columns nearer to the lung of `side`: findings of both sides come in one mask."""
    centres = [
        float(np.nonzero(field)[1].mean()) if field.any() else np.nan for field in (lungs.right, lungs.left)
    ]
    middle = float(np.nanmean(centres)) if not np.isnan(centres).all() else lungs.right.shape[1] / 2
    columns = np.arange(lungs.right.shape[1])
    return np.broadcast_to(
        columns < middle if side is FilmSide.RIGHT else columns >= middle, lungs.right.shape
    )


def _compare(
    seed: int, kind: str, film: SyntheticFilm, mask: str, measured: tuple[Measurement, ...]
) -> Iterator[Row]:
    for each in measured:
        if each.side not in film.thorax.retreats:
            continue
        side: Side = "right" if each.side == "right" else "left"
        truth = _truth_of(each, film.truth.silhouettes[side], film.truth.sides[side].pneumothorax_mm2)
        if truth is not None:
            yield _row(
                seed, kind, side, film, mask, each.name, each.unit, truth, each.value, each.why_not or ""
            )


def _truth_of(measurement: Measurement, silhouette: Silhouette, area_mm2: float) -> float | None:
    """Return what a method would give on the exact silhouettes, None where it is not compared.

    What is measured at the level of the hilum is compared at the level that the method has chosen.
    """
    distances = {
        lines.APEX: silhouette.apical,
        lines.UPPER: lambda: silhouette.down_the_lung(0.25),
        lines.LOWER: lambda: silhouette.down_the_lung(0.75),
        lines.CUPOLA: silhouette.apex_to_cupola,
    }
    name = measurement.name
    if name == area.NAME:
        return area_mm2
    if name == hemithorax.NAME:
        return 100.0 * area_mm2 / silhouette.areas_mm2()[0]
    single = {
        "interpleural distance A, apex": lines.APEX,
        "interpleural distance B, upper half": lines.UPPER,
        "interpleural distance C, lower half": lines.LOWER,
        "apex-to-cupola distance": lines.CUPOLA,
    }
    if name in single:
        found = distances[single[name]]()
        return None if found is None else found.mm
    if name in ("Collins 1995", "Rhea 1982"):
        parts = [distances[line]() for line in (lines.APEX, lines.UPPER, lines.LOWER)]
        cm = [part.mm / 10.0 for part in parts if part is not None]
        if len(cm) < len(parts):
            return None
        return formulas.collins(*cm) if name == "Collins 1995" else formulas.rhea(sum(cm) / 3)
    if measurement.construction is None:
        return None
    row = measurement.construction.segments[-1].start[0]
    if name == "lateral distance at the hilum":
        level = silhouette.at(row)
        return None if level is None else level.mm
    if name not in ("Light index", "Kircher–Swartz 1954"):
        return None
    levels = {segment.name: segment.start[0] for segment in measurement.construction.segments}
    widths = silhouette.widths_mm(levels[lines.LUNG_WIDTH])
    if widths is None:
        return None
    if name == "Light index":
        return formulas.light_index(widths[1], widths[0])
    lengths = (
        silhouette.lung_base_row - silhouette.lung_apex[0],
        silhouette.base_row - silhouette.cupola[0],
    )
    return formulas.kircher_swartz(lengths[0], widths[1], lengths[1], widths[0])


def ct_rows(seed: int) -> Iterator[Row]:
    """Measure the CT of a seed with the true mask and with the segmentation."""
    from models.ct import Label, segment

    kind, thorax = draw_thorax(seed)
    grid = chest_grid(thorax, CT_SLICE_MM, CT_MATRIX)
    volume = synthesise_ct(thorax, grid)
    head_first = np.ascontiguousarray(volume.hounsfield[::-1])
    found = segment(head_first, grid.spacing_mm)
    middle = volume.hounsfield.shape[2] // 2
    half = {"right": np.s_[..., :middle], "left": np.s_[..., middle:]}
    air = {"right": Label.RIGHT_PNEUMOTHORAX, "left": Label.LEFT_PNEUMOTHORAX}
    lung = {"right": Label.RIGHT_LUNG, "left": Label.LEFT_LUNG}
    for side, volumes in thorax.volumes.items():
        true_ml = volumes.pneumothorax_ml
        counted = {
            TRUE_MASK: (
                np.count_nonzero(volume.pneumothorax[half[side]]),
                np.count_nonzero(volume.right_lung if side == "right" else volume.left_lung),
            ),
            NETWORK_MASK: (
                np.count_nonzero(found.labels == air[side]),
                np.count_nonzero(found.labels == lung[side]),
            ),
        }
        for mask, (air_voxels, lung_voxels) in counted.items():
            ml = air_voxels * grid.voxel_ml
            share = 100.0 * air_voxels / max(air_voxels + lung_voxels, 1)
            for method, unit, truth, value in (
                (CT_VOLUME, "mL", true_ml, ml),
                ("CT percent", "%", volumes.percent, share),
                ("CT lung volume", "mL", volumes.lung_ml, lung_voxels * grid.voxel_ml),
            ):
                yield Row(
                    seed, kind, side, true_ml, volumes.percent, mask, method, unit, truth, value
                )


@lru_cache(maxsize=1)
def _networks() -> tuple[LungFieldModel, PneumothoraxModel]:
    # torch is loaded only where a network is asked
    from models.zoo import load, load_lung_fields

    return load_lung_fields("cpu"), load("attention-unet", "cpu")


def _dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    total = int(first.sum()) + int(second.sum())
    return 2.0 * int((first & second).sum()) / total if total else 1.0


def _row(
    seed: int,
    kind: str,
    side: str,
    film: SyntheticFilm,
    mask: str,
    method: str,
    unit: str,
    truth: float | None,
    measured: float | None,
    why_not: str = "",
) -> Row:
    volumes = film.thorax.volumes["right" if side == "right" else "left"]
    return Row(
        seed, kind, side, volumes.pneumothorax_ml, volumes.percent, mask, method, unit, truth, measured, why_not
    )
