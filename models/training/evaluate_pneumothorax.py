"""Measure a pneumothorax network on held-out films, and write its card.

Thresholds and calibration come from the validation films, figures from the test films;
no film serves both.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models import zoo
from models.cards import Figure, ModelCard
from models.evaluation.answers import Answer, ask
from models.evaluation.decision import calibrate, choose_mask_threshold, specific_threshold
from models.training import export
from models.training.films import Film
from models.training.fit import trained_weights
from models.training.metrics import bootstrap, dice, roc_auc
from models.training.pneumothorax import ENCODER, SIZE, build_network, pneumothorax_films
from models.weights import load_weights

#: Version of each network's shipped weights: the second Attention U-Net has no last rectifier, the third has
#: learned from transplanted hemithoraxes, the fourth from more of them and from whole films more often than
#: from crops; the second U-Net follows the recipe of the fourth Attention U-Net.
VERSIONS = {"attention-unet": 4, "unet": 2}
#: How the films are divided, in words.
SPLIT = (
    "SIIM-ACR by film: 69 % training, 13 % validation, 18 % test; NIH by patient: 50 % training, "
    "17 % validation, 33 % test; stratified by label. Figure crops of SIIM-ACR films and the "
    "additional NIH films are training only; films found twice by perceptual hash are never held "
    "out. Pneumothoraces inserted into negative training films, hemithoraxes of outlined training films "
    "transplanted into them, and films of the digital thorax are further positives."
)
#: What every pneumothorax network trained here cannot do.
LIMITATIONS = (
    "The rule of the image threshold was chosen after an earlier version's figures on the held-out films "
    "had been seen: sensitivity, specificity and the mean Dice of positives are not quite independent of "
    "them. Areas under curves and the Dice whatever the image score do not depend on that rule.",
    "Pixel probabilities are not calibrated: hold them against the pixel threshold.",
    "It has seen films of the digital thorax, of other persons than the sample study's: the sample "
    "shows that the program works, not how good the network is.",
    "Few outlined films were at hand: the intervals are wide, and positives are missed.",
    "The score is calibrated for the mix of the validation films; elsewhere its level may be off.",
    "Chest drains, skin folds, the scapula's edge and bullae can be taken for a pneumothorax.",
    "Not for supine films with basal (deep sulcus) air alone, and not for children: too few examples.",
)
#: What is done to a film before the networks see it, in words.
PREPROCESSING = (
    "percentiles 0.5 and 99.5 to black and white, padded to a square, area-averaged; the film and its "
    "mirror image are averaged"
)
#: How decisions are chosen, in words.
THRESHOLD_RULE = (
    "on the validation films: the lowest image threshold that 90 % of the negatives stay below; the pixel "
    "threshold with the highest mean Dice of the outlined positives, averaged over 200 bootstrap samples; "
    "image scores scaled after Platt on the same films"
)


def pneumothorax_figures(answers: Sequence[Answer]) -> tuple[Figure, ...]:
    """Return the card's figures with bootstrap intervals, source by source.

    Parameters
    ----------
    answers : sequence of Answer
        Held-out films; SIIM-ACR's positives among them are outlined.
    """
    figures = []
    outlined = [(a.prediction, a.truth) for a in answers if a.truth is not None]
    gated = np.array([dice(p.mask, truth) for p, truth in outlined])
    ungated = np.array([dice(p.probability >= p.mask_threshold, truth) for p, truth in outlined])
    for name, values in (
        ("mean Dice of positives", gated),
        ("mean Dice of positives, whatever the image score", ungated),
    ):
        figures.append(export.mean_figure(name, values, "SIIM-ACR, held out"))
    for source, title in (
        ("siim", "SIIM-ACR, held out"),
        ("nih", "NIH ChestX-ray14, held out, mined labels"),
    ):
        group = [a for a in answers if a.film.source == source]
        if not group:
            continue
        positive = np.array([a.film.positive for a in group])
        score = np.array([a.prediction.score for a in group])
        present = np.array([a.prediction.present for a in group])
        for name, statistic in (
            ("image ROC-AUC", lambda i, p=positive, s=score: roc_auc(p[i], s[i])),
            ("sensitivity", lambda i, p=positive, d=present: _share(d[i][p[i]])),
            ("specificity", lambda i, p=positive, d=present: _share(~d[i][~p[i]])),
        ):
            figures.append(export.figure(name, bootstrap(statistic, len(group)), title, len(group)))
    return tuple(figures)


def _share(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if values.size else float("nan")


def export_pneumothorax(
    run: Path,
    data: Path,
    folder: Path,
    command: str,
    attention: bool = True,
    averaged_with: Path | None = None,
) -> ModelCard:
    """Write the averaged network of `run` with a card: chosen on validation, measured on test films.

    Parameters
    ----------
    run, data, folder : Path
    command : str
    attention : bool
    averaged_with : Path or None
        Weights that the run began with: what is written is the mean of both (Wortsman et al. 2022).
    """
    name, title = ("attention-unet", "Attention U-Net") if attention else ("unet", "U-Net")
    network = build_network(attention)
    if averaged_with is not None:
        load_weights(network, averaged_with)
        average_into(network, trained_weights(run))
    else:
        network.load_state_dict(trained_weights(run))
    parts = pneumothorax_films(data)
    draft = _draft(name, title, attention, command)
    if averaged_with is not None:
        draft = dataclasses.replace(
            draft,
            architecture=f"{draft.architecture}; the mean of the weights before and after the last training",
        )
    chosen = choose_on_validation(network, draft, parts["validation"], folder)
    model = zoo.open_model(chosen, folder / f"{name}.safetensors", torch.device("cpu"))
    final = dataclasses.replace(chosen, figures=pneumothorax_figures(ask(model, parts["test"])))
    export.write_card(final, folder)
    return final


@torch.no_grad()
def average_into(network: nn.Module, other: dict[str, Tensor]) -> None:
    """Replace every parameter and running statistic of `network` by its mean with `other`.

    The mean of two networks of which one was trained on from the other often generalises better than either
    (Wortsman et al. 2022): they lie in one valley of the loss.
    """
    own = network.state_dict()
    mean = {
        key: (value + other[key]) / 2 if value.is_floating_point() else other[key]
        for key, value in own.items()
    }
    network.load_state_dict(mean)


def choose_on_validation(
    network: nn.Module, draft: ModelCard, validation: Sequence[Film], folder: Path
) -> ModelCard:
    """Write the weights, then return the card with thresholds and calibration from the validation films.

    Parameters
    ----------
    network : nn.Module
    draft : ModelCard
        Complete but for thresholds, calibration and figures.
    validation : sequence of Film
    folder : Path
    """
    export.write_model(network, draft, folder)
    weights = folder / f"{draft.name}.safetensors"
    seen = ask(zoo.open_model(draft, weights, torch.device("cpu"), checked=False), validation)
    positive = np.array([a.film.positive for a in seen])
    logits = np.array([a.logit for a in seen])
    slope, offset = calibrate(logits, positive)
    calibrated = 1 / (1 + np.exp(-(logits * slope + offset)))
    return dataclasses.replace(
        draft,
        threshold=round(specific_threshold(calibrated, seen), 4),
        mask_threshold=choose_mask_threshold(seen),
        options={**draft.options, "calibration_slope": slope, "calibration_offset": offset},
        sha256=export.digest(folder, draft.name),
    )


def _draft(name: str, title: str, attention: bool, command: str) -> ModelCard:
    gates = " with additive attention gates (Oktay et al. 2018)" if attention else ""
    return ModelCard(
        card_id=f"{name}-{VERSIONS[name]}",
        name=name,
        title=title,
        task="outlines pneumothorax on a frontal chest film and scores the film",
        architecture=f"U-Net on {ENCODER} (ImageNet){gates}, {SIZE} x {SIZE}, image-level head",
        size=SIZE,
        sources=(export.SIIM, export.NIH),
        split=SPLIT,
        preprocessing=PREPROCESSING,
        threshold=0.5,
        mask_threshold=0.5,
        threshold_rule=THRESHOLD_RULE,
        figures=(),
        limitations=LIMITATIONS,
        licence="for research and education; see the terms of the data",
        command=command,
        commit=export.current_commit(),
        sha256="",
        options={
            "encoder": ENCODER,
            "attention": attention,
            "rectified_features": False,
            "calibration_slope": 1.0,
            "calibration_offset": 0.0,
        },
    )
