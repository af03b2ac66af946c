"""Pneumothorax as single instances: what Mask R-CNN learns from the same films as the U-Nets."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.instances import SMALLEST_SHARE
from models.mask_rcnn.losses import Target
from models.mask_rcnn.scoring import image_logit, pixel_probability
from models.training.film_mix import FilmMix
from models.training.films import FilmBank
from models.training.lung_task import as_input
from models.training.metrics import dice, roc_auc

#: Of the image score's loss; the others weigh 1, as in Detectron2.
_IMAGE_WEIGHT = 0.5
#: Pixel thresholds of which validation takes the best: the score is part of the pixel's probability.
_THRESHOLDS = np.arange(0.05, 0.6, 0.05)


@dataclass
class MaskRcnnTask:
    """Learn boxes and masks where they are known, and the image score on every film.

    Parameters
    ----------
    mix : FilmMix
        Where batches come from.
    validation : FilmBank
    """

    mix: FilmMix
    validation: FilmBank

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """Draw one batch; ``"instances"`` numbers the pieces of each film's mask from 1."""
        examples = self.mix.draw(rng)
        instances = np.stack([split_instances(example.mask) for example in examples])
        return {
            "x": torch.from_numpy(np.stack([example.grey for example in examples]))[:, None] * 2 - 1,
            "instances": torch.from_numpy(instances),
            "known": torch.tensor([example.known for example in examples]),
            "positive": torch.tensor([example.positive for example in examples]),
        }

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return Detectron2's losses and the image score's."""
        parts: dict[str, Tensor] = network(batch["x"], targets(batch))
        others = [value for name, value in parts.items() if name != "loss_image"]
        return {"total": torch.stack(others).sum() + _IMAGE_WEIGHT * parts["loss_image"], **parts}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Return Dice, ROC-AUC by source, and what the best weights are chosen by.

        ``dice`` is the outlined positives' at the best pixel threshold, ``auc`` theirs against the
        negatives of each source, averaged; ``merit`` is the mean of the two.
        """
        network.eval()
        size = self.validation.images.shape[-1]
        dices, scores = [], []
        for index, film in enumerate(self.validation.films):
            (found,) = network(as_input(self.validation.images[index : index + 1]))
            scores.append(float(image_logit(found.logits)))
            if film.positive and film.mask is not None:
                masks = torch.sigmoid(found.masks)
                probability = pixel_probability(found.scores, masks, found.boxes, size, size).numpy()
                truth = self.validation.masks[index] > 0
                dices.append([dice(probability >= threshold, truth) for threshold in _THRESHOLDS])
        figures = {"dice": float(np.mean(dices, axis=0).max())}
        positive = self.validation.positive
        sources = np.array([film.source for film in self.validation.films])
        outlined = np.array([film.positive and film.mask is not None for film in self.validation.films])
        against = []
        for source in np.unique(sources):
            chosen = sources == source
            figures[f"auc_{source}"] = roc_auc(positive[chosen], np.array(scores)[chosen])
            held = outlined | (chosen & ~positive)
            if (held & ~positive).any():
                against.append(roc_auc(positive[held], np.array(scores)[held]))
        figures["auc"] = float(np.mean(against))
        figures["merit"] = (figures["dice"] + figures["auc"]) / 2
        return figures


def split_instances(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the connected pieces of a mask, numbered from 1, uint8 [S, S]; specks are left out.

    The two sides of a chest never touch: the mediastinum lies between them.

    Parameters
    ----------
    mask : ndarray of uint8, shape [S, S]
        Not 0 where there is air.
    """
    _, pieces, stats, _ = cv2.connectedComponentsWithStats((mask > 0).astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    kept = [label for label in range(1, len(areas)) if areas[label] >= SMALLEST_SHARE * mask.size]
    numbers = np.zeros(len(areas), np.uint8)
    numbers[kept] = np.arange(1, len(kept) + 1)
    return np.asarray(numbers[pieces], np.uint8)


def targets(batch: dict[str, Tensor]) -> list[Target]:
    """Return the truth about each film of a batch that :meth:`MaskRcnnTask.batch` drew."""
    out, empty = [], torch.zeros((0, 4))
    for labels, known, positive in zip(
        batch["instances"], batch["known"].tolist(), batch["positive"].tolist(), strict=True
    ):
        count = int(labels.max()) if known else 0
        masks = labels == torch.arange(1, count + 1, device=labels.device)[:, None, None]
        out.append(
            Target(
                boxes=torch.stack([_box(mask) for mask in masks]) if count else empty.to(labels.device),
                classes=torch.zeros(count, dtype=torch.int64, device=labels.device),
                masks=masks,
                outlined=known,
                # As for the U-Nets: no label is certain, and those mined from reports weigh half.
                label=0.98 if positive else 0.02,
                weight=1.0 if known else 0.5,
            )
        )
    return out


def _box(mask: Tensor) -> Tensor:
    rows, columns = torch.nonzero(mask.any(dim=1))[:, 0], torch.nonzero(mask.any(dim=0))[:, 0]
    edges = torch.stack([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    return edges.float()
