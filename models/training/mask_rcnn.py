"""Train Mask R-CNN on the films that the U-Nets are trained on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from models.mask_rcnn.checkpoint import load_checkpoint
from models.mask_rcnn.config import SHIPPED, MaskRcnnConfig
from models.mask_rcnn.network import MaskRcnn
from models.training import films
from models.training.fit import FitSettings, fit
from models.training.mask_rcnn_task import MaskRcnnTask
from models.training.pneumothorax import build_mix, pneumothorax_films
from models.training.pretrained import load_imagenet
from models.weights import WeightsError, fill_network

#: Edge of the shipped network's grid: its anchors are laid out for it.
SIZE = 384
#: What the encoder's tensors begin with in a U-Net's file.
_UNET_ENCODER = "encoder."
#: Stages that training leaves alone: of a backbone that knows chest films down to stride 16, of one that
#: knows photographs alone to stride 4.
FROZEN_CHEST, FROZEN_PHOTOGRAPHS = 4, 2


def build_network(config: MaskRcnnConfig = SHIPPED) -> MaskRcnn:
    """Return the untrained network on its ImageNet backbone."""
    torch.manual_seed(0)
    network = MaskRcnn(config)
    load_imagenet(network.backbone.bottom_up.get_submodule("body"), config.backbone)
    return network


def config_for(backbone: str, size: int, frozen_stages: int) -> MaskRcnnConfig:
    """Return the shipped network's settings for another backbone or grid: anchors grow with the film.

    Parameters
    ----------
    backbone : str
        timm's name.
    size : int
        Edge of the network's grid in pixels.
    frozen_stages : int
        See :class:`MaskRcnnConfig`: the more the backbone knows of chest films, the more.
    """
    anchors = tuple(tuple(edge * size / SIZE for edge in sizes) for sizes in SHIPPED.anchor_sizes)
    return dataclasses.replace(SHIPPED, backbone=backbone, anchor_sizes=anchors, frozen_stages=frozen_stages)


def warm_start(network: MaskRcnn, weights: Path) -> None:
    """Begin with trained weights: of the same network, or the encoder of a U-Net on the same backbone.

    Raises
    ------
    WeightsError
        If the file is neither.
    """
    try:
        with safe_open(weights, framework="pt") as file:
            keys = [key for key in file.keys() if key.startswith(_UNET_ENCODER)]  # noqa: SIM118  (no mapping)
            encoder = {key.removeprefix(_UNET_ENCODER): file.get_tensor(key) for key in keys}
    except (SafetensorError, OSError):
        # Another format, or not there: the reader of checkpoints says so.
        encoder = {}
    if not encoder:
        load_checkpoint(network, weights)
        return
    body = network.backbone.bottom_up
    if not hasattr(body, "body"):
        raise WeightsError(f"{weights.name} holds a U-Net, whose encoder is no {network.config.backbone}")
    fill_network(body.get_submodule("body"), encoder, weights.name)


def train_mask_rcnn(
    data: Path,
    run: Path,
    steps: int,
    lung_network: nn.Module,
    initial: Path | None = None,
    precision: str = "float32",
) -> nn.Module:
    """Train, or go on training, and return the averaged network.

    Parameters
    ----------
    data : Path
        Folder with the film collections.
    run : Path
    steps : int
    lung_network : nn.Module
        Outlines the lung fields that made films need.
    initial : Path or None
        See :func:`warm_start`; None begins with the backbone's ImageNet weights.
    precision : str
        See :class:`models.training.fit.FitSettings`.
    """
    network, task = _prepared(data, run, lung_network, initial)
    return fit(network, task, fit_settings(steps, precision), run)


def train_by_detectron2(
    data: Path, run: Path, steps: int, lung_network: nn.Module, initial: Path | None = None
) -> Path:
    """Train the same network on the same films by Detectron2's trainer; return its last checkpoint.

    Films of which only a label is known are left out.  For the parameters see :func:`train_mask_rcnn`.

    Raises
    ------
    ImportError
        If Detectron2 cannot be imported.
    """
    from models.mask_rcnn import detectron2_engine
    from models.training.detectron2_trainer import train_with_detectron2

    network, task = _prepared(data, run, lung_network, initial)
    trained = detectron2_engine.build(network.config)
    trained.load_state_dict(network.state_dict())
    return train_with_detectron2(trained, task, run, steps)


def _prepared(
    data: Path, run: Path, lung_network: nn.Module, initial: Path | None
) -> tuple[MaskRcnn, MaskRcnnTask]:
    network = build_network(SHIPPED if initial else config_for(SHIPPED.backbone, SIZE, FROZEN_PHOTOGRAPHS))
    if initial is not None:
        warm_start(network, initial)
    parts = pneumothorax_films(data)
    task = MaskRcnnTask(
        build_mix(data, parts, lung_network, run, SIZE), films.load_bank(parts["validation"], SIZE)
    )
    return network, task


def fit_settings(steps: int, precision: str = "float32") -> FitSettings:
    """Return how the shipped network is optimised."""
    return FitSettings(
        steps=steps,
        learning_rate=6e-4,
        encoder_factor=0.25,
        weight_decay=0.05,
        average_decay=0.99,
        validate_every=100,
        checkpoint_every=25,
        precision=precision,
        # More than a run has validations: it trains to its end, and the best weights are its result.
        patience=1000,
        watched="merit",
    )
