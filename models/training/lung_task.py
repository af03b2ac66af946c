"""Lung fields, and whether the picture is an upright frontal chest film at all."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from models.training.augment import Augmentation
from models.training.films import FilmBank
from models.training.metrics import dice

SIZE = 192


def split_sides(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give each piece of a mask of both lungs its side: 1 right, 2 left, by where its centre lies.

    The film shows the patient's right at its left, as usual.
    """
    binary = (mask > 0).astype(np.uint8)
    count, labels, _, centres = cv2.connectedComponentsWithStats(binary, connectivity=8)
    columns = np.flatnonzero(binary.any(axis=0))
    sides = np.zeros_like(binary)
    if columns.size == 0:
        return sides
    middle = (columns[0] + columns[-1]) / 2
    for label in range(1, count):
        sides[labels == label] = 1 if centres[label][0] < middle else 2
    return sides


@dataclass
class LungTask:
    """Learn background / right lung / left lung, and frontal or not.

    Parameters
    ----------
    outlined : FilmBank
        Frontal films with lung masks (1 right, 2 left).
    frontal : FilmBank
        Frontal films without masks.
    other : FilmBank
        Anything that is no frontal chest film.
    validation, validation_other : FilmBank
    """

    outlined: FilmBank
    frontal: FilmBank
    other: FilmBank
    validation: FilmBank
    validation_other: FilmBank
    batch_size: int = 10
    augmentation: Augmentation = Augmentation(elastic_pixels=4.0)  # noqa: RUF009  (frozen)

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """Draw two thirds outlined films, a sixth other frontal films, a sixth anything else."""
        images, masks, known, frontal = [], [], [], []
        outlined = self.batch_size * 2 // 3
        rest = (self.batch_size - outlined) // 2
        for bank, count, has_mask in (
            (self.outlined, outlined, True),
            (self.frontal, rest, False),
            (self.other, self.batch_size - outlined - rest, False),
        ):
            for index in rng.integers(0, len(bank.films), count):
                image, mask = bank.images[index], bank.masks[index]
                is_frontal = bank is not self.other
                if not has_mask and rng.random() < 0.5:
                    image, is_frontal = _spoil(bank.images[index], rng), False
                grey, labels, flipped = self.augmentation(image, mask, SIZE, rng)
                if flipped:
                    labels = np.array([0, 2, 1], np.uint8)[labels]
                images.append(grey)
                masks.append(labels)
                known.append(has_mask)
                frontal.append(is_frontal)
        return {
            "x": torch.from_numpy(np.stack(images))[:, None] * 2 - 1,
            "mask": torch.from_numpy(np.stack(masks).astype(np.int64)),
            "known": torch.tensor(known),
            "frontal": torch.tensor(frontal, dtype=torch.float32),
        }

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return cross entropy + soft Dice of the lungs, and BCE of the view."""
        output = network(batch["x"].contiguous(memory_format=torch.channels_last))
        logits, target = output.masks[batch["known"]], batch["mask"][batch["known"]]
        entropy = F.cross_entropy(logits, target)
        probability = torch.softmax(logits, dim=1)[:, 1:]
        truth = F.one_hot(target, 3).permute(0, 3, 1, 2)[:, 1:].float()
        overlap = 2 * (probability * truth).sum(dim=(2, 3)) + 1
        soft_dice = 1 - (overlap / (probability.sum(dim=(2, 3)) + truth.sum(dim=(2, 3)) + 1)).mean()
        view = F.binary_cross_entropy_with_logits(output.images[:, 0], batch["frontal"])
        total = entropy + soft_dice + 0.5 * view
        return {"total": total, "entropy": entropy, "dice": soft_dice, "view": view}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Return the mean Dice of both lungs together and how views are told apart."""
        network.eval()
        dices, frontal, other = [], [], []
        for image, mask in zip(self.validation.images, self.validation.masks, strict=True):
            output = network(as_input(image[None]))
            predicted = output.masks.argmax(dim=1)[0].numpy() > 0
            dices.append(dice(predicted, mask > 0))
            frontal.append(float(output.images[0, 0]))
        for image in self.validation_other.images:
            other.append(float(network(as_input(image[None])).images[0, 0]))
        return {
            "dice": float(np.mean(dices)),
            "frontal_lowest": float(np.min(frontal)),
            "other_refused": float(np.mean(np.array(other) < 0)),
        }


def as_input(images: NDArray[np.uint8]) -> Tensor:
    """Turn grey values [N, S, S] into network input [N, 1, S, S]."""
    return torch.from_numpy(images.astype(np.float32) / 127.5 - 1.0)[:, None]


def _spoil(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Make a picture that must be refused: inverted, turned, shuffled, a small part, noise, blank."""
    size = image.shape[0]
    match rng.integers(0, 7):
        case 0:
            return np.asarray(255 - image, np.uint8)
        case 1 | 2:
            return np.ascontiguousarray(np.rot90(image, int(rng.integers(1, 4))))
        case 3:
            edge = int(rng.integers(size // 6, size // 3))
            top, left = rng.integers(0, size - edge, 2)
            part = image[top : top + edge, left : left + edge]
            return np.asarray(cv2.resize(part, (size, size)), np.uint8)
        case 4:
            coarse = rng.integers(0, 256, (int(rng.integers(2, 64)),) * 2).astype(np.uint8)
            return np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)
        case 5:
            disc = np.zeros_like(image)
            for _ in range(int(rng.integers(1, 9))):
                centre = tuple(int(v) for v in rng.integers(0, size, 2))
                axes = tuple(int(v) for v in rng.integers(8, size // 2, 2))
                angle, grey = float(rng.uniform(0, 180)), int(rng.integers(20, 256))
                cv2.ellipse(disc, centre, axes, angle, 0, 360, grey, -1)
            return np.asarray(cv2.GaussianBlur(disc, (0, 0), float(rng.uniform(0.5, 6))), np.uint8)
        case _:
            half = size // 2
            quarters = [image[:half, :half], image[:half, half:], image[half:, :half], image[half:, half:]]
            order = rng.permutation(4)
            rows = [np.hstack([quarters[order[i]] for i in pair]) for pair in ((0, 1), (2, 3))]
            return np.asarray(cv2.resize(np.vstack(rows), (size, size)), np.uint8)
