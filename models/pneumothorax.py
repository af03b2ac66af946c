"""What every trained network that looks for a pneumothorax offers to analyses and explanations."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.cards import ModelCard
from models.device import describe, half_precision
from models.explained_layer import ExplainedLayer
from models.geometry import GridTransform, Turn
from models.instances import find_instances
from models.prediction import LungFields, Prediction
from models.preprocess import Preprocessing, to_network


class PneumothoraxModel(ABC):
    """A trained network with its card; :mod:`models.zoo` opens it.

    Explanations need two calls only: :meth:`prepare` brings a film into the network's grid,
    :meth:`score` turns a batch of such grids into differentiable image scores.

    Parameters
    ----------
    card : ModelCard
    network : nn.Module
        With its weights.
    device : torch.device

    Raises
    ------
    ValueError
        If the card states no decision thresholds.
    """

    #: The library whose layers run.
    engine = "torch"
    #: Whether :meth:`score` can be differentiated.
    has_gradients = True
    #: The layers that Grad-CAM looks at, in words.
    explained_layer_name: str
    #: Whether Grad-CAM stays what it is when :meth:`score` is differentiated in half precision.
    half_gradients = False

    def __init__(self, card: ModelCard, network: nn.Module, device: torch.device) -> None:
        if card.threshold is None or card.mask_threshold is None:
            raise ValueError(f"the card of {card.name} states no decision thresholds")
        self.name = card.name
        self.card = card
        self.device = device
        self.preprocessing = Preprocessing.from_options(card.options)
        self.threshold = card.threshold
        self.mask_threshold = card.mask_threshold
        self.network = network
        self.network.eval().requires_grad_(False)
        self.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._slope = float(card.options["calibration_slope"])
        self._offset = float(card.options["calibration_offset"])

    @property
    @abstractmethod
    def explained_layers(self) -> tuple[ExplainedLayer, ...]:
        """Layers whose activations Grad-CAM weighs."""

    @abstractmethod
    def score(self, batch: Tensor, region: Tensor | None = None) -> Tensor:
        """Return one logit per film, [N] of a batch [N, 1, S, S]; differentiable.

        Parameters
        ----------
        batch : Tensor
        region : Tensor of bool, shape [S, S], or None
            None asks for the calibrated image-level logit; a region, in the network's grid and not empty, for
            the mean pixel logit inside it.
        """

    @abstractmethod
    def answer(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Return pixel probabilities [N, S, S] and calibrated image logits [N] of a batch [N, 1, S, S]."""

    def prepare(
        self, pixels: NDArray[np.float32], turn: Turn = Turn()  # noqa: B008  (frozen)
    ) -> tuple[Tensor, GridTransform]:
        """Return the network's input [1, 1, S, S] on this model's device, and the way back.

        Parameters
        ----------
        pixels : ndarray of float32, shape [H, W]
            0 = black .. 1 = white as displayed.
        turn : Turn
            Brings the source grid to the usual display of a frontal film.
        """
        transform = GridTransform((pixels.shape[0], pixels.shape[1]), self.card.size, turn)
        grid = torch.from_numpy(to_network(pixels, transform, self.preprocessing))[None, None]
        return grid.to(self.device, memory_format=torch.channels_last), transform

    def calibrated(self, logits: Tensor) -> Tensor:
        """Return image logits on the scale that the validation films gave (Platt 1999)."""
        return logits.float() * self._slope + self._offset

    def predict(
        self,
        pixels: NDArray[np.float32],
        turn: Turn = Turn(),  # noqa: B008  (frozen)
        lungs: LungFields | None = None,
    ) -> Prediction:
        """Outline and score one film.

        The film and its mirror image are averaged: the network knows no side.

        Parameters
        ----------
        pixels : ndarray of float32, shape [H, W]
        turn : Turn
        lungs : LungFields or None
            In the source grid; they decide each finding's side.

        Raises
        ------
        ValueError
            If a pixel is not a finite number.
        """
        started = time.perf_counter()
        grid, transform = self.prepare(pixels, turn)

        with torch.inference_mode(), half_precision(self.device):
            masks, logits = self.answer(torch.cat([grid, grid.flip(-1)]))
        probability = (masks[0] + masks[1].flip(-1)) / 2
        score = float(torch.sigmoid(logits.mean()))
        in_source = np.clip(transform.backward(probability.float().cpu().numpy()), 0.0, 1.0)
        present = score >= self.threshold
        instances = find_instances(in_source, self.mask_threshold, lungs) if present else ()
        notices: tuple[str, ...] = ()
        if present and not instances:
            notices = (
                f"{self.card.title}: the image score is above its threshold, "
                "but no region is certain enough to be outlined.",
            )
        return Prediction(
            model=self.name,
            card_id=self.card.card_id,
            probability=in_source,
            score=score,
            threshold=self.threshold,
            mask_threshold=self.mask_threshold,
            instances=instances,
            seconds=time.perf_counter() - started,
            device=describe(self.device),
            notices=notices,
            engine=self.engine,
            weights=self.card.weights,
        )
