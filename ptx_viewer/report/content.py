"""What one film's report is made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from explain.attribution import Attribution
from models.cards import CONSENSUS, ModelCard
from ptx_viewer.measure.change import Change
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.view import FilmView
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review.measured import view_of
from ptx_viewer.review.review import ImageReview
from ptx_viewer.study.image import Image2D, ImageReference


@dataclass(frozen=True)
class MapLook:
    """How a heatmap is drawn over the film.

    Attributes
    ----------
    colour_map : str
        For unsigned maps, as on the screen: one of :data:`ptx_viewer.rendering.SEQUENTIAL_COLOUR_MAPS`.
    opacity : float
        0..1.
    """

    colour_map: str = "inferno"
    opacity: float = 0.6


@dataclass(frozen=True)
class PriorFilm:
    """The prior film that the reader compared with, and what has changed since.

    Attributes
    ----------
    study_date : str
        DICOM date (DA); may be empty.
    reference : ImageReference
    changes : tuple of Change
        Empty when nothing is outlined on either film.
    """

    study_date: str
    reference: ImageReference
    changes: tuple[Change, ...]


@dataclass(frozen=True, eq=False)
class ReportContent:
    """Everything that the report states about one film.

    Attributes
    ----------
    image : Image2D
    analysis : ImageAnalysis
    review : ImageReview or None
        None while no reader has looked: the report then states suggestions only.
    measurements : tuple of Measurement
        Those that hold now (after the reader's edits).
    attributions : tuple of Attribution
        The heatmaps chosen for the report.
    cards : tuple of ModelCard
        Of every model that took part, the lung fields included.
    device : str
        What the networks ran on, e.g. ``"cpu"``.
    program_version : str
    created : datetime
        With a time zone.
    looks : tuple of MapLook
        Of each heatmap, in the same order; empty for the usual look.
    prior : PriorFilm or None
        The prior film that was compared, and what has changed since.

    Raises
    ------
    ValueError
        If `created` has no time zone: a report's time must mean the same everywhere.
    """

    image: Image2D
    analysis: ImageAnalysis
    review: ImageReview | None
    measurements: tuple[Measurement, ...]
    attributions: tuple[Attribution, ...]
    cards: tuple[ModelCard, ...]
    device: str
    program_version: str
    created: datetime
    looks: tuple[MapLook, ...] = ()
    prior: PriorFilm | None = None

    def __post_init__(self) -> None:
        if self.created.tzinfo is None:
            raise ValueError("the time of a report needs a time zone")

    @property
    def view(self) -> FilmView:
        """How the film was taken, by its header and its reader."""
        return view_of(self.image, self.review)

    @property
    def heatmaps(self) -> tuple[tuple[Attribution, MapLook], ...]:
        """The chosen heatmaps, and how each is drawn."""
        looks = self.looks or (MapLook(),) * len(self.attributions)
        return tuple(zip(self.attributions, looks, strict=True))

    def card_of(self, model: str) -> ModelCard | None:
        """Return the card of the model called `model` in the zoo, if it is among the cards."""
        return next((card for card in self.cards if card.name == model), None)

    def title_of(self, model: str) -> str:
        """Return the model's name as people say it."""
        if model == CONSENSUS:
            return "the consensus"
        card = self.card_of(model)
        return card.title if card is not None else model
