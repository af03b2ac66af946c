"""Grad-CAM, through captum."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.metadata import version
from typing import ClassVar

import numpy as np
import torch
from captum.attr import LayerAttribution, LayerGradCam, LayerGradientXActivation
from torch import Tensor

from explain.baseline import blurred
from explain.question import Evidence, Question
from models.device import half_precision


class GradCam:
    """Gradient-weighted class activation map (Selvaraju et al. 2017).

    ``relu(sum_k a_k A_k)`` with ``a_k`` the mean gradient of the target over channel ``k`` of the
    explained layer; unsigned.  Where a model asks for it, ``a_k`` is not the mean but the gradient at
    each place (HiResCAM, Draelos and Carin 2020): a detector's score hangs on the features of a few regions,
    and one weight for the whole film lights up others that it never looked at.  The maps of several
    layers are each brought to a maximum of 1 and added.  The map has no unit, and any film has some largest
    activation: what there is to support at all is measured, as the target on the film above that on the
    blurred film.
    """

    needs_gradients: ClassVar[bool] = True

    def attribute(self, question: Question) -> Evidence:
        """Explain the question's target by one forward and one backward pass, and one look at the effect."""
        question.progress(0.1, "Grad-CAM")
        film = question.film.clone().requires_grad_(True)
        answers: list[Tensor] = []

        def score(batch: Tensor) -> Tensor:
            answers.append(question.score(batch))
            return answers[-1]

        values = np.zeros(question.content.shape, np.float32)
        try:
            with _precision(question):
                maps = _layer_maps(question, score, film)
        except RuntimeError:
            # A detector that detects nothing answers with a constant, which leans on no layer.
            if not answers or answers[-1].requires_grad:
                raise
        else:
            for layer_map in maps:
                upsampled = LayerAttribution.interpolate(layer_map, tuple(film.shape[-2:]), "bilinear")
                found = upsampled[0, 0].detach().float().cpu().numpy()[question.content]
                peak = float(found.max())
                values[question.content] += found / peak if peak > 0 else found
        question.progress(0.8, "Grad-CAM")
        return Evidence(
            values=values,
            signed=False,
            library=f"captum {version('captum')}",
            effect=_effect(question, float(answers[-1].detach())) if values.any() else 0.0,
            layer=question.model.explained_layer_name,
        )


def _layer_maps(question: Question, score: Callable[[Tensor], Tensor], film: Tensor) -> list[Tensor]:
    """Return the map of each explained layer in that layer's own grid, [1, 1, h, w]."""
    layers = question.model.explained_layers
    maps = [
        LayerGradCam(score, layer.module).attribute(film, relu_attributions=True)
        for layer in layers
        if not layer.by_place
    ]
    by_place = [layer.module for layer in layers if layer.by_place]
    if by_place:
        products = LayerGradientXActivation(score, by_place).attribute(film)
        maps += [product.sum(dim=1, keepdim=True).relu() for product in products]
    return maps


def _precision(question: Question) -> AbstractContextManager[object]:
    half = question.model.half_gradients
    return half_precision(question.film.device) if half else contextlib.nullcontext()


@torch.inference_mode()
def _effect(question: Question, on_the_film: float) -> float:
    with _precision(question):
        without = float(question.score(blurred(question.film, question.content)))
    return max(0.0, on_the_film - without)
