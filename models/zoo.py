"""Names to ready models: weights from ``resources/weights``, each with its card."""

from __future__ import annotations

from pathlib import Path

from models.cards import (
    LUNG_FIELDS,
    WEIGHTS_FOLDER,
    available,
    card_path,
    cards,
    load_card,
    main_models,
)
from models.device import select_device
from models.lung_fields import LungFieldModel
from models.pneumothorax import PneumothoraxModel
from models.weights import WeightsError

__all__ = [
    "LUNG_FIELDS",
    "available",
    "cards",
    "load",
    "load_folder",
    "load_lung_fields",
    "main_models",
]

def load(name: str, device: str = "auto", weights: Path | None = None) -> PneumothoraxModel:
    """Return a ready pneumothorax model.

    Parameters
    ----------
    name : str
        One of :func:`available`.
    device : str
        See :func:`models.device.select_device`.
    weights : Path or None
        A user's own safetensors file for the same network, instead of the shipped one.

    Raises
    ------
    ValueError
        If the name or the device is unknown, or the weights cannot be used.
    """
    if name not in available():
        raise ValueError(f"unknown model '{name}'; there are: {', '.join(available())}")
    card = load_card(card_path(name))
    path = weights or WEIGHTS_FOLDER / f"{name}.safetensors"
    return PneumothoraxModel(card, path, select_device(device), checked=weights is None)


def load_folder(folder: Path, device: str = "auto") -> PneumothoraxModel:
    """Return the pneumothorax model of a folder that holds one card and its weights, as training leaves it.

    Raises
    ------
    ValueError
        If the folder holds no card or several, the device is unknown, or the weights cannot be used.
    """
    found = sorted(folder.glob("*.yaml"))
    found = [path for path in found if path.with_suffix(".safetensors").is_file()]
    if len(found) != 1:
        raise ValueError(f"'{folder}' must hold one card (.yaml) with its weights, it holds {len(found)}")
    return PneumothoraxModel(load_card(found[0]), found[0].with_suffix(".safetensors"), select_device(device))


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
