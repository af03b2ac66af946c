"""Grad-CAM, through captum."""

from __future__ import annotations

from importlib.metadata import version
from typing import ClassVar

import numpy as np
import torch
from captum.attr import LayerAttribution, LayerGradCam
from torch import Tensor

from explain.baseline import blurred
from explain.question import Evidence, Question


class GradCam:
    """Gradient-weighted class activation map (Selvaraju et al. 2017).

    ``relu(sum_k a_k A_k)`` with ``a_k`` the mean gradient of the target over channel ``k`` of the
    model's explained layer; unsigned.  The map has no unit, and any film has some largest activation: what
    there is to support at all is measured, as the target on the film above that on the blurred film.
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
            layer_map = LayerGradCam(score, question.model.explained_layer).attribute(
                film, relu_attributions=True
            )
        except RuntimeError:
            # A detector that detects nothing answers with a constant, which leans on no layer.
            if not answers or answers[-1].requires_grad:
                raise
        else:
            upsampled = LayerAttribution.interpolate(layer_map, tuple(film.shape[-2:]), "bilinear")
            found = upsampled[0, 0].detach().float().cpu().numpy()
            values[question.content] = found[question.content]
        question.progress(0.8, "Grad-CAM")
        return Evidence(
            values=values,
            signed=False,
            library=f"captum {version('captum')}",
            effect=_effect(question, float(answers[-1].detach())) if values.any() else 0.0,
            layer=question.model.explained_layer_name,
        )


@torch.inference_mode()
def _effect(question: Question, on_the_film: float) -> float:
    return max(0.0, on_the_film - float(question.score(blurred(question.film, question.content))))
