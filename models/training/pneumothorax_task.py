"""Pneumothorax: masks where someone drew them, image labels where only those exist, and insertions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from models.training.augment import Augmentation
from models.training.drains import draw_drain
from models.training.films import FilmBank
from models.training.insertion import insert_pneumothorax
from models.training.losses import dice_bce
from models.training.lung_task import as_input
from models.training.metrics import dice, roc_auc


@dataclass
class PneumothoraxTask:
    """Learn the mask and the image score together.

    Each batch mixes, in fixed shares, films by source and label, so that neither the
    source nor the share of positives within a source tells the answer: the inserted
    positives lie on films of the same collections as the negatives, and chest drains are
    drawn on negatives, on films with an inserted pneumothorax and on none alike.

    Parameters
    ----------
    outlined : FilmBank
        Films with a drawn mask, all positive.
    negatives : FilmBank
        Films called negative; ``masks`` hold lung fields (1 right, 2 left): they also host the insertions.
    profiles : ndarray of float32, shape [N, L], or None
        See :func:`models.training.shapes.retreat_profiles`; None draws every retreat by formula.
    labelled : FilmBank
        Positives by image label alone; their masks are unknown.
    digital : FilmBank
        Films of the digital thorax with their masks, with and without a pneumothorax.
    validation : FilmBank
    size : int
        Edge of the network's grid.
    shares : tuple of int
        Outlined, negative, inserted, image-labelled, digital films in a batch.
    drain : float
        Share of the negative and of the inserted films on which a chest drain is drawn.
    focal_gamma, focal_alpha : float
        Of the focal loss in BCE's place; a gamma of 0 keeps BCE.
    """

    outlined: FilmBank
    negatives: FilmBank
    labelled: FilmBank
    profiles: NDArray[np.float32] | None
    digital: FilmBank
    validation: FilmBank
    size: int
    shares: tuple[int, int, int, int, int] = (5, 3, 2, 1, 1)
    drain: float = 0.3
    augmentation: Augmentation = field(default_factory=Augmentation)
    #: Negatives of each source are drawn equally often, however many there are.
    _by_source: list[NDArray[np.int64]] = field(init=False)
    focal_gamma: float = 0.0
    focal_alpha: float = 0.5

    def __post_init__(self) -> None:
        sources = np.array([film.source for film in self.negatives.films])
        self._by_source = [np.flatnonzero(sources == name) for name in np.unique(sources)]

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """Draw one batch."""
        images, masks, known, positive = [], [], [], []

        def add(image: NDArray[np.uint8], mask: NDArray[np.uint8], has_mask: bool, label: bool) -> None:
            grey, labels, _ = self.augmentation(image, mask, self.size, rng)
            images.append(grey)
            masks.append(labels > 0)
            known.append(has_mask)
            positive.append(label)

        outlined, negative, inserted, labelled, digital = self.shares
        for index in rng.integers(0, len(self.outlined.films), outlined):
            add(self.outlined.images[index], self.outlined.masks[index], True, True)
        for _ in range(negative):
            image, _, _ = self._host(rng)
            add(image, np.zeros_like(image), True, False)
        for _ in range(inserted):
            add(*self._insert(rng), True, True)
        for index in rng.integers(0, max(1, len(self.labelled.films)), labelled):
            add(self.labelled.images[index], self.labelled.masks[index], False, True)
        for index in rng.integers(0, max(1, len(self.digital.films)), digital):
            film = self.digital.films[index]
            add(self.digital.images[index], self.digital.masks[index], True, film.positive)
        return {
            "x": torch.from_numpy(np.stack(images))[:, None] * 2 - 1,
            "mask": torch.from_numpy(np.stack(masks).astype(np.float32)),
            "known": torch.tensor(known),
            "positive": torch.tensor(positive),
        }

    def _host(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.bool_], bool]:
        """Draw a negative film, at times with a drain, one of its lungs, and whether that is the right."""
        group = self._by_source[int(rng.integers(len(self._by_source)))]
        index = group[int(rng.integers(group.size))]
        image, right = self.negatives.images[index], bool(rng.random() < 0.5)
        lung = self.negatives.masks[index] == (1 if right else 2)
        if rng.random() < self.drain:
            image = draw_drain(image, lung, right, rng)
        return image, lung, right

    def _insert(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        while True:
            image, lung, right = self._host(rng)
            made = insert_pneumothorax(image, lung, right, rng, self.profiles)
            if made is not None:
                return made.image, made.mask.astype(np.uint8)

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
