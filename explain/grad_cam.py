"""Grad-CAM, through captum."""

from __future__ import annotations

from importlib.metadata import version
from typing import ClassVar

import numpy as np
import torch
from captum.attr import LayerAttribution, LayerGradCam

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
        """Explain the question's target by one forward and one backward pass, and two looks at the effect."""
        question.progress(0.1, "Grad-CAM")
        film = question.film.clone().requires_grad_(True)
        grad_cam = LayerGradCam(question.score, question.model.explained_layer)
        layer_map = grad_cam.attribute(film, relu_attributions=True)
        upsampled = LayerAttribution.interpolate(layer_map, tuple(film.shape[-2:]), "bilinear")
        values = upsampled[0, 0].detach().float().cpu().numpy()
        values = np.where(question.content, values, np.float32(0))
        question.progress(0.8, "Grad-CAM")
        return Evidence(
            values=values,
            signed=False,
            library=f"captum {version('captum')}",
            effect=_effect(question) if values.any() else 0.0,
            layer=question.model.explained_layer_name,
        )


@torch.inference_mode()
def _effect(question: Question) -> float:
    both = (question.film, blurred(question.film, question.content))
    film, nothing = (float(question.score(each)) for each in both)
    return max(0.0, film - nothing)
