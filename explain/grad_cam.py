"""Grad-CAM, through captum."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Protocol

import numpy as np
from captum.attr import LayerAttribution, LayerGradCam
from numpy.typing import NDArray
from torch import Tensor, nn

from explain.attribution import Attribution, Provenance
from models.geometry import GridTransform, Turn


class ExplainableModel(Protocol):
    """What an explanation needs of a model."""

    name: str
    network: nn.Module
    explained_layer_name: str

    @property
    def explained_layer(self) -> nn.Module:
        """Layer whose activations Grad-CAM weighs."""
        ...

    def prepare(self, pixels: NDArray[np.float32], turn: Turn = ...) -> tuple[Tensor, GridTransform]:
        """Return network input [1, 1, S, S] and the transform back to the source grid."""
        ...

    def score(self, batch: Tensor) -> Tensor:
        """Return image logits [N], differentiable."""
        ...


class GradCam:
    """Gradient-weighted class activation map (Selvaraju et al. 2017).

    ``relu(sum_k a_k A_k)`` with ``a_k`` the mean gradient of the target over channel ``k``.
    The target is the image-level logit.  captum computes it; here it is brought back into the
    film's own grid, without the padding, and scaled so that its maximum is 1.
    """

    name = "grad-cam"
    target = "image score"

    def attribute(
        self, model: ExplainableModel, pixels: NDArray[np.float32], turn: Turn = Turn()  # noqa: B008  (frozen)
    ) -> Attribution:
        """Explain the model's image score on one film.

        Parameters
        ----------
        model : ExplainableModel
        pixels : ndarray of float32, shape [H, W]
        turn : Turn
            Brings the source grid to the usual display.

        Returns
        -------
        Attribution
            Unsigned, 0..1; all zero when nothing raises the score.

        Raises
        ------
        ValueError
            If a pixel is not a finite number.
        """
        started = time.perf_counter()
        grid, transform = model.prepare(pixels, turn)
        grad_cam = LayerGradCam(model.score, model.explained_layer)
        layer_map = grad_cam.attribute(grid.requires_grad_(True), relu_attributions=True)
        upsampled = LayerAttribution.interpolate(layer_map, tuple(grid.shape[-2:]), "bilinear")
        raw = upsampled[0, 0].detach().float().cpu().numpy()
        heatmap = np.maximum(transform.backward(raw), np.float32(0))
        peak = heatmap.max()
        return Attribution(
            method=self.name,
            model=model.name,
            target=self.target,
            heatmap=heatmap / peak if peak > 0 else heatmap,
            signed=False,
            seconds=time.perf_counter() - started,
            provenance=Provenance(
                library=f"captum {version('captum')}",
                layer=model.explained_layer_name,
                baseline=None,
                seed=None,
                samples=None,
            ),
        )
