"""What the whole pass over one image is asked, and what it gives.  Plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explain.attribution import Attribution
from models.agreement import Agreement
from models.cards import ModelCard
from models.ct.labels import CtSegmentation
from models.prediction import Instance, LungFields, Prediction, Side
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.volume import VOLUME

#: What the user is told when an analysis ends without a result.
FAILED = "The analysis failed for this image; the log file has the details."
NO_MEMORY = "There is not enough memory to analyse this image."
#: The same about a map.
MAP_FAILED = "The map could not be made; the log file has the details."
MAP_NO_MEMORY = "There is not enough memory to make this map."


@dataclass(frozen=True)
class AnalysisOptions:
    """What to run on an image.

    Attributes
    ----------
    models : tuple of str
        Names in the zoo; empty for every one that ships.
    explain : tuple of str
        Names of explanation methods; may be empty.
    target : {"image-score", "findings"}
        What they explain: the image score, or each finding that the model outlined.
    override_refusal : bool
        Score the image even if it was not recognised as a frontal chest film.
    """

    models: tuple[str, ...] = ()
    explain: tuple[str, ...] = ("grad-cam",)
    target: str = "image-score"
    override_refusal: bool = False


@dataclass(frozen=True, eq=False)
class Consensus:
    """What several networks together make of one image.

    Attributes
    ----------
    prediction : Prediction or None
        The weighted answer, of the model ``"consensus"``; None where none is made.
    agreement : Agreement
    statements : tuple of str
        What the networks see and who does not see it, sentences for the reader.
    why_none : str
        Why there is no weighted answer, in a sentence; ``""`` where there is one.
    """

    prediction: Prediction | None
    agreement: Agreement
    statements: tuple[str, ...]
    why_none: str = ""


@dataclass(frozen=True, eq=False)
class Suggestion:
    """One outline that is put to the reader.

    Attributes
    ----------
    model : str
        Whose outline it is: a network, or the consensus.
    number : int
        Among the outlines of that model, from 1.
    instance : Instance
    """

    model: str
    number: int
    instance: Instance


@dataclass(frozen=True, eq=False)
class ImageAnalysis:
    """What the program says about one image before any reader has looked.

    Attributes
    ----------
    image_key : str
        ``ImageReference.key`` of the analysed image.
    refused : str or None
        Why the image was not scored; then the tuples are empty.  With
        ``override_refusal`` the reason stays and the results are there as well.
    predictions : tuple of Prediction
    lung_fields : LungFields or None
    attributions : tuple of Attribution
    measurements : tuple of Measurement
    notices : tuple of str
        Sentences for the reader about how the pass went.
    consensus : Consensus or None
        None unless two networks or more have answered.
    """

    image_key: str
    refused: str | None = None
    predictions: tuple[Prediction, ...] = ()
    lung_fields: LungFields | None = None
    attributions: tuple[Attribution, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    notices: tuple[str, ...] = ()
    consensus: Consensus | None = None

    @property
    def answers(self) -> tuple[Prediction, ...]:
        """Every answer, the consensus after the networks that it weighs."""
        return self.predictions + (() if self.agreed is None else (self.agreed,))

    @property
    def answered_by(self) -> tuple[tuple[str, str], ...]:
        """The networks that answered, each with the id of its weights' card."""
        return tuple((made.model, made.card_id) for made in self.predictions)

    @property
    def agreed(self) -> Prediction | None:
        """The consensus's answer; None where there is none."""
        return None if self.consensus is None else self.consensus.prediction

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """What the reader is to decide about, and what is measured; see :func:`suggested`."""
        return suggested(self.predictions, self.agreed)

    def answer(self, model: str) -> Prediction | None:
        """Return the answer of a network, or of the consensus, by its name."""
        return next((made for made in self.answers if made.model == model), None)


def suggested(predictions: Sequence[Prediction], agreed: Prediction | None) -> tuple[Suggestion, ...]:
    """Return what of the answers for a film is put to the reader: each place once.

    The consensus goes first, where there is one.  On a side of the patient where it outlines nothing,
    each network's own outlines follow, in the order in which the networks were asked, but for those
    that meet an outline suggested already: what only one of them sees is put to the reader, not hidden.

    Parameters
    ----------
    predictions : sequence of Prediction
    agreed : Prediction or None
        Their consensus.
    """
    first = () if agreed is None else _suggested(agreed)
    settled = frozenset(suggestion.instance.side for suggestion in first)
    found = list(first)
    for made in predictions:
        found += [
            each for each in _suggested(made) if each.instance.side not in settled and not _meets(each, found)
        ]
    return tuple(found)


def _suggested(made: Prediction) -> tuple[Suggestion, ...]:
    return tuple(
        Suggestion(made.model, number, instance) for number, instance in enumerate(made.instances, start=1)
    )


def _meets(suggestion: Suggestion, others: Sequence[Suggestion]) -> bool:
    """Whether another model's outline covers part of a suggestion's."""
    mask = suggestion.instance.mask
    return any(
        bool(np.any(mask & other.instance.mask)) for other in others if other.model != suggestion.model
    )


@dataclass(frozen=True)
class EngineInfo:
    """What is ready to run.

    Attributes
    ----------
    device : str
        What the networks run on, e.g. ``"cpu"``.
    cards : tuple of ModelCard
        Of every loaded network, and of their consensus where there is one.
    without_gradients : tuple of str
        Models that methods which need gradients cannot explain.
    engines : tuple of (str, str)
        Each network's name, and the library whose layers run it.
    """

    device: str
    cards: tuple[ModelCard, ...]
    without_gradients: tuple[str, ...] = ()
    engines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class VolumeAnalysis:
    """What the program says about one CT series before any reader has looked.

    Attributes
    ----------
    series_instance_uid : str
    refused : str or None
        Why the series was not scored; then there is no segmentation and no measurement.
    segmentation : CtSegmentation or None
        In the grid of the volume, as its slices are stored.
    measurements : tuple of Measurement
        For each side: volume and share of the pleural air where there is any, and the lung's volume.
    notices : tuple of str
        About the slices and about what may have been mistaken.
    seconds : float
        Wall-clock time of segmentation and measurement.
    """

    series_instance_uid: str
    refused: str | None = None
    segmentation: CtSegmentation | None = None
    measurements: tuple[Measurement, ...] = ()
    notices: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def sides(self) -> tuple[Side, ...]:
        """Sides on which pleural air was found."""
        return tuple(
            side
            for side in (Side.RIGHT, Side.LEFT)
            if any(m.name == VOLUME and m.side == side.value for m in self.measurements)
        )

    def measurement(self, name: str, side: Side) -> Measurement | None:
        """Return one side's measurement by its name."""
        return next((m for m in self.measurements if m.name == name and m.side == side.value), None)
