"""Train the lung-field network on the open collections."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.lung_fields import DECODER_CHANNELS
from models.networks.unet import UNet
from models.training import films
from models.training.fit import FitSettings, fit
from models.training.lung_task import SIZE, LungTask, split_sides
from models.training.pretrained import load_imagenet

ENCODER = "tf_efficientnet_lite0"
#: Banks are kept a little larger than the network's grid, so that shifts and turns sample real pixels.
BANK_SIZE = 216


def lung_films(data: Path) -> dict[str, list[films.Film]]:
    """Split the lung-field collections: training, validation and test films by name.

    ``covid-lungs`` is left out whole: the outside test.
    """
    rng = np.random.default_rng(7)
    jsrt = films.lungs(data / "jsrt", "jsrt")
    more = films.lungs(data / "covid-lungs-more", "covid-lungs-more")
    lateral = films.pictures(data / "not-frontal", "not-frontal")
    jsrt_order, more_order = rng.permutation(len(jsrt)), rng.permutation(len(more))
    lateral_order = rng.permutation(len(lateral))
    return {
        "outlined": [jsrt[i] for i in jsrt_order[:140]] + [more[i] for i in more_order[40:]],
        "validation": [jsrt[i] for i in jsrt_order[140:160]] + [more[i] for i in more_order[:40]],
        "test-jsrt": [jsrt[i] for i in jsrt_order[160:]],
        "test-outside": films.lungs(data / "covid-lungs", "covid-lungs"),
        "other": [lateral[i] for i in lateral_order[:20]],
        "validation-other": [lateral[i] for i in lateral_order[20:26]],
        "test-other": [lateral[i] for i in lateral_order[26:]],
    }


def train_lungs(data: Path, run: Path, steps: int) -> torch.nn.Module:
    """Train, or go on training, the lung-field network; return the averaged network."""
    parts = lung_films(data)
    torch.manual_seed(0)
    network = UNet(ENCODER, classes=3, image_classes=1, decoder_channels=DECODER_CHANNELS)
    load_imagenet(network.encoder, ENCODER)

    def labels(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        # JSRT's outlines already name the side; the others hold both lungs in one mask.
        return mask if set(np.unique(mask)) <= {0, 1, 2} and (mask == 2).any() else split_sides(mask)

    frontal = films.nih(data / "nih")[::2] + films.nih(data / "nih-more", "nih-more")[::4]
    task = LungTask(
        outlined=films.load_bank(parts["outlined"], BANK_SIZE, labels),
        frontal=films.load_bank(frontal, BANK_SIZE),
        other=films.load_bank(parts["other"], BANK_SIZE),
        validation=films.load_bank(parts["validation"], SIZE, labels),
        validation_other=films.load_bank(parts["validation-other"], SIZE),
    )
    return fit(network, task, FitSettings(steps=steps, validate_every=100), run)
