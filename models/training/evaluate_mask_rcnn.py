"""Measure the shipped Mask R-CNN on held-out films, and write its card."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from models import zoo
from models.cards import ModelCard
from models.evaluation.answers import ask
from models.evaluation.boxes import box_figure
from models.mask_rcnn.config import SHIPPED, MaskRcnnConfig
from models.mask_rcnn.network import MaskRcnn
from models.training import export
from models.training.evaluate_pneumothorax import (
    LIMITATIONS,
    PREPROCESSING,
    SPLIT,
    THRESHOLD_RULE,
    choose_on_validation,
    pneumothorax_figures,
)
from models.training.fit import trained_weights
from models.training.mask_rcnn import SIZE
from models.training.pneumothorax import pneumothorax_films

#: Version of the shipped weights.
VERSION = 1


def export_mask_rcnn(run: Path, data: Path, folder: Path, command: str) -> ModelCard:
    """Write the averaged network of `run` with a card: chosen on validation, measured on test films."""
    network = MaskRcnn(SHIPPED)
    network.load_state_dict(trained_weights(run))
    parts = pneumothorax_films(data)
    chosen = choose_on_validation(network, draft_card(command), parts["validation"], folder)
    model = zoo.open_model(chosen, folder / f"{chosen.name}.safetensors", torch.device("cpu"))
    answers = ask(model, parts["test"])
    figures = (*pneumothorax_figures(answers), box_figure(answers, "SIIM-ACR, held out"))
    final = dataclasses.replace(chosen, figures=figures)
    export.write_card(final, folder)
    return final


def draft_card(command: str) -> ModelCard:
    """Return the card of the shipped network, complete but for thresholds, calibration and figures."""
    return ModelCard(
        card_id=f"mask-rcnn-{VERSION}",
        name="mask-rcnn",
        title="Mask R-CNN",
        task="finds pneumothoraces on a frontal chest film one by one, outlines them and scores the film",
        architecture="Mask R-CNN (He et al. 2017) with a feature pyramid of "
        f"{SHIPPED.fpn_channels} channels on {SHIPPED.backbone}, {SIZE} x {SIZE}, in Detectron2's key layout",
        size=SIZE,
        sources=(export.SIIM, export.NIH),
        split=SPLIT,
        preprocessing=PREPROCESSING,
        threshold=0.5,
        mask_threshold=0.5,
        threshold_rule=f"{THRESHOLD_RULE}. A pixel's probability is that of at least one detection holding "
        "it, score times mask: the pixel threshold suppresses lone detections that score below it",
        figures=(),
        limitations=(
            "Its backbone began with the Attention U-Net's encoder, which was trained on the same films: the "
            "two networks' mistakes are not independent.",
            *LIMITATIONS,
        ),
        licence="for research and education; see the terms of the data",
        command=command,
        commit=export.current_commit(),
        sha256="",
        options=options(SHIPPED),
    )


def options(config: MaskRcnnConfig) -> dict[str, object]:
    """Return what a card's options state about a network that is not calibrated yet."""
    return {"mask_rcnn": config.to_options(), "calibration_slope": 1.0, "calibration_offset": 0.0}
