"""One digital thorax of the proof: what is true of it, and what every method measures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from models.cards import main_models
from models.consensus import card_of, combine
from models.prediction import LungFields
from models.prediction import Side as FilmSide
from models.synthesis.anatomy import Side
from models.synthesis.film import Sampling, film_outlines
from models.synthesis.geometry import Projection
from models.synthesis.pose import posed
from models.synthesis.processing import BITS
from models.synthesis.silhouette import Silhouette
from models.synthesis.synthesis import synthesise_film
from models.synthesis.thorax import Thorax
from models.synthesis.truth import FilmTruth, film_truth
from ptx_viewer.measure import area, formulas, hemithorax, lines
from ptx_viewer.measure.film import measure_film
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.view import FilmView, Posture, Respiration
from ptx_viewer.measure.view import Projection as FilmProjection
from ptx_viewer.results import suggested
from ptx_viewer.review.measured import union_by_side
from ptx_viewer.study.spacing import Spacing, SpacingBasis

from .command import requested_air

if TYPE_CHECKING:
    from models.lung_fields import LungFieldModel
    from models.pneumothorax import PneumothoraxModel

#: Smaller than the films and series of a study, so that a hundred take minutes and not hours.
FILM_PIXELS: Final = 640
FILM_PIXEL_MM: Final = 409.6 / FILM_PIXELS
PROJECTION: Final = Projection(FILM_PIXELS, FILM_PIXELS, FILM_PIXEL_MM)
SAMPLING: Final = Sampling(pitch_mm=1.92, step_mm=4.0)

_KINDS: Final = (
    ("apical",) * 6 + ("lateral",) * 4 + ("basal",) * 3 + ("tension",) * 3 + ("loculated", "bilateral") * 2
)
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
_PITCH_MM: Final = FILM_PIXEL_MM / PROJECTION.magnification
SPACING: Final = Spacing(_PITCH_MM, _PITCH_MM, SpacingBasis.ERMF)
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


def true_mask_rows(seed: int) -> Iterator[Row]:
    """Measure the true mask of a seed's film; the film itself is not made."""
    kind, thorax = draw_thorax(seed)
    projection = posed(PROJECTION, seed)
    truth = film_truth(thorax, film_outlines(thorax, projection, SAMPLING), projection)
    fields = truth.lung_fields
    masks = {FilmSide(side): truth.pneumothorax & fields[side] for side in thorax.retreats}
    lungs = LungFields(fields["right"], fields["left"], "truth")
    measured = measure_film(masks, lungs, SPACING, "truth", VIEW)
    yield from _compare(_Case(seed, kind, thorax, truth, TRUE_MASK), measured)


def network_rows(seed: int) -> Iterator[Row]:
    """Make a seed's film, let the networks outline lungs and air, and measure what is suggested."""
    kind, thorax = draw_thorax(seed)
    film = synthesise_film(thorax, posed(PROJECTION, seed), sampling=SAMPLING)
    case = _Case(seed, kind, thorax, film.truth, NETWORK_MASK)
    lung_model, *members = _networks()
    pixels = film.pixels.astype(np.float32) / np.float32(2**BITS - 1)
    view = lung_model.predict(pixels)
    yield case.row("right", "frontal view, logit", "", 0.0, view.frontal_logit)
    for name, field in film.truth.lung_fields.items():
        found = view.lungs.of(FilmSide(name))
        yield case.row(name, "lung field, Dice", "", 1.0, _dice(field, found))
    answers = [member.predict(pixels, lungs=view.lungs) for member in members]
    prediction = combine(answers, card_of([member.card for member in members]), view.lungs)
    masks: dict[FilmSide, NDArray[np.bool_]] = {}
    suggestions = suggested(answers, prediction)
    air = union_by_side(each.instance for each in suggestions)
    for answer in (prediction, *answers):
        # As in the viewer: where the consensus outlines nothing, what a network alone sees is suggested.
        own = union_by_side(
            each.instance
            for each in suggestions
            if each.model == answer.model and each.instance.side not in masks
        )
        measured = measure_film(
            own, view.lungs, SPACING, answer.model, VIEW, answer.probability, answer.mask_threshold, air
        )
        yield from _compare(case, measured)
        masks |= own
    for name, field in film.truth.lung_fields.items():
        true = film.truth.pneumothorax & field
        given = masks.get(FilmSide(name), np.zeros_like(true))
        if name not in thorax.retreats:
            yield case.row(name, "outlined without air", "", 0.0, float(given.any()))
            continue
        yield case.row(name, "mask, Dice", "", 1.0, _dice(true, given))
        yield case.row(name, "image score", "", prediction.threshold, prediction.score)
        if not given.any():
            area_mm2 = film.truth.sides[name].pneumothorax_mm2
            yield case.row(name, area.NAME, "mm²", area_mm2, None, "the networks outlined nothing")


@dataclass(frozen=True, eq=False)
class _Case:
    """What the rows of one outline on one thorax have in common."""

    seed: int
    kind: str
    thorax: Thorax
    truth: FilmTruth
    mask: str

    def row(
        self,
        side: Side,
        method: str,
        unit: str,
        truth: float | None,
        measured: float | None,
        why_not: str = "",
    ) -> Row:
        volumes = self.thorax.volumes[side]
        return Row(
            self.seed,
            self.kind,
            side,
            volumes.pneumothorax_ml,
            volumes.percent,
            self.mask,
            method,
            unit,
            truth,
            measured,
            why_not,
        )


def _compare(case: _Case, measured: tuple[Measurement, ...]) -> Iterator[Row]:
    for each in measured:
        if each.side not in case.thorax.retreats:
            continue
        side: Side = "right" if each.side == "right" else "left"
        area_mm2 = case.truth.sides[side].pneumothorax_mm2
        truth = _truth_of(each, case.truth.silhouettes[side], area_mm2)
        if truth is not None:
            yield case.row(side, each.name, each.unit, truth, each.value, each.why_not or "")


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


@lru_cache(maxsize=1)
def _networks() -> tuple[LungFieldModel, *tuple[PneumothoraxModel, ...]]:
    # torch is loaded only where a network is asked
    from models.zoo import load, load_lung_fields

    return load_lung_fields("cpu"), *(load(name, "cpu") for name in main_models())


def _dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    total = int(first.sum()) + int(second.sum())
    return 2.0 * int((first & second).sum()) / total if total else 1.0
