"""The weights and the card that a configured training run leaves."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch

from models import zoo
from models.cards import DataSource, ModelCard
from models.evaluation.answers import ask
from models.evaluation.boxes import NAME as BOX_AP50
from models.evaluation.evaluation import evaluate
from models.training import export
from models.training.configuration import Configuration
from models.training.evaluate_pneumothorax import THRESHOLD_RULE, choose_on_validation
from models.training.experiment import build_network, mask_rcnn_config
from models.training.films import Film
from models.training.fit import trained_weights
from models.training.splits import TEST, TRAIN, VALIDATION

#: The card of a network that must never judge a film.
PERMUTED = "Trained on labels dealt out at random: for the data randomisation test of the explanations alone."
_FIGURES = ("image ROC-AUC", "sensitivity", "specificity", "Dice of positives", BOX_AP50)


def write_card(
    configuration: Configuration, run: Path, parts: dict[str, list[Film]], command: str
) -> ModelCard:
    """Write ``run/model``: weights and a card, thresholds from the validation films, figures from test films.

    ``evaluate`` and ``compare`` take that folder in place of a network's name.
    """
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
    options: dict[str, object] = {"calibration_slope": 1.0, "calibration_offset": 0.0}
    if network.name == "mask-rcnn":
        options["mask_rcnn"] = mask_rcnn_config(network).to_options()
        architecture = f"Mask R-CNN on {network.encoder}, {network.size} x {network.size}"
    else:
        options |= {
            "encoder": network.encoder, "attention": network.attention, "rectified_features": False,
        }  # fmt: skip
        architecture = f"U-Net on {network.encoder}{gates}, {network.size} x {network.size}, image-level head"
    if preprocessing.active:
        options["preprocessing"] = dataclasses.asdict(preprocessing)
    return ModelCard(
        card_id=f"{network.name}-own",
        name=network.name,
        title={"attention-unet": "Attention U-Net", "unet": "U-Net", "mask-rcnn": "Mask R-CNN"}[network.name],
        task="outlines pneumothorax on a frontal chest film and scores the film",
        architecture=architecture,
        size=network.size,
        sources=tuple(
            DataSource(name, "as its owner states them", "training, validation, test") for name in sources
        ),
        split=f"by patient: {counts} films, listed with their digests in manifest.csv",
        preprocessing=", ".join(steps) + ", padded to a square, area-averaged; the film and its mirror image "
        "are averaged",
        threshold=0.5,
        mask_threshold=0.5,
        threshold_rule=THRESHOLD_RULE,
        figures=(),
        limitations=(
            PERMUTED if configuration.data.permuted else "Trained by its user: nobody else has examined it.",
        ),
        licence="as the data's terms allow",
        command=command,
        commit=export.current_commit(),
        sha256="",
        options=options,
    )
