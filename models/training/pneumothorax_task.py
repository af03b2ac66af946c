"""Pneumothorax: masks where someone drew them, image labels where only those exist, and made films."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.training.film_mix import FilmMix
from models.training.films import FilmBank
from models.training.losses import dice_bce
from models.training.lung_task import as_input
from models.training.metrics import dice, roc_auc


@dataclass
class PneumothoraxTask:
    """Learn the mask and the image score together.

    Parameters
    ----------
    mix : FilmMix
        Where batches come from.
    validation : FilmBank
    focal_gamma, focal_alpha : float
        Of the focal loss in BCE's place; a gamma of 0 keeps BCE.
    """

    mix: FilmMix
    validation: FilmBank
    focal_gamma: float = 0.0
    focal_alpha: float = 0.5

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """Draw one batch."""
        examples = self.mix.draw(rng)
        return {
            "x": torch.from_numpy(np.stack([example.grey for example in examples]))[:, None] * 2 - 1,
            "mask": torch.from_numpy(np.stack([example.mask for example in examples]).astype(np.float32)),
            "known": torch.tensor([example.known for example in examples]),
            "positive": torch.tensor([example.positive for example in examples]),
        }

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return Dice + BCE of the known masks, and BCE of the image score."""
        output = network(batch["x"].contiguous(memory_format=torch.channels_last))
        known = batch["known"]
        mask = dice_bce(
            output.masks[known, 0], batch["mask"][known], batch["positive"][known],
            self.focal_gamma, self.focal_alpha,
        ).mean()  # fmt: skip
        # Labels mined from reports are right more often than not, no more: they weigh half.
        weight = torch.where(known, 1.0, 0.5)
        label = batch["positive"].float() * 0.96 + 0.02
        image = F.binary_cross_entropy_with_logits(output.images[:, 0], label, weight=weight)
        return {"total": mask + 0.5 * image, "mask": mask, "image": image}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Return positive-only Dice at 0.5 and ROC-AUC by source on the validation films."""
        network.eval()
        dices, scores = [], []
        for index, film in enumerate(self.validation.films):
            output = network(as_input(self.validation.images[index : index + 1]))
            scores.append(float(output.images[0, 0]))
            if film.positive and film.mask is not None:
                truth = self.validation.masks[index] > 0
                dices.append(dice(output.masks[0, 0].numpy() > 0, truth))
        figures = {"dice": float(np.mean(dices))}
        positive = self.validation.positive
        sources = np.array([film.source for film in self.validation.films])
        for source in np.unique(sources):
            chosen = sources == source
            figures[f"auc_{source}"] = roc_auc(positive[chosen], np.array(scores)[chosen])
        return figures
