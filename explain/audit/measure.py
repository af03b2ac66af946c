"""Audit the explanations of one model, film by film."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from explain.attribution import Attribution, Provenance
from explain.audit.films import AuditFilm
from explain.audit.kept import KeptRows
from explain.audit.localisation import localise
from explain.audit.randomisation import cascade
from explain.audit.rows import AS_SHOWN, EDGE_MAP, NEGLIGIBLE, OWN_MASK, RANDOM_MAP, Check, Row
from explain.faithfulness import FaithfulnessTest
from explain.methods import explain
from explain.model import ExplainableModel, Progress
from explain.reference_maps import edge_map, random_map
from explain.repeatability import measure_repeatability
from explain.similarity import rank_correlation, structural_likeness
from models.prediction import LungFields, Prediction


class AuditedModel(ExplainableModel, Protocol):
    """A model that is explained and that outlines pneumothorax itself."""

    def predict(self, pixels: NDArray[np.float32]) -> Prediction:
        """Outline and score one film."""
        ...


@dataclass
class Audit:
    """All checks of one model's explanations.

    Attributes
    ----------
    name : str
        Of the model in the zoo.
    model : AuditedModel
    methods : sequence of str
        Of :data:`explain.methods.METHODS`.
    lungs_of : callable
        Returns a film's lung fields in its own grid, or None.
    permuted : ExplainableModel or None
        The same network trained on permuted labels, for the data randomisation test.
    seed : int
        Of everything that is drawn at random.
    kept : KeptRows or None
        Asked first for the rows of each map, and given what is measured.
    refused : dict of str to str
        Filled while measuring: why a method could not be used with this model.
    """

    name: str
    model: AuditedModel
    methods: Sequence[str]
    lungs_of: Callable[[NDArray[np.float32]], LungFields | None]
    permuted: ExplainableModel | None = None
    seed: int = 0
    kept: KeptRows | None = None
    refused: dict[str, str] = field(default_factory=dict)

    def measure(self, film: AuditFilm, thorough: bool, progress: Progress) -> list[Row]:
        """Measure one film.

        Localisation and faithfulness always; repeatability and randomisation, which take a dozen
        maps of every method, where `thorough`.

        Parameters
        ----------
        film : AuditFilm
        thorough : bool
        progress : Progress
            Called with 0..1; an exception raised there ends the audit.
        """
        scene = _Scene(self, film)
        rows = self._once(film, "references", False, lambda: self._measure_references(film, scene))
        for place, method in enumerate(self.methods):

            def share(fraction: float, message: str, place: int = place, method: str = method) -> None:
                progress((place + fraction) / len(self.methods), f"{film.name}: {method}, {message}")

            def measure(method: str = method, share: Progress = share) -> list[Row]:
                return self._measure_method(film, method, scene, thorough, share)

            rows += self._once(film, method, thorough, measure)
        return rows

    def _once(
        self, film: AuditFilm, method: str, thorough: bool, measure: Callable[[], list[Row]]
    ) -> list[Row]:
        """Return what is kept, or measure it; what was refused is neither."""
        if self.kept is None or method in self.refused:
            return measure()
        key = self.kept.key(self.name, self.model, self.permuted, method, film, thorough, self.seed)
        return self.kept.rows(key, measure)

    def _measure_references(self, film: AuditFilm, scene: _Scene) -> list[Row]:
        rows = []
        for name, heatmap in self._reference_maps(film, scene.prediction):
            threshold = scene.prediction.mask_threshold if name == OWN_MASK else None
            rows += self._locate(film, name, heatmap, threshold)
            rows += self._test(film, name, scene.test, _as_attribution(heatmap))
        return rows

    def _measure_method(
        self, film: AuditFilm, method: str, scene: _Scene, thorough: bool, progress: Progress
    ) -> list[Row]:
        def map_of(model: ExplainableModel, done: float) -> Attribution:
            return explain(
                model, film.pixels, method,
                lungs=scene.lungs, seed=self.seed, progress=lambda _, message: progress(done, message),
            )  # fmt: skip

        if method in self.refused:
            return []
        try:
            attribution = map_of(self.model, 0.0)
        except ValueError as error:
            self.refused[method] = str(error)
            return []
        row = _Maker(self.name, method, film)
        rows = self._locate(film, method, attribution.heatmap)
        rows += self._test(film, method, scene.test, attribution)
        if not thorough:
            return rows
        for name, count, forgetful in cascade(self.model, self.seed):
            other = map_of(forgetful, 0.3)
            likeness = _likeness(attribution, other)
            for figure, value in (*likeness, *_presence(other, likeness[0][1])):
                rows.append(row(Check.MODEL_RANDOMISATION, figure, value, count, name))
        if self.permuted is not None:
            other = map_of(self.permuted, 0.6)
            rows += [row(Check.DATA_RANDOMISATION, *figure) for figure in _likeness(attribution, other)]
        if attribution.provenance.seed is not None:
            again = measure_repeatability(
                self.model, film.pixels, attribution,
                lungs=scene.lungs, progress=lambda fraction, message: progress(0.7 + 0.3 * fraction, message),
            )  # fmt: skip
            rows.append(row(Check.REPEATABILITY, "rank correlation", again.rank_correlation))
            rows.append(row(Check.REPEATABILITY, "Jaccard", again.jaccard))
        return rows

    def _reference_maps(
        self, film: AuditFilm, prediction: Prediction
    ) -> Iterator[tuple[str, NDArray[np.float32]]]:
        grid, transform = self.model.prepare(film.pixels)
        yield OWN_MASK, prediction.probability
        drawn = random_map(grid.shape[-1], np.random.default_rng([self.seed, *film.name.encode()]))
        yield RANDOM_MAP, transform.backward(drawn)
        yield EDGE_MAP, transform.backward(edge_map(grid[0, 0].float().cpu().numpy(), transform))

    def _locate(
        self, film: AuditFilm, method: str, heatmap: NDArray[np.float32], threshold: float | None = None
    ) -> list[Row]:
        found = localise(heatmap, film.truth, threshold)
        row = _Maker(self.name, method, film)
        return [
            row(Check.LOCALISATION, "hit rate", found.hit),
            row(Check.LOCALISATION, "mIoU", found.iou),
            row(Check.LOCALISATION, "AUPRC", found.auprc),
        ]

    def _test(
        self, film: AuditFilm, method: str, test: FaithfulnessTest, attribution: Attribution
    ) -> list[Row]:
        measured = test.measure(attribution)
        row = _Maker(self.name, method, film)
        return [
            row(Check.FAITHFULNESS, "deletion AUC", measured.deletion_auc),
            row(Check.FAITHFULNESS, "insertion AUC", measured.insertion_auc),
            row(Check.FAITHFULNESS, "better than chance", float(measured.verdict == "yes")),
            row(Check.FAITHFULNESS, "weakly or better", float(measured.verdict != "no")),
        ]


class _Scene:
    """What the maps of one film are measured against, made when the first of them asks."""

    def __init__(self, audit: Audit, film: AuditFilm) -> None:
        self._audit, self._film = audit, film

    @cached_property
    def prediction(self) -> Prediction:
        return self._audit.model.predict(self._film.pixels)

    @cached_property
    def lungs(self) -> LungFields | None:
        return self._audit.lungs_of(self._film.pixels)

    @cached_property
    def test(self) -> FaithfulnessTest:
        return FaithfulnessTest(
            self._audit.model, self._film.pixels, self.prediction, lungs=self.lungs, seed=self._audit.seed
        )


@dataclass(frozen=True)
class _Maker:
    """Makes the rows of one map."""

    model: str
    method: str
    film: AuditFilm

    def __call__(self, check: Check, figure: str, value: float, step: int = 0, layer: str = "") -> Row:
        return Row(
            self.model, self.method, self.film.name, self.film.drain, check, figure, value, step, layer
        )


def _likeness(first: Attribution, second: Attribution) -> list[tuple[str, float]]:
    """Return how alike two maps are; a map turned into its opposite still shows the same things."""
    return [
        ("rank correlation", abs(rank_correlation(first.heatmap, second.heatmap))),
        ("SSIM", structural_likeness(first.heatmap, second.heatmap, first.signed)),
    ]


def _presence(other: Attribution, likeness: float) -> list[tuple[str, float]]:
    """Return whether there is nothing to show on the other map, and how alike it is as it is shown.

    A map whose whole effect is negligible is drawn all but empty and says so: the order of its values is
    that of rounding errors and of the film's greys, and nobody sees it.
    """
    nothing = other.provenance.negligible
    return [(NEGLIGIBLE, float(nothing)), (AS_SHOWN, 0.0 if nothing else likeness)]


def _as_attribution(heatmap: NDArray[np.float32]) -> Attribution:
    how = Provenance(library="none", layer=None, baseline=None, seed=None, samples=None)
    return Attribution("reference", "none", "image score", heatmap, False, 0.0, how)
