"""One explanation on demand: what is asked, who answers, and whether it may be shown as a finding."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import platformdirs
from numpy.typing import NDArray

from explain.attribution import Attribution, Faithfulness, Repeatability
from explain.target import Target
from models.geometry import Turn, turn_to_standard
from models.prediction import LungFields, Prediction
from ptx_viewer.progress import Progress, silent
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.study.image import Image2D

if TYPE_CHECKING:
    from explain.cache import AttributionCache
    from explain.faithfulness import FaithfulnessTest
    from models.pneumothorax import PneumothoraxModel

#: What ``--target`` and :class:`~ptx_viewer.results.AnalysisOptions` can ask for.
TARGETS = ("image-score", "findings")
#: Methods that an analysis without a screen makes unless told otherwise: the one that takes no time.
DEFAULT_EXPLANATIONS = ("grad-cam",)
#: An effect below this many logits would be written as 0.
_NO_EFFECT = 0.001
#: Seeds that are compared on one film; an audit compares more.
SEEDS_ON_A_FILM = 3


def cache_folder() -> Path:
    """Return where maps are kept: in the user's cache folder, never beside the DICOM files."""
    return platformdirs.user_cache_path("ptx_viewer", appauthor=False) / "explanations"


@dataclass(frozen=True, eq=False)
class MapQuestion:
    """One map of one image, as it is asked of the networks.

    Attributes
    ----------
    pixels : ndarray of float32, shape [H, W]
        As displayed, 0 = black .. 1 = white.
    turn : Turn
        Brings the source grid to the usual display.
    model, method : str
    target : Target
    prediction : Prediction or None
        The model's own answer; None while it has not looked at the image.
    lungs : LungFields or None
    """

    pixels: NDArray[np.float32]
    turn: Turn
    model: str
    method: str
    target: Target
    prediction: Prediction | None = None
    lungs: LungFields | None = None

    @classmethod
    def of(
        cls, image: Image2D, model: str, method: str, target: Target, analysis: ImageAnalysis | None
    ) -> MapQuestion:
        """Take from image and analysis what the question needs: the rest need not reach the networks."""
        lies = image.orientation
        turn = turn_to_standard(lies.row_direction, lies.column_direction, image.pixel_height)
        predictions = analysis.predictions if analysis is not None else ()
        return cls(
            pixels=image.pixels,
            turn=turn,
            model=model,
            method=method,
            target=target,
            prediction=next((made for made in predictions if made.model == model), None),
            lungs=analysis.lung_fields if analysis is not None else None,
        )


def answer(
    model: PneumothoraxModel,
    question: MapQuestion,
    cache: AttributionCache | None = None,
    progress: Progress = silent,
) -> Attribution:
    """Make the map that is asked for, or take it from the cache.

    Raises
    ------
    ValueError
        As :func:`explain.methods.explain`.
    """
    from explain.methods import explain

    made = explain(
        model,
        question.pixels,
        question.method,
        target=question.target,
        turn=question.turn,
        lungs=question.lungs,
        progress=progress,
        cache=cache,
    )
    return dataclasses.replace(made, below_cutoff=below_cutoff(made, question.target, question.prediction))


class Checker:
    """Measures how far maps are to be trusted; what maps are compared with is kept for the next map."""

    def __init__(self) -> None:
        self._about: tuple[object, ...] = ()
        self._test: FaithfulnessTest | None = None

    def faithfulness(
        self,
        model: PneumothoraxModel,
        question: MapQuestion,
        attribution: Attribution,
        progress: Progress = silent,
    ) -> Faithfulness:
        """Run the deletion and insertion test of a map against chance, edges and the model's own mask."""
        from explain.faithfulness import FaithfulnessTest

        pixels = hashlib.sha256(np.ascontiguousarray(question.pixels).data).hexdigest()
        # The answer and the lung fields follow from pixels, turn and model, but may still be missing.
        known = (question.prediction is not None, question.lungs is not None)
        about = (pixels, model.name, str(model.device), question.target.key, question.turn, known)
        if self._test is None or self._about != about:
            self._test = FaithfulnessTest(
                model,
                question.pixels,
                question.prediction,
                target=question.target,
                turn=question.turn,
                lungs=question.lungs,
            )
            self._about = about
        return self._test.measure(attribution, progress)


def repeat(
    model: PneumothoraxModel,
    question: MapQuestion,
    attribution: Attribution,
    cache: AttributionCache | None = None,
    progress: Progress = silent,
) -> Repeatability:
    """Make a map that draws at random again with other seeds, and compare.

    Raises
    ------
    ValueError
        If the method draws nothing at random.
    """
    from explain.repeatability import measure_repeatability

    return measure_repeatability(
        model,
        question.pixels,
        attribution,
        target=question.target,
        turn=question.turn,
        lungs=question.lungs,
        seeds=SEEDS_ON_A_FILM,
        progress=progress,
        cache=cache,
    )


def draws_at_random(attribution: Attribution) -> bool:
    """Whether another seed would give another map."""
    return attribution.provenance.seed is not None


def keep(
    model: PneumothoraxModel, question: MapQuestion, measured: Faithfulness, cache: AttributionCache
) -> None:
    """Keep what was measured beside the map itself."""
    key = cache.key(model, question.pixels, question.method, question.target, question.turn, question.lungs)
    cache.put_faithfulness(key, measured)


def below_cutoff(attribution: Attribution, target: Target, prediction: Prediction | None) -> str | None:
    """Return why a map shows no evidence above the cut-off, in words; None where it does.

    A map is scaled to its own maximum: on a film where the model finds nothing it would look like
    a finding all the same.  The cut-offs are the model's own: the image threshold for the image
    score, the pixel threshold, reached anywhere inside, for a finding or a region.
    """
    effect = attribution.provenance.effect
    if attribution.provenance.negligible and effect is not None:
        if effect < _NO_EFFECT:
            return f"nothing on the film {'moves' if attribution.signed else 'raises'} the score"
        return f"everything on the film together moves the score by {effect:.2g} logits"
    if prediction is None:
        return None
    if target.mask is None:
        if prediction.present:
            return None
        return f"score {prediction.score:.2f}, cut-off {prediction.threshold:.2f}"
    highest = float(prediction.probability[target.mask].max())
    if highest >= prediction.mask_threshold:
        return None
    return f"probability inside at most {highest:.2f}, cut-off {prediction.mask_threshold:.2f}"


def targets_of(kind: str, prediction: Prediction) -> tuple[Target, ...]:
    """Return what is explained of one model's answer.

    Parameters
    ----------
    kind : str
        One of :data:`TARGETS`: the image score, or each finding that the model outlined.
    prediction : Prediction
    """
    if kind == "image-score":
        return (Target.image_score(),)
    sides = [instance.side.value for instance in prediction.instances]
    labels = []
    for place, side in enumerate(sides):
        number = f" {sides[: place + 1].count(side)}" if sides.count(side) > 1 else ""
        labels.append(f"{side}{number}")
    return tuple(
        Target.finding(instance.mask, label)
        for instance, label in zip(prediction.instances, labels, strict=True)
    )
