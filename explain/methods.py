"""Every explanation through one call."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explain.attribution import Attribution, Faithfulness, Provenance
from explain.model import ExplainableModel, Progress, silent
from explain.question import Evidence, Method, Question, lungs_in_grid
from explain.target import Target
from models.geometry import GridTransform, Turn
from models.prediction import LungFields

if TYPE_CHECKING:
    from explain.cache import AttributionCache

_TITLES = {
    "grad-cam": "Grad-CAM",
    "integrated-gradients": "Integrated gradients",
    "expected-gradients": "Expected gradients",
    "shap": "SHAP",
    "lime": "LIME",
    "occlusion": "Occlusion",
}

#: Names of all methods, in the order in which they are offered.
METHODS = tuple(_TITLES)

#: Those that need a model whose score can be differentiated.
GRADIENT_METHODS = frozenset({"grad-cam", "integrated-gradients", "expected-gradients"})

#: A map whose whole effect stays below this many logits (a probability of .50 becoming .525) says
#: that nothing on the film matters: it is drawn that much paler, never stretched to full colour.
PRESENCE_CUTOFF = 0.1
#: Colour of the strongest place of a map without any effect: the order of places can still be read.
PALEST = 0.05


def title(name: str) -> str:
    """Return a method's name for the screen, e.g. ``"Grad-CAM"``.

    Raises
    ------
    ValueError
        If the method is unknown.
    """
    if name not in _TITLES:
        raise ValueError(f"unknown explanation '{name}'; there are: {', '.join(METHODS)}")
    return _TITLES[name]


def explain(
    model: ExplainableModel,
    pixels: NDArray[np.float32],
    method: str,
    *,
    target: Target = Target.image_score(),  # noqa: B008  (frozen)
    turn: Turn = Turn(),  # noqa: B008  (frozen)
    lungs: LungFields | None = None,
    seed: int = 0,
    progress: Progress = silent,
    cache: AttributionCache | None = None,
) -> Attribution:
    """Explain one number of a model's answer for one film.

    Parameters
    ----------
    model : ExplainableModel
    pixels : ndarray of float32, shape [H, W]
        As displayed, 0 = black .. 1 = white.
    method : str
        One of :data:`METHODS`.
    target : Target
        What is explained; the image score unless told otherwise.
    turn : Turn
        Brings the source grid to the usual display.
    lungs : LungFields or None
        In the source grid; regions then follow the lungs and are finer inside them.
    seed : int
        Of the methods that draw at random; the same seed gives the same map.
    progress : Progress
        Called with 0..1 and a few words between any two calls of the network; an exception raised
        there ends the work and leaves nothing behind.
    cache : AttributionCache or None
        Asked first, and given the result.

    Returns
    -------
    Attribution

    Raises
    ------
    ValueError
        If the method is unknown or needs gradients that the model does not have, if the target is
        not of the film's shape, or if a pixel is not a finite number.
    """
    name = title(method)
    explainer = _explainer(method)
    if explainer.needs_gradients and not model.has_gradients:
        raise ValueError(
            f"{name} needs gradients, which {model.name} does not offer; SHAP, LIME and occlusion do without"
        )
    progress(0.0, f"{name}: preparing")
    started = time.perf_counter()
    key = None if cache is None else cache.key(model, pixels, method, target, turn, lungs, seed)
    if cache is not None and key is not None:
        kept = cache.get(key)
        if kept is not None:
            size = kept.evidence.values.shape[0]
            transform = GridTransform((pixels.shape[0], pixels.shape[1]), size, turn)
            progress(1.0, name)
            return _attribution(
                model, method, target, transform, kept.evidence, kept.seconds, kept.faithfulness
            )
    film, transform = model.prepare(pixels, turn)
    question = Question(
        model=model,
        film=film,
        region=target.in_grid(transform, film.device),
        content=transform.content_mask(),
        lungs=None if lungs is None else lungs_in_grid(lungs, transform),
        seed=seed,
        progress=progress,
    )
    evidence = explainer.attribute(question)
    seconds = time.perf_counter() - started
    if cache is not None and key is not None:
        cache.put(key, evidence, seconds)
    progress(1.0, name)
    return _attribution(model, method, target, transform, evidence, seconds)


def _explainer(method: str) -> Method:
    # Imported when asked for: shap alone takes seconds.
    match method:
        case "grad-cam":
            from explain.grad_cam import GradCam

            return GradCam()
        case "integrated-gradients":
            from explain.integrated_gradients import IntegratedGradients

            return IntegratedGradients()
        case "expected-gradients":
            from explain.expected_gradients import ExpectedGradients

            return ExpectedGradients()
        case "shap":
            from explain.shap_values import ShapValues

            return ShapValues()
        case "lime":
            from explain.lime_surrogate import Lime

            return Lime()
        case _:
            from explain.occlusion import Occlusion

            return Occlusion()


def _attribution(
    model: ExplainableModel,
    method: str,
    target: Target,
    transform: GridTransform,
    evidence: Evidence,
    seconds: float,
    faithfulness: Faithfulness | None = None,
) -> Attribution:
    heatmap = transform.backward(evidence.values)
    if not evidence.signed:
        heatmap = np.maximum(heatmap, np.float32(0))
    peak = float(np.abs(heatmap).max())
    if peak > 0:
        heatmap = heatmap * np.float32(np.clip(evidence.effect / PRESENCE_CUTOFF, PALEST, 1.0) / peak)
    return Attribution(
        method=method,
        model=model.name,
        target=target.description,
        heatmap=heatmap,
        signed=evidence.signed,
        seconds=seconds,
        provenance=Provenance(
            library=evidence.library,
            layer=evidence.layer,
            baseline=evidence.baseline,
            seed=evidence.seed,
            samples=evidence.samples,
            regions=evidence.regions,
            settled=evidence.settled,
            effect=evidence.effect,
            negligible=evidence.effect < PRESENCE_CUTOFF,
        ),
        faithfulness=faithfulness,
        regions=None if evidence.labels is None else transform.backward_labels(evidence.labels),
    )
