"""Occlusion, through captum: the plain reference."""

from __future__ import annotations

from importlib.metadata import version
from typing import ClassVar

import numpy as np
import torch
from captum.attr import Occlusion as CaptumOcclusion
from torch import Tensor

from explain.question import Evidence, Question
from explain.scoring import Scorer
from explain.stand_in import GRAINED, lung_like

#: Edge of the window, as a share of the grid's, and windows that overlap along each axis.
WINDOW, OVERLAP = 1 / 6, 2


class Occlusion:
    """What the target loses when a window of the film is taken away (Zeiler and Fergus 2014).

    Signed, in logits.  The window slides by half its width; each place gets the mean of the windows over
    it.  Nothing is drawn at random, nothing is assumed: slow, coarse, and easy to believe.
    """

    needs_gradients: ClassVar[bool] = False

    def attribute(self, question: Question) -> Evidence:
        """Explain the question's target."""
        size = question.film.shape[-1]
        stride = max(1, round(size * WINDOW / OVERLAP))
        window = min(size, stride * OVERLAP)
        steps = -(-(size - window) // stride) + 1
        scorer = Scorer(question, "Occlusion", steps**2 + 1)

        def score(films: Tensor) -> Tensor:
            found = scorer(len(films), lambda start, stop: films[start:stop])
            return torch.from_numpy(found).to(films.device)

        with torch.inference_mode():
            lost = CaptumOcclusion(score).attribute(
                question.film,
                sliding_window_shapes=(1, window, window),
                strides=(1, stride, stride),
                baselines=lung_like(question.film, question.content, question.lungs),
                perturbations_per_eval=scorer.batch,
            )
        values = lost[0, 0].float().cpu().numpy()
        values = np.where(question.content, values, np.float32(0))
        return Evidence(
            values=values,
            signed=True,
            library=f"captum {version('captum')}",
            # The windows overlap and are no parts of a whole: the strongest alone counts.
            effect=float(np.abs(values).max()),
            baseline=GRAINED,
            samples=scorer.count,
            regions=f"windows of {window} of {size} pixels",
        )
