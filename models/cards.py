"""The card that every weight file carries: what it was trained on, and how good it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import resources
from models.prediction import WeightFile

WEIGHTS_FOLDER = Path(resources.__file__).parent / "weights"

#: The network every analysis needs: lung fields, sides, and whether a film is frontal.
LUNG_FIELDS = "lung-fields"

#: The average of the others' answers: a card, but no weights of its own.
CONSENSUS = "consensus"

#: What a title ends with where a user's own weights are at work, in full and where room is scarce.
OWN_WEIGHTS, OWN = " (own weights)", " own"

#: Shipped to be held against the others; asked only when named.
BASELINES = ("unet",)


@dataclass(frozen=True)
class DataSource:
    """A data set that the weights learned from or were measured on, with its terms of use."""

    name: str
    terms: str
    use: str


@dataclass(frozen=True)
class Figure:
    """A measured figure with its 95 % interval, and what it was measured on.

    Attributes
    ----------
    name : str
        e.g. ``"image ROC-AUC"``.
    value, low, high : float
        Estimate and bounds of the 95 % bootstrap interval.
    data : str
        The held-out films, in words.
    n : int
        Number of films.
    """

    name: str
    value: float
    low: float
    high: float
    data: str
    n: int

    def __str__(self) -> str:
        """Return e.g. ``"image ROC-AUC 0.95 [0.90, 0.99] (SIIM-ACR, n = 24)"``."""
        return f"{self.name} {self.value:.2f} [{self.low:.2f}, {self.high:.2f}] ({self.data}, n = {self.n})"


@dataclass(frozen=True)
class ModelCard:
    """What a reader may know about a set of weights.

    Attributes
    ----------
    card_id : str
        Name and version, e.g. ``"attention-unet-1"``.
    name : str
        Name in the zoo.
    title, task, architecture, licence, preprocessing, split : str
    size : int
        Edge of the network's grid in pixels.
    sources : tuple of DataSource
    threshold, mask_threshold : float or None
        Image-level and pixel-level decision thresholds.
    threshold_rule : str
        How the thresholds were chosen, and on which films.
    figures : tuple of Figure
        Measured on held-out films; empty for weights that were never measured.
    limitations : tuple of str
        Known failures, each a sentence.
    command, commit : str
        What trained the weights.
    sha256 : str
        Of the weight file.
    options : dict
        What the network is built with, e.g. ``encoder`` and ``attention``, and the calibration of its score.
    tried : str
        Which aims were missed, what was tried and what it bought; written by hand, empty until then.
    weights_file : str
        Name of the file with a user's own weights; ``""`` for what ships.
    """

    card_id: str
    name: str
    title: str
    task: str
    architecture: str
    size: int
    sources: tuple[DataSource, ...]
    split: str
    preprocessing: str
    threshold: float | None
    mask_threshold: float | None
    threshold_rule: str
    figures: tuple[Figure, ...]
    limitations: tuple[str, ...]
    licence: str
    command: str
    commit: str
    sha256: str
    options: dict[str, Any]
    tried: str = ""
    weights_file: str = ""

    @property
    def shipped(self) -> bool:
        """Whether it describes weights that came with the program, not a user's own."""
        return not self.weights_file

    @property
    def weights(self) -> WeightFile:
        """Name and digest of the weight file, and whether it is what ships."""
        return WeightFile(self.weights_file or f"{self.name}.safetensors", self.sha256, self.shipped)


def load_card(path: Path) -> ModelCard:
    """Read a card from its YAML file.

    Raises
    ------
    ValueError
        If the file is no YAML, or a field is missing or unknown; the message names it.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content["sources"] = tuple(DataSource(**source) for source in content["sources"])
        content["figures"] = tuple(Figure(**figure) for figure in content["figures"])
        content["limitations"] = tuple(content["limitations"])
        return ModelCard(**content)
    except (KeyError, TypeError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path.name} is not a complete model card: {error}") from error


def card_path(name: str) -> Path:
    """Return where the card of the shipped model `name` lies."""
    return WEIGHTS_FOLDER / f"{name}.yaml"


def cards() -> tuple[ModelCard, ...]:
    """Return the cards of all shipped weights."""
    paths = sorted(WEIGHTS_FOLDER.glob("*.yaml"))
    return tuple(load_card(path) for path in paths if path.stem != CONSENSUS)


def available() -> tuple[str, ...]:
    """Return the names of the shipped models that look for a pneumothorax."""
    names = sorted(path.stem for path in WEIGHTS_FOLDER.glob("*.yaml"))
    return tuple(name for name in names if name not in (LUNG_FIELDS, CONSENSUS))


def main_models() -> tuple[str, ...]:
    """Return the names of the shipped models that are asked unless others are named."""
    return tuple(name for name in available() if name not in BASELINES)
