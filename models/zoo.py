"""Names to ready models: weights from ``resources/weights``, each with its card."""

from __future__ import annotations

from pathlib import Path

import torch

from models.cards import (
    LUNG_FIELDS,
    WEIGHTS_FOLDER,
    ModelCard,
    available,
    card_path,
    cards,
    load_card,
    main_models,
)
from models.device import select_device
from models.lung_fields import LungFieldModel
from models.mask_rcnn.model import MaskRcnnModel
from models.own_weights import own_card, read_folder
from models.pneumothorax import PneumothoraxModel
from models.unet_model import UNetModel
from models.weights import WeightsError

__all__ = [
    "LUNG_FIELDS",
    "available",
    "cards",
    "load",
    "load_folder",
    "load_lung_fields",
    "main_models",
    "open_model",
]


def open_model(
    card: ModelCard, weights: Path, device: torch.device, *, checked: bool = True
) -> PneumothoraxModel:
    """Return the model that a card and its weights make: a U-Net or a Mask R-CNN.

    Parameters
    ----------
    card : ModelCard
    weights : Path
    device : torch.device
    checked : bool
        Whether the file must be the one that the card describes.

    Raises
    ------
    ValueError
        If the card cannot be used, or the weights do not fit it.
    """
    kind = MaskRcnnModel if "mask_rcnn" in card.options else UNetModel
    return kind(card, weights, device, checked=checked)


def load(name: str, device: str = "auto", weights: Path | None = None) -> PneumothoraxModel:
    """Return a ready pneumothorax model.

    Parameters
    ----------
    name : str
        One of :func:`available`.
    device : str
        See :func:`models.device.select_device`.
    weights : Path or None
        A user's own in place of the shipped ones: a safetensors file, for Mask R-CNN also Detectron2's
        ``.pth`` and ``.pkl``, or a folder with a card and its weights, as training leaves it.  The model's
        card says then that they are not the shipped ones, see :func:`models.own_weights.own_card`.

    Raises
    ------
    ValueError
        If the name or the device is unknown, or the weights cannot be used.
    """
    if name not in available():
        raise ValueError(f"unknown model '{name}'; there are: {', '.join(available())}")
    if weights is None:
        shipped = load_card(card_path(name))
        return open_model(shipped, WEIGHTS_FOLDER / f"{name}.safetensors", select_device(device))
    card, file = own_card(name, weights)
    chosen = select_device(device)
    try:
        return open_model(card, file, chosen)
    except (KeyError, TypeError, RuntimeError) as error:
        raise ValueError(f"the card of {file.name} describes no possible network: {error}") from error


def load_folder(folder: Path, device: str = "auto") -> PneumothoraxModel:
    """Return the pneumothorax model of a folder that holds one card and its weights, as training leaves it.

    Raises
    ------
    ValueError
        If the folder holds no card or several, the device is unknown, or the weights cannot be used.
    """
    return open_model(*read_folder(folder), select_device(device))


def load_lung_fields(device: str = "auto") -> LungFieldModel:
    """Return the ready lung-field model.

    Raises
    ------
    WeightsError
        If its weights cannot be used.
    """
    path = card_path(LUNG_FIELDS)
    if not path.is_file():
        raise WeightsError("the card of the lung-field network is missing")
    weights = WEIGHTS_FOLDER / f"{LUNG_FIELDS}.safetensors"
    return LungFieldModel(load_card(path), weights, select_device(device))
