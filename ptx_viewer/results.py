"""What the whole pass over one image is asked, and what it gives.  Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from explain.attribution import Attribution
from models.cards import ModelCard
from models.ct.labels import CtSegmentation
from models.prediction import LungFields, Prediction, Side
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
    """

    image_key: str
    refused: str | None = None
    predictions: tuple[Prediction, ...] = ()
    lung_fields: LungFields | None = None
    attributions: tuple[Attribution, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class EngineInfo:
    """What is ready to run.

    Attributes
    ----------
    device : str
        What the networks run on, e.g. ``"cpu"``.
    cards : tuple of ModelCard
        Of every loaded network.
    without_gradients : tuple of str
        Models that methods which need gradients cannot explain.
    """

    device: str
    cards: tuple[ModelCard, ...]
    without_gradients: tuple[str, ...] = ()


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
