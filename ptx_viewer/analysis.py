"""The whole pass without a screen: image -> findings -> reasons -> measurements."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from explain.attribution import Attribution, Faithfulness
from explain.methods import METHODS
from models.cards import LUNG_FIELDS, available, cards, main_models
from models.consensus import card_of, no_consensus
from models.geometry import turn_to_standard
from models.prediction import LungFields, Prediction
from ptx_viewer.eligibility import header_refusal
from ptx_viewer.explaining import (
    TARGETS,
    Checker,
    MapQuestion,
    answer,
    cache_folder,
    draws_at_random,
    keep,
    repeat,
    targets_of,
)
from ptx_viewer.measure.view import film_view
from ptx_viewer.opinions import weigh
from ptx_viewer.own_weights import check_weights
from ptx_viewer.progress import Progress, silent
from ptx_viewer.results import AnalysisOptions, EngineInfo, ImageAnalysis, VolumeAnalysis
from ptx_viewer.review.from_analysis import review_from_analysis
from ptx_viewer.review.measured import current_measurements
from ptx_viewer.study.image import Image2D
from ptx_viewer.study.volume import Volume

if TYPE_CHECKING:
    from models.lung_fields import LungFieldModel
    from models.pneumothorax import PneumothoraxModel


def check_options(options: AnalysisOptions) -> None:
    """Raise ValueError, naming the choices, if a model, an explanation or its target is unknown."""
    for kind, wanted, known in (
        ("model", options.models, available()),
        ("explanation", options.explain, METHODS),
        ("target", (options.target,), TARGETS),
    ):
        for name in wanted:
            if name not in known:
                raise ValueError(f"unknown {kind} '{name}'; there are: {', '.join(known)}")


class Analyser:
    """Loads each network once and runs them on one image after another.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda", "mps"}
    cache : Path or None
        Folder of the maps that were made before; None for the user's cache folder.
    models : tuple of str
        Names of the networks to ask unless an analysis names others; empty for
        :func:`models.cards.main_models`.
    weights : mapping of str to Path
        A user's own weights by the networks' names, see :func:`models.zoo.load`; they are loaded when needed.

    Raises
    ------
    ValueError
        If the device is not there.
    """

    def __init__(
        self,
        device: str = "auto",
        cache: Path | None = None,
        models: tuple[str, ...] = (),
        weights: Mapping[str, Path] = MappingProxyType({}),
    ) -> None:
        from explain.cache import AttributionCache
        from models.device import select_device

        self._device = select_device(device)
        self._names = models or main_models()
        self._weights = dict(weights)
        self._cache = AttributionCache(cache_folder() if cache is None else cache)
        self._checker = Checker()
        self._lung_model: LungFieldModel | None = None
        self._loaded: dict[str, PneumothoraxModel] = {}

    def warm_up(self, progress: Progress = silent) -> EngineInfo:
        """Load the networks that an analysis runs unless told otherwise, and say what runs where."""
        from models.device import describe

        # A user's own weights come first: where they cannot be used, nobody waits for the others.
        for place, name in enumerate(sorted(self._names, key=lambda name: name not in self._weights)):
            progress((place + 0.5) / (len(self._names) + 1), f"Loading {name}")
            self._model(name)
        progress(0.9, "Loading the lung-field network")
        self._lungs()
        without = tuple(name for name in self._names if not self._model(name).has_gradients)
        asked = {name: self._model(name).card for name in self._names}
        loaded = tuple(
            asked.get(card.name, card) for card in cards() if card.name in (*asked, LUNG_FIELDS)
        )
        if len(asked) > 1 and not no_consensus(tuple(asked.values())):
            loaded += (card_of(tuple(asked.values())),)
        engines = tuple((name, self._model(name).engine) for name in self._names)
        return EngineInfo(describe(self._device), loaded, without, engines)

    def use_weights(self, weights: Mapping[str, Path], progress: Progress = silent) -> EngineInfo:
        """Work with a user's own weights from now on, and with the shipped ones where none are named.

        Raises
        ------
        ValueError
            If they cannot be used; then everything stays as it was.
        """
        from models import zoo

        check_weights(weights, self._names)
        loaded = {
            name: zoo.load(name, self._device.type, weights.get(name))
            for name in self._names
            if name in weights or name in self._weights
        }
        self._weights = dict(weights)
        self._loaded.update(loaded)
        # What maps were compared with was scored by the weights that were at work then.
        self._checker = Checker()
        return self.warm_up(progress)

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
            If a model, an explanation or its target is unknown.
        """
        from models.device import with_memory_fallback
        from models.view_gate import blank_reason, refusal_reason

        check_options(options)
        key = image.reference.key
        progress(0.0, "Checking the view")
        refused = header_refusal(image) or blank_reason(image.pixels)
        if refused and not options.override_refusal:
            return ImageAnalysis(image_key=key, refused=refused)
        lies = image.orientation
        turn = turn_to_standard(lies.row_direction, lies.column_direction, image.pixel_height)
        progress(0.1, "Finding the lung fields")
        lung_model = self._lungs()
        view, notices = with_memory_fallback(lung_model, lambda: lung_model.predict(image.pixels, turn))
        refused = refused or refusal_reason(view)
        if refused and not options.override_refusal:
            return ImageAnalysis(image_key=key, refused=refused, notices=notices)
        predictions: list[Prediction] = []
        attributions: list[Attribution] = []
        names = options.models or self._names
        for place, name in enumerate(names):
            start, share = 0.2 + 0.8 * place / len(names), 0.8 / len(names)
            progress(start, f"Looking for a pneumothorax ({name})")
            model = self._model(name)
            prediction, more = with_memory_fallback(
                model, lambda model=model: model.predict(image.pixels, turn, view.lungs)
            )
            notices += more + prediction.notices
            predictions.append(prediction)
            maps, more = self._explain_all(
                image, view.lungs, prediction, options, _part(progress, start + 0.4 * share, 0.6 * share)
            )
            notices += more
            attributions += maps
        asked = [self._model(name).card for name in names]
        answered = ImageAnalysis(
            image_key=key,
            refused=refused,
            predictions=tuple(predictions),
            lung_fields=view.lungs,
            attributions=tuple(attributions),
            notices=tuple(dict.fromkeys(notices)),
            consensus=weigh(predictions, asked, view.lungs, turn),
        )
        suggested = review_from_analysis(answered)
        measured = current_measurements(suggested, answered, image.spacing, film_view(image))
        return dataclasses.replace(answered, measurements=measured)

    def analyse_volume(self, volume: Volume, progress: Progress = silent) -> VolumeAnalysis:
        """Segment and measure one CT series; see :func:`ptx_viewer.volumes.analyse_volume`."""
        from ptx_viewer.volumes import analyse_volume

        return analyse_volume(volume, progress)

    def explain(self, question: MapQuestion, progress: Progress = silent) -> Attribution:
        """Make one map.

        Raises
        ------
        ValueError
            As :func:`explain.methods.explain`, or if the model is unknown.
        """
        from models.device import with_memory_fallback

        model = self._model(question.model)
        made, _notices = with_memory_fallback(model, lambda: answer(model, question, self._cache, progress))
        return made

    def check(
        self, question: MapQuestion, attribution: Attribution, progress: Progress = silent
    ) -> Faithfulness:
        """Measure how faithful a map is, and keep the figures beside it."""
        from models.device import with_memory_fallback

        model = self._model(question.model)
        measured, _notices = with_memory_fallback(
            model, lambda: self._checker.faithfulness(model, question, attribution, progress)
        )
        keep(model, question, measured, self._cache)
        return measured

    def repeat(
        self, question: MapQuestion, attribution: Attribution, progress: Progress = silent
    ) -> Faithfulness:
        """Add to a map's faithfulness how alike the maps of other seeds are.

        Raises
        ------
        ValueError
            If its method draws nothing at random, or it was not checked before.
        """
        from models.device import with_memory_fallback

        if attribution.faithfulness is None:
            raise ValueError("the map was not checked yet")
        model = self._model(question.model)
        repeated, _notices = with_memory_fallback(
            model, lambda: repeat(model, question, attribution, self._cache, progress)
        )
        measured = dataclasses.replace(attribution.faithfulness, repeatability=repeated)
        keep(model, question, measured, self._cache)
        return measured

    def _explain_all(
        self,
        image: Image2D,
        lungs: LungFields,
        prediction: Prediction,
        options: AnalysisOptions,
        progress: Progress,
    ) -> tuple[list[Attribution], tuple[str, ...]]:
        """Make and check every map of one model's answer; what does not apply becomes a notice."""
        answered = ImageAnalysis(image.reference.key, predictions=(prediction,), lung_fields=lungs)
        targets = targets_of(options.target, prediction)
        if options.explain and not targets:
            return [], (f"{prediction.model} outlined no finding, so there is none to explain.",)
        asked = [
            MapQuestion.of(image, prediction.model, method, target, answered)
            for target in targets
            for method in options.explain
        ]
        maps: list[Attribution] = []
        notices: list[str] = []
        for place, question in enumerate(asked):
            part = _part(progress, place / len(asked), 1 / len(asked))
            try:
                maps.append(self._explain_checked(question, part))
            except ValueError as error:
                notices.append(f"{error}.")
        return maps, tuple(notices)

    def _explain_checked(self, question: MapQuestion, progress: Progress) -> Attribution:
        made = self.explain(question, _part(progress, 0.0, 0.4))
        if made.faithfulness is None:
            measured = self.check(question, made, _part(progress, 0.4, 0.3))
            made = dataclasses.replace(made, faithfulness=measured)
        assert made.faithfulness is not None
        if draws_at_random(made) and made.faithfulness.repeatability is None:
            measured = self.repeat(question, made, _part(progress, 0.7, 0.3))
            made = dataclasses.replace(made, faithfulness=measured)
        return made

    def _lungs(self) -> LungFieldModel:
        from models import zoo

        if self._lung_model is None:
            self._lung_model = zoo.load_lung_fields(self._device.type)
        return self._lung_model

    def _model(self, name: str) -> PneumothoraxModel:
        from models import zoo

        if name not in self._loaded:
            self._loaded[name] = zoo.load(name, self._device.type, self._weights.get(name))
        return self._loaded[name]


def _part(progress: Progress, start: float, share: float) -> Progress:
    """Return the progress of a step that takes a share of the whole."""
    return lambda fraction, message: progress(start + share * fraction, message)
