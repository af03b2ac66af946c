"""Measure a pneumothorax network on held-out films, and write its card.

Thresholds and calibration come from the validation films, figures from the test films;
no film serves both.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.cards import Figure, ModelCard
from models.pneumothorax import PneumothoraxModel
from models.prediction import Prediction
from models.training import export
from models.training.films import Film, read_grey
from models.training.metrics import bootstrap, dice, roc_auc
from models.training.pneumothorax import ENCODER, SIZE, build_network, pneumothorax_films


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network says about one film, beside the truth."""

    film: Film
    prediction: Prediction
    truth: NDArray[np.bool_] | None

    @property
    def logit(self) -> float:
        """Image-level logit."""
        score = min(max(self.prediction.score, 1e-6), 1 - 1e-6)
        return float(np.log(score / (1 - score)))


def ask(model: PneumothoraxModel, films: Sequence[Film]) -> list[Answer]:
    """Run the model on each film, in the grid of its mask."""
    answers = []
    for film in films:
        grey, truth = read_grey(film.image), None
        if film.mask is not None:
            truth = read_grey(film.mask) > 0
            if truth.shape != grey.shape:
                resized = cv2.resize(grey, truth.shape[::-1], interpolation=cv2.INTER_LINEAR)
                grey = np.asarray(resized, np.uint8)
        answers.append(Answer(film, model.predict(grey.astype(np.float32) / 255.0), truth))
    return answers


def calibrate(logits: NDArray[np.float64], positive: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and offset of Platt's scaling (Platt 1999, with his smoothed targets).

    A weak pull of the slope towards 1 keeps a handful of films from making it extreme.
    """
    count, others = positive.sum(), (~positive).sum()
    target = np.where(positive, (count + 1) / (count + 2), 1 / (others + 2))

    def loss(parameters: NDArray[np.float64]) -> float:
        z = logits * parameters[0] + parameters[1]
        return float(np.sum(np.logaddexp(0, z) - target * z) + 0.5 * (parameters[0] - 1) ** 2)

    slope, offset = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return float(slope), float(offset)


def youden_threshold(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return the cut with the highest sensitivity + specificity (Youden 1950).

    A cut lies in the middle between two scores; of equally good ones the most sensitive is taken.
    """
    values = np.unique(scores)
    cuts = np.concatenate([[0.0], (values[1:] + values[:-1]) / 2, [1.0]])
    youden = [(scores[positive] >= c).mean() + (scores[~positive] < c).mean() for c in cuts]
    best = np.flatnonzero(np.isclose(youden, np.max(youden)))
    return float(cuts[best[0]])


def choose_mask_threshold(answers: Sequence[Answer]) -> float:
    """Return the pixel threshold with the highest mean Dice on the outlined positives."""
    outlined = [(a.prediction.probability, a.truth) for a in answers if a.truth is not None]
    grid = np.arange(0.15, 0.7, 0.05)
    means = [np.mean([dice(probability >= t, truth) for probability, truth in outlined]) for t in grid]
    return round(float(grid[int(np.argmax(means))]), 2)


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
    run: Path, data: Path, folder: Path, command: str, attention: bool = True
) -> ModelCard:
    """Write the averaged network of `run` with a card: chosen on validation, measured on test films."""
    name, title = ("attention-unet", "Attention U-Net") if attention else ("unet", "U-Net")
    network = build_network(attention)
    network.load_state_dict(torch.load(run / "checkpoint.pt", weights_only=True)["average"])
    parts = pneumothorax_films(data)
    draft = _draft(name, title, attention, command)
    export.write_model(network, draft, folder)
    weights = folder / f"{name}.safetensors"
    cpu = torch.device("cpu")
    seen = ask(PneumothoraxModel(draft, weights, cpu, checked=False), parts["validation"])
    positive = np.array([a.film.positive for a in seen])
    logits = np.array([a.logit for a in seen])
    slope, offset = calibrate(logits, positive)
    calibrated = 1 / (1 + np.exp(-(logits * slope + offset)))
    chosen = dataclasses.replace(
        draft,
        threshold=round(youden_threshold(calibrated, positive), 4),
        mask_threshold=choose_mask_threshold(seen),
        options={**draft.options, "calibration_slope": slope, "calibration_offset": offset},
        sha256=export.digest(folder, name),
    )
    answers = ask(PneumothoraxModel(chosen, weights, cpu), parts["test"])
    final = dataclasses.replace(chosen, figures=pneumothorax_figures(answers))
    export.write_card(final, folder)
    return final


def _draft(name: str, title: str, attention: bool, command: str) -> ModelCard:
    gates = " with additive attention gates (Oktay et al. 2018)" if attention else ""
    return ModelCard(
        card_id=f"{name}-1",
        name=name,
        title=title,
        task="outlines pneumothorax on a frontal chest film and scores the film",
        architecture=f"U-Net on {ENCODER} (ImageNet){gates}, {SIZE} x {SIZE}, image-level head",
        size=SIZE,
        sources=(export.SIIM, export.NIH),
        split=(
            "SIIM-ACR by film: 69 % training, 13 % validation, 18 % test; NIH by patient: 50 % training, "
            "17 % validation, 33 % test; stratified by label. Figure crops of SIIM-ACR films and the "
            "additional NIH films are training only; films found twice by perceptual hash are never held "
            "out. The lung fields of NIH training films carry inserted pneumothoraces as further positives."
        ),
        preprocessing="percentiles 0.5 and 99.5 to black and white, padded to a square, area-averaged; "
        "the film and its mirror image are averaged",
        threshold=0.5,
        mask_threshold=0.5,
        threshold_rule=(
            "on the validation films: the image threshold with the highest sensitivity + specificity, the "
            "pixel threshold with the highest mean Dice; image scores scaled after Platt on the same films"
        ),
        figures=(),
        limitations=(
            "Pixel probabilities level off near 0.59: hold them against the pixel threshold, do not "
            "read them as calibrated.",
            "The digital thorax of the sample study lies outside what it learned: its score there stays low.",
            "Few outlined films were at hand: the intervals are wide, and positives are missed.",
            "The score is calibrated for the mix of the validation films; elsewhere its level may be off.",
            "Chest drains, skin folds, the scapula's edge and bullae can be taken for a pneumothorax.",
            "Not for supine films with basal (deep sulcus) air alone, and not for children: too few "
            "examples.",
        ),
        licence="for research and education; see the terms of the data",
        command=command,
        commit=export.current_commit(),
        sha256="",
        options={
            "encoder": ENCODER,
            "attention": attention,
            "calibration_slope": 1.0,
            "calibration_offset": 0.0,
        },
    )
