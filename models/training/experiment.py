"""A pneumothorax network trained as a configuration says, on the project's collections or on manifests."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from models.device import select_device
from models.mask_rcnn.config import MaskRcnnConfig
from models.mask_rcnn.network import MaskRcnn
from models.networks.unet import UNet
from models.preprocess import Preprocessing, enhance
from models.training import films, splits
from models.training.configuration import Configuration, NetworkSettings, keep_configuration
from models.training.digital import DIGITAL_FILMS, digital_films
from models.training.film_mix import FilmMix
from models.training.films import Film, FilmBank
from models.training.fit import fit
from models.training.manifest import NO_FOLD, Entry, check_files, keep_manifest, make_entries, read_manifest
from models.training.mask_rcnn import FROZEN_CHEST, FROZEN_PHOTOGRAPHS, config_for, warm_start
from models.training.mask_rcnn_task import MaskRcnnTask
from models.training.permutation import permuted
from models.training.pneumothorax import IN_FIGURES, outline_lungs, pneumothorax_films
from models.training.pneumothorax_task import PneumothoraxTask
from models.training.pretrained import load_imagenet
from models.training.shapes import retreat_profiles
from models.training.splits import TEST, TRAIN, VALIDATION
from models.training.world import ALONE, World
from models.weights import load_weights

_log = logging.getLogger(__name__)
#: Share of the negative films' area that is lung in any collection of chest films.
_LEAST_LUNG = 0.05


def read_entries(configuration: Configuration, folds: int = 0) -> list[Entry]:
    """Return the films that a configuration names, with their parts and folds.

    Parameters
    ----------
    configuration : Configuration
    folds : int
        For cross-validation: training and validation films are dealt into so many folds anew, unless the
        manifests hold just as many; 0 leaves them as they are.

    Raises
    ------
    ValueError
        If a manifest cannot be used, or a file is not what it says.
    """
    data = configuration.data
    entries: list[Entry] = []
    if data.collections is not None:
        parts = pneumothorax_films(data.collections)
        kept = {
            name: [film for film in part if film.source not in data.without] for name, part in parts.items()
        }
        members = [film for part in kept.values() for film in part]
        names = [name for name, part in kept.items() for _ in part]
        # What is for training only, or known twice, takes part in no fold.
        free = {film.source for film in parts[VALIDATION]}
        places = [
            0 if name != TEST and film.source in free and not film.film_id.endswith(IN_FIGURES) else NO_FOLD
            for film, name in zip(members, names, strict=True)
        ]
        entries = make_entries(members, names, places)
    for manifest in data.manifests:
        own = read_manifest(manifest)
        check_files(own, manifest.name)
        entries += own
    if folds and len({entry.fold for entry in entries if entry.fold >= 0}) != folds:
        entries = _with_folds(entries, folds)
    return entries


def _with_folds(entries: Sequence[Entry], folds: int) -> list[Entry]:
    free = [entry for entry in entries if entry.fold >= 0]
    members = [entry.film for entry in free]
    shares = np.array([splits.mask_share(film) for film in members])
    numbers = splits.folds(members, splits.kinds(members, shares), folds)
    fold_of = {id(entry): number for entry, number in zip(free, numbers, strict=True)}
    return [dataclasses.replace(entry, fold=fold_of.get(id(entry), NO_FOLD)) for entry in entries]


def parts_of(entries: Sequence[Entry], fold: int | None = None) -> dict[str, list[Film]]:
    """Return training, validation and test films.

    Parameters
    ----------
    entries : sequence of Entry
    fold : int or None
        The fold to validate on; the others, and what is in no fold, train, but for patients of this fold.

    Raises
    ------
    ValueError
        If a part lacks the films without which nothing can be learned or chosen.
    """
    parts: dict[str, list[Film]] = {TRAIN: [], VALIDATION: [], TEST: []}
    held = {entry.film.patient for entry in entries if fold is not None and entry.fold == fold}
    for entry in entries:
        if fold is None or entry.part == TEST:
            parts.setdefault(entry.part, []).append(entry.film)
        elif entry.fold == fold:
            parts[VALIDATION].append(entry.film)
        elif entry.film.patient not in held:
            parts[TRAIN].append(entry.film)
    for name in (TRAIN, VALIDATION):
        outlined = sum(film.positive and film.mask is not None for film in parts[name])
        negative = sum(not film.positive for film in parts[name])
        if not outlined or not negative:
            raise ValueError(
                f"the {name} films need outlined positives and negatives; there are {outlined} and {negative}"
            )
    return parts


def build_network(configuration: Configuration) -> UNet | MaskRcnn:
    """Return the network to train: on its encoder, with weights where they are asked for.

    Raises
    ------
    ValueError
        If the encoder is unknown, or its weights cannot be used.
    """
    settings = configuration.network
    torch.manual_seed(configuration.fit.seed)
    network: UNet | MaskRcnn
    try:
        if settings.name == "mask-rcnn":
            network = MaskRcnn(mask_rcnn_config(settings))
            encoder: nn.Module = network.backbone.bottom_up.get_submodule("body")
        else:
            network = UNet(settings.encoder, attention=settings.attention, rectified_features=False)
            encoder = network.encoder
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"the encoder '{settings.encoder}' cannot be used: {error}") from error
    if settings.initial != "none":
        if isinstance(network, MaskRcnn):
            warm_start(network, Path(settings.initial))
        else:
            load_weights(network, Path(settings.initial))
    elif settings.encoder_weights == "packaged":
        load_imagenet(encoder, settings.encoder)
    elif settings.encoder_weights != "none":
        load_imagenet(encoder, settings.encoder, Path(settings.encoder_weights))
    return network


def mask_rcnn_config(settings: NetworkSettings) -> MaskRcnnConfig:
    """Return what a Mask R-CNN is built from."""
    if settings.initial != "none":
        frozen = FROZEN_CHEST
    elif settings.encoder_weights != "none":
        frozen = FROZEN_PHOTOGRAPHS
    else:
        frozen = 0
    return config_for(settings.encoder, settings.size, frozen)


def build_task(
    configuration: Configuration, parts: dict[str, list[Film]], lung_network: nn.Module, run: Path
) -> PneumothoraxTask | MaskRcnnTask:
    """Read the films into memory; `lung_network` outlines the lung fields that insertions need.

    A kind of which there are no films is left out of the batches.  The digital thorax's films are made
    once and kept in the folder `run`.
    """
    size, batch = configuration.network.size, configuration.batch
    large = round(size * configuration.data.margin)

    def bank(members: Sequence[Film], edge: int) -> FilmBank:
        return films.load_bank(members, edge, preprocessing=configuration.preprocessing)

    outlined = bank([f for f in parts[TRAIN] if f.positive and f.mask is not None], large)
    labelled = bank([f for f in parts[TRAIN] if f.positive and f.mask is None], large)
    hosts = bank([f for f in parts[TRAIN] if not f.positive], large)
    if batch.needs_lungs:
        hosts = FilmBank(hosts.films, hosts.images, outline_lungs(hosts, lung_network))
        # Insertion draws films until one takes it: without a lung anywhere it would never end.
        if batch.inserted and (hosts.masks > 0).mean() < _LEAST_LUNG:
            raise ValueError("no lung fields are found on the negative films: set batch.inserted to 0")
    data, profiles = configuration.data, None
    run_lengths = data.run_lengths
    if data.collections is not None and run_lengths is None:
        run_lengths = data.collections / "siim" / "train-rle.csv.gz"
    if batch.inserted and run_lengths is not None:
        held_out = {film.film_id for name in (VALIDATION, TEST) for film in parts[name]}
        profiles = retreat_profiles(run_lengths, held_out)
    mix = FilmMix(
        outlined=outlined,
        outlined_lungs=outline_lungs(outlined, lung_network) if batch.transplanted else None,
        negatives=hosts,
        labelled=labelled,
        profiles=profiles,
        digital=_enhanced(
            digital_films(DIGITAL_FILMS if batch.digital else 0, large, run / "digital.npz"),
            configuration.preprocessing,
        ),
        size=size,
        settings=batch if labelled.films else dataclasses.replace(batch, labelled=0),
        augmentation=configuration.augmentation,
    )
    if configuration.network.name == "mask-rcnn":
        return MaskRcnnTask(mix, bank(parts[VALIDATION], size))
    loss = configuration.loss
    return PneumothoraxTask(mix, bank(parts[VALIDATION], size), loss.focal_gamma, loss.focal_alpha)


def _enhanced(made: FilmBank, preprocessing: Preprocessing) -> FilmBank:
    """Do to films that come from no file what is done to the others when they are read."""
    images = [enhance(image.astype(np.float32) / 255.0, preprocessing) for image in made.images]
    grey = [np.round(image * np.float32(255)).astype(np.uint8) for image in images]
    return FilmBank(made.films, np.stack(grey) if grey else made.images, made.masks)


def run_training(
    configuration: Configuration,
    run: Path,
    lung_network: nn.Module,
    entries: Sequence[Entry],
    fold: int | None = None,
    world: World = ALONE,
) -> dict[str, list[Film]]:
    """Train, or go on training, in the folder `run`; return the films by part.

    The folder holds ``config.yaml``, ``manifest.csv``, ``losses.csv``, ``validation.csv`` and
    ``checkpoint.pt``.

    Raises
    ------
    ValueError
        If the configuration cannot be carried out, or the run was begun with another one or other films.
    """
    parts = parts_of(entries, fold)
    if world.leads:
        keep_configuration(configuration, run)
        keep_manifest(entries, run / "manifest.csv")
    if configuration.data.permuted:
        parts = {**parts, TRAIN: permuted(parts[TRAIN], configuration.fit.seed)}
    device = select_device(configuration.device)
    network = build_network(configuration)
    task = build_task(configuration, parts, lung_network, run)
    fit(network, task, configuration.fit, run, device, world)
    return parts
