"""Bottom-up networks and the feature pyramid on them, with Detectron2's names."""

from __future__ import annotations

from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import FrozenBatchNorm2d

from models.mask_rcnn.config import MaskRcnnConfig
from models.networks.encoder_stage import encoder_stage

#: Strides of the feature maps that the pyramid stands on: levels 2 to 5.
STRIDES = (4, 8, 16, 32)


class FrozenNorm(FrozenBatchNorm2d):  # type: ignore[misc]
    """Frozen batch normalisation, fused where no gradient is asked for: the same digits as Detectron2's."""

    def forward(self, x: Tensor) -> Tensor:
        """Return normalised `x` [N, C, H, W]."""
        if x.requires_grad:
            scaled: Tensor = super().forward(x)
            return scaled
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)


class NormedConv2d(nn.Conv2d):
    """A convolution without bias and its frozen batch normalisation, called ``norm`` as in Detectron2."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)
        self.norm = FrozenNorm(outputs, eps=1e-5)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  (nn.Conv2d's name)
        """Return the normalised response."""
        normed: Tensor = self.norm(super().forward(input))
        return normed


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions beside a shortcut (He et al. 2015)."""

    def __init__(self, inputs: int, inner: int, outputs: int, stride: int, stride_in_1x1: bool) -> None:
        super().__init__()
        first, second = (stride, 1) if stride_in_1x1 else (1, stride)
        self.shortcut = NormedConv2d(inputs, outputs, 1, stride) if inputs != outputs else None
        self.conv1 = NormedConv2d(inputs, inner, 1, first)
        self.conv2 = NormedConv2d(inner, inner, 3, second)
        self.conv3 = NormedConv2d(inner, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return [N, outputs, H / stride, W / stride] for `x` [N, inputs, H, W]."""
        out = torch.relu(self.conv1(x))
        out = self.conv3(torch.relu(self.conv2(out)))
        return torch.relu(out + (x if self.shortcut is None else self.shortcut(x)))


class Stem(nn.Module):
    """7x7 convolution and pooling, both of stride 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = NormedConv2d(channels, 64, 7, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Return [N, 64, H / 4, W / 4] for `x` [N, channels, H, W]."""
        return F.max_pool2d(torch.relu(self.conv1(x)), 3, stride=2, padding=1)


class ResNet50(nn.Module):
    """ResNet-50 with frozen normalisation, in Detectron2's layout (``stem``, ``res2`` .. ``res5``)."""

    widths = (256, 512, 1024, 2048)

    def __init__(self, channels: int, stride_in_1x1: bool) -> None:
        super().__init__()
        self.stem = Stem(channels)
        inputs = 64
        for place, (blocks, outputs) in enumerate(zip((3, 4, 6, 3), self.widths, strict=True)):
            stage = nn.Sequential()
            for block in range(blocks):
                stride = 2 if place and not block else 1
                stage.append(Bottleneck(inputs, outputs // 4, outputs, stride, stride_in_1x1))
                inputs = outputs
            self.add_module(f"res{place + 2}", stage)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return features of levels 2 to 5 for `x` [N, channels, H, W]."""
        features, out = [], self.stem(x)
        for level in (2, 3, 4, 5):
            out = self.get_submodule(f"res{level}")(out)
            features.append(out)
        return features

    def frozen(self, stages: int) -> list[nn.Parameter]:
        """Return the parameters that training leaves alone: the stem's, then those of ``res2`` and on."""
        parts = [self.stem, *(self.get_submodule(f"res{level}") for level in range(2, 6))][:stages]
        return [parameter for part in parts for parameter in part.parameters()]


class TimmFeatures(nn.Module):
    """A timm network's features of levels 2 to 5; training leaves its batch normalisation as it is.

    Detectron2 does so too: a few films a batch say nothing about a population.

    Parameters
    ----------
    name : str
    channels : int

    Raises
    ------
    ValueError
        If timm has no such network, or it lacks features at one of the strides.
    """

    def __init__(self, name: str, channels: int) -> None:
        super().__init__()
        try:
            body = timm.create_model(name, pretrained=False, features_only=True, in_chans=channels)
        except (RuntimeError, ValueError) as error:
            raise ValueError(f"the backbone '{name}' cannot be used: {error}") from error
        info: Any = body.feature_info
        strides = info.reduction()
        missing = [stride for stride in STRIDES if stride not in strides]
        if missing:
            raise ValueError(f"the backbone '{name}' has no features at stride {missing[0]}")
        self.body = body
        for module in body.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.requires_grad_(False)
        self._chosen = [strides.index(stride) for stride in STRIDES]
        self.widths = tuple(info.channels()[index] for index in self._chosen)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return features of levels 2 to 5 for `x` [N, channels, H, W]."""
        features = self.body(x)
        return [features[index] for index in self._chosen]

    def frozen(self, stages: int) -> list[nn.Parameter]:
        """Return the parameters that training leaves alone: 1 stage ends at stride 2, 2 at stride 4, ..."""
        if stages == 0:
            return []
        info: Any = self.body.feature_info
        last = info.module_name()[info.reduction().index(2**stages)]
        names = [name for name, _ in self.body.named_parameters()]
        # A pooling or activation that ends a stage has no parameters of its own.
        ends = [index for index, name in enumerate(names) if name.startswith(f"{last}.")]
        if not ends:
            before = [name for name, _ in self.body.named_children()]
            earlier = tuple(f"{name}." for name in before[: before.index(last)])
            ends = [index for index, name in enumerate(names) if name.startswith(earlier)]
        return list(self.body.parameters())[: ends[-1] + 1]

    def train(self, mode: bool = True) -> TimmFeatures:
        """Set training mode for everything but batch normalisation."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


def stage_of(bottom_up: nn.Module, level: int) -> nn.Module:
    """Return the part of either engine's bottom-up network that ends in the features of a level.

    Parameters
    ----------
    bottom_up : nn.Module
        A timm network, or a ResNet with Detectron2's names.
    level : int
        2 to 5.
    """
    if isinstance(bottom_up, TimmFeatures):
        return encoder_stage(bottom_up.body, STRIDES[level - 2])
    return bottom_up.get_submodule(f"res{level}")


class FeaturePyramid(nn.Module):
    """Feature pyramid (Lin et al. 2017) with Detectron2's names: ``bottom_up``, ``fpn_lateral2``, ..."""

    def __init__(self, config: MaskRcnnConfig) -> None:
        super().__init__()
        self.bottom_up: ResNet50 | TimmFeatures
        if config.backbone == "resnet50":
            self.bottom_up = ResNet50(config.channels, config.stride_in_1x1)
        else:
            self.bottom_up = TimmFeatures(config.backbone, config.channels)
        for level, width in zip((2, 3, 4, 5), self.bottom_up.widths, strict=True):
            self.add_module(f"fpn_lateral{level}", nn.Conv2d(width, config.fpn_channels, 1))
            output = nn.Conv2d(config.fpn_channels, config.fpn_channels, 3, padding=1)
            self.add_module(f"fpn_output{level}", output)
        for name, module in self.named_children():
            if name.startswith("fpn_") and isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, a=1)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
        for parameter in self.bottom_up.frozen(config.frozen_stages):
            parameter.requires_grad_(False)

    def forward(self, x: Tensor) -> dict[int, Tensor]:
        """Return features of levels 2 to 6 for `x` [N, channels, H, W], H and W multiples of 32."""
        features = dict(zip((2, 3, 4, 5), self.bottom_up(x), strict=True))
        out: dict[int, Tensor] = {}
        merged: Tensor | None = None
        for level in (5, 4, 3, 2):
            lateral = self.get_submodule(f"fpn_lateral{level}")(features[level])
            if merged is not None:
                lateral = lateral + F.interpolate(merged, scale_factor=2.0, mode="nearest")
            merged = lateral
            out[level] = self.get_submodule(f"fpn_output{level}")(merged)
        out[6] = F.max_pool2d(out[5], 1, stride=2)
        return out
