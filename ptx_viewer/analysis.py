"""The whole pass without a screen: image -> findings -> reasons -> measurements."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explain.attribution import Attribution
from models.geometry import Turn, turn_to_standard
from models.prediction import LungFields, Prediction, Side
from ptx_viewer.eligibility import header_refusal
from ptx_viewer.measure.film import measure_film
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.view import film_view
from ptx_viewer.progress import Progress, silent
from ptx_viewer.results import AnalysisOptions, EngineInfo, ImageAnalysis
from ptx_viewer.study.image import Image2D

if TYPE_CHECKING:
    from models.lung_fields import LungFieldModel
    from models.pneumothorax import PneumothoraxModel

#: Explanation methods that can be asked for.
EXPLANATIONS = ("grad-cam",)


def default_models() -> tuple[str, ...]:
    """Return the models that an analysis runs unless told otherwise: those that ship."""
    from models import zoo

    return zoo.available()


def check_options(options: AnalysisOptions) -> None:
    """Raise ValueError, naming the choices, if a model or an explanation is unknown."""
    for kind, wanted, known in (
        ("model", options.models, default_models()),
        ("explanation", options.explain, EXPLANATIONS),
    ):
        for name in wanted:
            if name not in known:
                raise ValueError(f"unknown {kind} '{name}'; there are: {', '.join(known)}")


class Analyser:
    """Loads each network once and runs them on one image after another.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda", "mps"}

    Raises
    ------
    ValueError
        If the device is not there.
    """

    def __init__(self, device: str = "auto") -> None:
        from models.device import select_device

        self._device = select_device(device)
        self._lung_model: LungFieldModel | None = None
        self._loaded: dict[str, PneumothoraxModel] = {}

    def warm_up(self, progress: Progress = silent) -> EngineInfo:
        """Load every shipped network, and say what runs where."""
        from models import zoo
        from models.device import describe

        progress(0.1, "Loading the lung-field network")
        self._lungs()
        names = default_models()
        for place, name in enumerate(names, start=1):
            progress(place / (len(names) + 1), f"Loading {name}")
            self._model(name)
        return EngineInfo(device=describe(self._device), cards=zoo.cards())

    def analyse(
        self,
        image: Image2D,
        options: AnalysisOptions = AnalysisOptions(),  # noqa: B008  (frozen)
        progress: Progress = silent,
    ) -> ImageAnalysis:
        """Run the whole pass over one image.

        Parameters
        ----------
        image : Image2D
        options : AnalysisOptions
        progress : Progress
            Called between the steps; raising ``Cancelled`` there stops the pass.

        Returns
        -------
        ImageAnalysis
            With ``refused`` set and nothing scored if the image is no frontal chest film.

        Raises
        ------
        ValueError
            If a model or an explanation is unknown.
        """
        from models.device import with_memory_fallback
        from models.view_gate import blank_reason, refusal_reason

        check_options(options)
        key = image.reference.key
        progress(0.0, "Checking the view")
        refused = header_refusal(image) or blank_reason(image.pixels)
        if refused and not options.override_refusal:
            return ImageAnalysis(image_key=key, refused=refused)
        turn = turn_to_standard(image.orientation.row_direction, image.orientation.column_direction)
        progress(0.1, "Finding the lung fields")
        lung_model = self._lungs()
        view, notices = with_memory_fallback(lung_model, lambda: lung_model.predict(image.pixels, turn))
        refused = refused or refusal_reason(view)
        if refused and not options.override_refusal:
            return ImageAnalysis(image_key=key, refused=refused, notices=notices)
        predictions: list[Prediction] = []
        attributions: list[Attribution] = []
        measurements: list[Measurement] = []
        for place, name in enumerate(options.models):
            start, share = 0.2 + 0.8 * place / len(options.models), 0.8 / len(options.models)
            progress(start, f"Looking for a pneumothorax ({name})")
            model = self._model(name)
            prediction, more = with_memory_fallback(
                model, lambda model=model: model.predict(image.pixels, turn, view.lungs)
            )
            notices += more + prediction.notices
            predictions.append(prediction)
            measurements += _measure(prediction, view.lungs, image)
            for number, method in enumerate(options.explain):
                done = start + share * (0.4 + 0.6 * number / len(options.explain))

                def step(message: str, done: float = done) -> None:
                    progress(done, message)

                attribution, more = with_memory_fallback(
                    model,
                    lambda model=model, method=method, prediction=prediction, step=step: _explain(
                        model, method, image.pixels, prediction, turn, step
                    ),
                )
                notices += more
                attributions.append(attribution)
        return ImageAnalysis(
            image_key=key,
            refused=refused,
            predictions=tuple(predictions),
            lung_fields=view.lungs,
            attributions=tuple(attributions),
            measurements=tuple(measurements),
            notices=tuple(dict.fromkeys(notices)),
        )

    def _lungs(self) -> LungFieldModel:
        from models import zoo

        if self._lung_model is None:
            self._lung_model = zoo.load_lung_fields(self._device.type)
        return self._lung_model

    def _model(self, name: str) -> PneumothoraxModel:
        from models import zoo

        if name not in self._loaded:
            self._loaded[name] = zoo.load(name, self._device.type)
        return self._loaded[name]


def _measure(prediction: Prediction, lungs: LungFields, image: Image2D) -> tuple[Measurement, ...]:
    masks: dict[Side, NDArray[np.bool_]] = {}
    for instance in prediction.instances:
        masks[instance.side] = (
            masks[instance.side] | instance.mask if instance.side in masks else instance.mask
        )
    return measure_film(
        masks,
        lungs,
        image.spacing,
        prediction.model,
        film_view(image),
        prediction.probability,
        prediction.mask_threshold,
    )


def _explain(
    model: PneumothoraxModel,
    method: str,
    pixels: NDArray[np.float32],
    prediction: Prediction,
    turn: Turn,
    step: Callable[[str], None],
) -> Attribution:
    from explain.faithfulness import measure_faithfulness
    from explain.methods import explain

    step(f"Explaining {model.name} ({method})")
    attribution = explain(model, pixels, method, turn=turn)
    step(f"Checking the explanation ({method})")
    faithfulness = measure_faithfulness(model, pixels, attribution, prediction, turn=turn)
    return dataclasses.replace(attribution, faithfulness=faithfulness)
