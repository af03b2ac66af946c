"""Weights for a Mask R-CNN in Detectron2's key layout, from any of the files in which users have them."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from models.mask_rcnn.array_pickle import ArrayPickleError, StoredArray, read_array_pickle
from models.mask_rcnn.config import STOCK, MaskRcnnConfig
from models.weights import WeightsError, fill_network, sha256_of

#: No other backbone has a tensor of this name.
_STOCK_SIGN = "backbone.bottom_up.res2.0.conv1.weight"

SUFFIXES = (".safetensors", ".pth", ".pkl")


def load_checkpoint(network: nn.Module, path: Path, sha256: str | None = None) -> None:
    """Fill `network` from a checkpoint, every tensor and no other.

    Constants that older files store beside the weights (the pixel mean and standard deviation, the anchors)
    must be those of `network`.

    Parameters
    ----------
    network : nn.Module
        Of either engine.
    path : Path
        See :func:`read_checkpoint`.
    sha256 : str or None
        Expected digest (from the card); None for a user's own file.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, not the one the card describes, or does not fit the network; the
        first few missing, extra or wrongly shaped tensors are named.  The network is unchanged then.
    """
    fill_from_tensors(network, read_checkpoint(path, sha256), path.name)


def fill_from_tensors(network: nn.Module, tensors: dict[str, Tensor], name: str) -> None:
    """Do what :func:`load_checkpoint` does, with what :func:`read_checkpoint` gave for the file `name`."""
    fill_network(network, _without_constants(network, tensors, name), name)


def config_for(tensors: dict[str, Tensor], stated: MaskRcnnConfig, name: str) -> MaskRcnnConfig:
    """Return the configuration that a user's own tensors need.

    Parameters
    ----------
    tensors : dict
        See :func:`read_checkpoint`.
    stated : MaskRcnnConfig
        What the card states; any tensors but those of the stock network are held against it.
    name : str
        Of the file, for the message.

    Returns
    -------
    MaskRcnnConfig
        Detectron2's ``mask_rcnn_R_50_FPN_3x`` with one class for tensors in its layout, else `stated`.

    Raises
    ------
    WeightsError
        If the file holds the stock network for other things than one, as the model zoo's own files do.
    """
    if _STOCK_SIGN not in tensors or stated.backbone == STOCK.backbone:
        return stated
    scores = tensors.get("roi_heads.box_predictor.cls_score.weight")
    if scores is not None and len(scores) != 2:
        raise WeightsError(
            f"{name} tells {len(scores) - 1} kinds of things apart; a network of one, pneumothorax, is needed"
        )
    return replace(STOCK, classes=1)


def read_checkpoint(path: Path, sha256: str | None = None) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint by name; nothing in the file is ever executed.

    Parameters
    ----------
    path : Path
        ``.safetensors``; ``.pth`` as ``torch.save`` and Detectron2's trainer write it, the tensors under
        ``"model"`` or at the top; ``.pkl`` as Detectron2's model zoo hands it out.
    sha256 : str or None
        Expected digest of the file.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, of another kind, or holds anything but numbers, text and tensors.
    """
    if not path.is_file():
        raise WeightsError(f"the weight file {path.name} is missing")
    if path.suffix not in SUFFIXES:
        raise WeightsError(f"{path.name} is no checkpoint: its name ends in none of {', '.join(SUFFIXES)}")
    if sha256 is not None and sha256_of(path) != sha256:
        raise WeightsError(f"the weight file {path.name} is not the one that its card describes")
    if path.suffix == ".safetensors":
        try:
            tensors: dict[str, Tensor] = load_file(path)
        except (SafetensorError, OSError) as error:
            raise WeightsError(f"{path.name} is not a readable safetensors file") from error
        return tensors
    return _tensors(_read_zoo_file(path) if path.suffix == ".pkl" else _read_torch_file(path), path.name)


def _read_zoo_file(path: Path) -> object:
    try:
        content = read_array_pickle(path)
    except ArrayPickleError as error:
        raise WeightsError(f"{path.name} is refused: {error}") from error
    except OSError as error:
        raise WeightsError(f"{path.name} cannot be read") from error
    # What Detectron2 itself takes as the sign of its own format; the others need their names translated.
    if not (isinstance(content, dict) and "model" in content and "__author__" in content):
        raise WeightsError(f"{path.name} is not in the format of Detectron2's model zoo")
    if content.get("matching_heuristics"):
        raise WeightsError(f"{path.name} names its tensors otherwise than Detectron2 (matching_heuristics)")
    return content


def _read_torch_file(path: Path) -> object:
    try:
        content: object = torch.load(path, map_location="cpu", weights_only=True)
    # A damaged archive or pickle raises whatever the operation raises that its bytes happen to spell.
    except (pickle.UnpicklingError, RuntimeError, ValueError, LookupError, EOFError, OSError) as error:
        raise WeightsError(f"{path.name} is damaged or holds more than tensors, and is refused") from error
    return content


def _tensors(content: object, name: str) -> dict[str, Tensor]:
    stored = content["model"] if isinstance(content, Mapping) and "model" in content else content
    if not isinstance(stored, Mapping):
        raise WeightsError(f"{name} holds no tensors by name")
    tensors = {}
    for key, value in stored.items():
        if isinstance(value, StoredArray):
            tensors[str(key)] = torch.from_numpy(value.values.copy())
        elif isinstance(value, Tensor):
            tensors[str(key)] = value
        else:
            raise WeightsError(f"{name} holds no tensor for {key}")
    return tensors


def _without_constants(network: nn.Module, tensors: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """Drop what the network has as constants of its own; refuse a file that was trained with others."""
    trained = network.state_dict()
    constants = {key: value for key, value in network.named_buffers() if key not in trained}
    for key, constant in constants.items():
        if key not in tensors:
            continue
        stored = tensors[key].to(constant)
        if stored.shape != constant.shape or not torch.allclose(stored, constant, rtol=1e-4, atol=1e-3):
            raise WeightsError(f"{name} was trained with another {key} than this network has")
    return {key: value for key, value in tensors.items() if key not in constants}
