"""Where in an encoder the features of a resolution arise."""

from __future__ import annotations

from typing import Any

from torch import nn


def encoder_stage(encoder: nn.Module, stride: int) -> nn.Module:
    """Return the part of a timm ``features_only`` network that ends in the features of a stride.

    Unlike the features that it hands out, its output is also what the deeper stages are made of: a gradient
    there counts every way to the score.

    Parameters
    ----------
    encoder : nn.Module
    stride : int
        Of those that the encoder has features at, e.g. 2, 4, 8, 16 or 32.
    """
    info: Any = encoder.feature_info
    name: str = info.module_name()[info.reduction().index(stride)]
    try:
        return encoder.get_submodule(name)
    except AttributeError:
        # Some of timm's wrappers flatten "blocks.0" to "blocks_0".
        return encoder.get_submodule(name.replace(".", "_", 1))
