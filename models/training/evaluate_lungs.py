"""Measure the lung-field network on held-out films, and write its card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from models.cards import Figure, ModelCard
from models.lung_fields import DECODER_CHANNELS, LungFieldModel
from models.networks.unet import UNet
from models.training import export, films
from models.training.films import Film, read_grey
from models.training.fit import trained_weights
from models.training.lung_task import SIZE
from models.training.lungs import ENCODER, lung_films
from models.training.metrics import dice
from models.view_gate import refusal_reason


def lung_figures(model: LungFieldModel, data: Path) -> tuple[Figure, ...]:
    """Return Dice of both lungs, and how many films and laterals are told apart, on test films."""
    parts = lung_films(data)
    figures = []
    for part, where in (
        ("test-jsrt", "JSRT, held out"),
        ("test-outside", "other hospitals, never trained on"),
    ):
        values = np.array([_dice(model, film) for film in parts[part]])
        figures.append(export.mean_figure("lung fields, mean Dice", values, where))
    laterals = np.array([_refused(model, film) for film in parts["test-other"]])
    frontal_films = parts["test-jsrt"] + parts["test-outside"]
    frontal_films += films.nih(data / "nih")[1::2] + films.siim(data / "siim")
    frontal = np.array([_refused(model, film) for film in frontal_films])
    where = "frontal films not trained on: JSRT, NIH, SIIM, other hospitals"
    figures.append(export.mean_figure("share refused", laterals, "lateral films, held out"))
    figures.append(export.mean_figure("share refused", frontal, where))
    return tuple(figures)


def _dice(model: LungFieldModel, film: Film) -> float:
    assert film.mask is not None
    lungs = model.predict(read_grey(film.image).astype(np.float32) / 255.0).lungs
    return dice(lungs.right | lungs.left, read_grey(film.mask) > 0)


def _refused(model: LungFieldModel, film: Film) -> bool:
    return refusal_reason(model.predict(read_grey(film.image).astype(np.float32) / 255.0)) is not None


def export_lungs(run: Path, data: Path, folder: Path, command: str) -> ModelCard:
    """Write the averaged network of `run` with a card holding figures measured on the shipped weights."""
    network = UNet(ENCODER, classes=3, image_classes=1, decoder_channels=DECODER_CHANNELS)
    network.load_state_dict(trained_weights(run))
    card = ModelCard(
        card_id="lung-fields-1",
        name="lung-fields",
        title="Lung fields",
        task="outlines the right and the left lung field of a frontal chest film and tells whether it is one",
        architecture=f"U-Net on {ENCODER} (ImageNet), {SIZE} x {SIZE}, image-level head for the view",
        size=SIZE,
        sources=(export.JSRT, export.COVID, export.LATERAL, export.NIH, export.COVID_OUTSIDE),
        split=(
            "by film: JSRT 140 training, 20 validation, 40 test; v7labs outlines 323 training, "
            "40 validation; lateral films 20 training, 6 validation, 10 test; NIH films without outlines "
            "as further frontal films; the GeneralBlockchain outlines are test only"
        ),
        preprocessing="percentiles 0.5 and 99.5 to black and white, padded to a square, area-averaged",
        threshold=None,
        mask_threshold=None,
        threshold_rule="a pixel is lung where lung is likelier than background; a film is frontal where "
        "that is likelier than not; no threshold was tuned",
        figures=(),
        limitations=(
            "Opaque lungs (large effusion, white-out) are outlined only as far as they look like lung.",
            "Outlines leave out the lung behind the heart and below the dome of the diaphragm, as JSRT's do.",
            "Children's films were not part of the training.",
            "Trained to refuse lateral, inverted and turned films; other body parts only through made-up "
            "pictures.",
        ),
        licence="for research and education; see the terms of the data",
        command=command,
        commit=export.current_commit(),
        sha256="",
        options={"encoder": ENCODER, "attention": False},
    )
    export.write_model(network, card, folder)
    model = LungFieldModel(card, folder / f"{card.name}.safetensors", torch.device("cpu"), checked=False)
    measured = lung_figures(model, data)
    final = ModelCard(**{**card.__dict__, "figures": measured, "sha256": export.digest(folder, card.name)})
    export.write_card(final, folder)
    return final
