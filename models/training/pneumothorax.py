"""Train Attention U-Net (or U-Net) on SIIM-ACR and NIH films."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.networks.unet import UNet
from models.training import films
from models.training.augment import Augmentation
from models.training.digital import DIGITAL_FILMS, digital_films
from models.training.film_mix import BatchSettings, FilmMix
from models.training.fit import FitSettings, fit
from models.training.lung_task import SIZE as LUNG_SIZE
from models.training.lung_task import as_input
from models.training.pneumothorax_task import PneumothoraxTask
from models.training.pretrained import load_imagenet
from models.training.shapes import retreat_profiles
from models.weights import load_weights

ENCODER = "tf_efficientnet_lite2"
#: The U-Nets' grid, in training and in use: of 288, 320 and 384 pixels, the one with the best validation
#: figures for the third Attention U-Net.
SIZE = 320
#: Banks are kept a little larger than the network's grid, so that shifts and turns sample real pixels.
BANK_SIZE = 448
BATCH = BatchSettings(outlined=4, negative=3, inserted=1, transplanted=2, healthy_transplants=0.25)
AUGMENTATION = Augmentation(
    rotation_degrees=15, scale=0.22, shift=0.08, elastic_pixels=8, contrast=0.35, gamma=0.4, noise=0.05,
    cutout=3, device_cutout=0.1, letters=2, collimation=0.1, grid_lines=0.02,
)  # fmt: skip
#: One SIIM-ACR film stands in the additional NIH films too (found by perceptual hash).
_DUPLICATES = {"00001317_000"}
#: SIIM-ACR films that also appear among the figure crops (found by perceptual hash): never held out.
IN_FIGURES = ("2353.1517875172.311548", ".367.1517875162.573432")


def pneumothorax_films(data: Path) -> dict[str, list[films.Film]]:
    """Split the films: SIIM-ACR by image, NIH by patient, stratified by label.

    Figure crops and additional NIH films are for training only.
    """
    rng = np.random.default_rng(11)
    parts: dict[str, list[films.Film]] = {"train": [], "validation": [], "test": []}
    siim, nih = films.siim(data / "siim"), films.nih(data / "nih")
    for collection, shares in ((siim, (0.69, 0.13)), (nih, (0.5, 0.17))):
        for positive in (True, False):
            group = [film for film in collection if film.positive is positive]
            pinned = [film for film in group if film.film_id.endswith(IN_FIGURES)]
            free = [film for film in group if film not in pinned]
            order = [free[i] for i in rng.permutation(len(free))]
            first = round(shares[0] * len(group)) - len(pinned)
            second = first + round(shares[1] * len(group))
            parts["train"] += pinned + order[:first]
            parts["validation"] += order[first:second]
            parts["test"] += order[second:]
    held_out = {film.patient for name in ("validation", "test") for film in parts[name]}
    more = films.nih(data / "nih-more", "nih-more")
    parts["train"] += [f for f in more if f.patient not in held_out and f.film_id not in _DUPLICATES]
    parts["train"] += films.siim_figures(data / "siim-figure-crops")
    return parts


def build_network(attention: bool) -> UNet:
    """Return the untrained network on its ImageNet encoder."""
    torch.manual_seed(0)
    network = UNet(ENCODER, attention=attention, rectified_features=False)
    load_imagenet(network.encoder, ENCODER)
    return network


def build_task(data: Path, lung_network: nn.Module, run: Path) -> PneumothoraxTask:
    """Read the films; `lung_network` outlines the lung fields that made films need.

    The digital thorax's films are made once and kept in the folder `run`.
    """
    parts = pneumothorax_films(data)
    return PneumothoraxTask(
        build_mix(data, parts, lung_network, run, SIZE), films.load_bank(parts["validation"], SIZE)
    )


def build_mix(
    data: Path, parts: dict[str, list[films.Film]], lung_network: nn.Module, run: Path, size: int
) -> FilmMix:
    """Read the training films of `parts` (:func:`pneumothorax_films`) into what batches are drawn from.

    `size` is the edge of the network's grid.
    """
    train = parts["train"]
    negatives = films.load_bank([f for f in train if not f.positive], BANK_SIZE)
    hosts = films.FilmBank(negatives.films, negatives.images, outline_lungs(negatives, lung_network))
    held_out = {film.film_id for name in ("validation", "test") for film in parts[name]}
    outlined = films.load_bank([f for f in train if f.positive and f.mask is not None], BANK_SIZE)
    return FilmMix(
        outlined=outlined,
        outlined_lungs=outline_lungs(outlined, lung_network),
        negatives=hosts,
        labelled=films.load_bank([f for f in train if f.positive and f.mask is None], BANK_SIZE),
        profiles=retreat_profiles(data / "siim" / "train-rle.csv.gz", held_out),
        digital=digital_films(DIGITAL_FILMS, BANK_SIZE, run / "digital.npz"),
        size=size,
        settings=BATCH,
        augmentation=AUGMENTATION,
    )


@torch.no_grad()
def outline_lungs(bank: films.FilmBank, network: nn.Module) -> NDArray[np.uint8]:
    """Return lung-field labels (1 right, 2 left) for each film, uint8 [N, S, S]."""
    network.eval()
    size = bank.images.shape[-1]
    outlines = np.zeros_like(bank.images)
    for index, image in enumerate(bank.images):
        x = nn.functional.interpolate(as_input(image[None]), size=(LUNG_SIZE, LUNG_SIZE), mode="area")
        logits = nn.functional.interpolate(network(x).masks, size=(size, size), mode="bilinear")
        outlines[index] = logits.argmax(dim=1)[0].numpy()
    return outlines


def train_pneumothorax(
    data: Path,
    run: Path,
    steps: int,
    lung_network: nn.Module,
    attention: bool = True,
    initial: Path | None = None,
    precision: str = "float32",
    seed: int = 0,
) -> nn.Module:
    """Train, or go on training, and return the averaged network.

    Parameters
    ----------
    data : Path
        Folder with the film collections.
    run : Path
    steps : int
    lung_network : nn.Module
    attention : bool
    initial : Path or None
        Weights of the same network to begin with, at two fifths of the learning rate; None begins with
        the encoder's ImageNet weights.
    precision : str
        See :class:`models.training.fit.FitSettings`.
    seed : int
        Going on from weights wants another one than they were made with: the same draws teach nothing new.
    """
    network = build_network(attention)
    if initial is not None:
        load_weights(network, initial)
    settings = FitSettings(
        steps=steps,
        learning_rate=1.5e-3 if initial is None else 6e-4,
        weight_decay=0.05,
        validate_every=100,
        checkpoint_every=25,
        precision=precision,
        seed=seed,
    )
    return fit(network, build_task(data, lung_network, run), settings, run)
