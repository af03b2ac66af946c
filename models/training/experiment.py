"""A pneumothorax network trained as a configuration says, on the project's collections or on manifests."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from models.cards import DataSource, ModelCard
from models.device import select_device
from models.networks.unet import UNet
from models.preprocess import Preprocessing, enhance
from models.training import export, films, splits
from models.training.configuration import Configuration, keep_configuration
from models.training.digital import DIGITAL_FILMS, digital_films
from models.training.film_mix import FilmMix
from models.training.films import Film, FilmBank
from models.training.fit import fit, trained_weights
from models.training.manifest import NO_FOLD, Entry, check_files, keep_manifest, make_entries, read_manifest
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
_FIGURES = ("image ROC-AUC", "sensitivity", "specificity", "Dice of positives")


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
        members = [film for part in parts.values() for film in part]
        names = [name for name, part in parts.items() for _ in part]
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


def build_network(configuration: Configuration) -> UNet:
    """Return the network to train: on its encoder, with weights where they are asked for.

    Raises
    ------
    ValueError
        If the encoder is unknown, or its weights cannot be used.
    """
    settings = configuration.network
    torch.manual_seed(configuration.fit.seed)
    try:
        network = UNet(settings.encoder, attention=settings.attention, rectified_features=False)
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"the encoder '{settings.encoder}' cannot be used: {error}") from error
    if settings.initial != "none":
        load_weights(network, Path(settings.initial))
    elif settings.encoder_weights == "packaged":
        load_imagenet(network.encoder, settings.encoder)
    elif settings.encoder_weights != "none":
        load_imagenet(network.encoder, settings.encoder, Path(settings.encoder_weights))
    return network


def build_task(
    configuration: Configuration, parts: dict[str, list[Film]], lung_network: nn.Module, run: Path
) -> PneumothoraxTask:
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
    device = select_device(configuration.device)
    network = build_network(configuration)
    task = build_task(configuration, parts, lung_network, run)
    fit(network, task, configuration.fit, run, device, world)
    return parts


def write_card(
    configuration: Configuration, run: Path, parts: dict[str, list[Film]], command: str
) -> ModelCard:
    """Write ``run/model``: weights and a card, thresholds from the validation films, figures from test films.

    ``evaluate`` and ``compare`` take that folder in place of a network's name.
    """
    from models import zoo
    from models.evaluation.answers import ask
    from models.evaluation.evaluation import evaluate
    from models.training.evaluate_pneumothorax import choose_on_validation

    network = build_network(
        dataclasses.replace(
            configuration,
            network=dataclasses.replace(configuration.network, encoder_weights="none", initial="none"),
        )
    )
    network.load_state_dict(trained_weights(run))
    folder = run / "model"
    folder.mkdir(exist_ok=True)
    card = choose_on_validation(network, _draft(configuration, parts, command), parts[VALIDATION], folder)
    if parts[TEST]:
        model = zoo.open_model(card, folder / f"{card.name}.safetensors", torch.device("cpu"))
        # A collection as a whole: its sizes and views apart are for `evaluate`.
        sources = {film.source for film in parts[TEST]}
        figures = tuple(
            export.figure(row.figure, (row.value, row.low, row.high), f"{row.group}, held out", row.films)
            for row in evaluate(ask(model, parts[TEST]))
            if row.group in sources
            and row.figure in _FIGURES
            and np.isfinite([row.value, row.low, row.high]).all()
        )
        card = dataclasses.replace(card, figures=figures)
    export.write_card(card, folder)
    return card


def _draft(configuration: Configuration, parts: dict[str, list[Film]], command: str) -> ModelCard:
    network, preprocessing = configuration.network, configuration.preprocessing
    gates = " with additive attention gates (Oktay et al. 2018)" if network.attention else ""
    steps = ["percentiles 0.5 and 99.5 to black and white"]
    if preprocessing.denoise != "none":
        steps.append(f"{preprocessing.denoise} denoising")
    if preprocessing.clahe:
        steps.append(f"CLAHE with clip limit {preprocessing.clahe:g}")
    counts = ", ".join(f"{len(parts[name])} {name}" for name in (TRAIN, VALIDATION, TEST))
    sources = sorted({film.source for members in parts.values() for film in members})
    options = {
        "encoder": network.encoder,
        "attention": network.attention,
        "rectified_features": False,
        "calibration_slope": 1.0,
        "calibration_offset": 0.0,
    }
    if preprocessing.active:
        options["preprocessing"] = dataclasses.asdict(preprocessing)
    return ModelCard(
        card_id=f"{network.name}-own",
        name=network.name,
        title="Attention U-Net" if network.attention else "U-Net",
        task="outlines pneumothorax on a frontal chest film and scores the film",
        architecture=f"U-Net on {network.encoder}{gates}, {network.size} x {network.size}, image-level head",
        size=network.size,
        sources=tuple(
            DataSource(name, "as its owner states them", "training, validation, test") for name in sources
        ),
        split=f"by patient: {counts} films, listed with their digests in manifest.csv",
        preprocessing=", ".join(steps) + ", padded to a square, area-averaged; the film and its mirror image "
        "are averaged",
        threshold=0.5,
        mask_threshold=0.5,
        threshold_rule="on the validation films: the image threshold with the highest sum of sensitivity on "
        "outlined positives and specificity averaged over the sources, the pixel threshold with the highest "
        "mean Dice; image scores scaled after Platt on the same films",
        figures=(),
        limitations=("Trained by its user: nobody else has examined it.",),
        licence="as the data's terms allow",
        command=command,
        commit=export.current_commit(),
        sha256="",
        options=options,
    )
