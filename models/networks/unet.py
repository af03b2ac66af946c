"""U-Net and Attention U-Net on a convolutional encoder, with an image-level head."""

from __future__ import annotations

from dataclasses import dataclass

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.networks.attention_gate import AttentionGate


@dataclass(frozen=True)
class UNetOutput:
    """What the network gives.

    Attributes
    ----------
    masks : Tensor [N, classes, H, W]
        Pixel logits in the input's grid.
    images : Tensor [N, image_classes]
        Image-level logits.
    """

    masks: Tensor
    images: Tensor


class DecoderBlock(nn.Module):
    """Upsample by two, join the (gated) skip connection, two 3x3 convolutions."""

    def __init__(
        self, in_channels: int, skip_channels: int, out_channels: int, attention: bool, rectified: bool = True
    ) -> None:
        super().__init__()
        self.gate: AttentionGate | None = None
        if attention and skip_channels:
            self.gate = AttentionGate(skip_channels, in_channels, max(8, skip_channels // 2))
        self.convolutions = nn.Sequential(
            nn.Conv2d(in_channels + skip_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True) if rectified else nn.Identity(),
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Return features in the grid of `skip`, [N, out_channels, 2 H, 2 W] for `x` [N, C, H, W]."""
        gated = skip if self.gate is None else self.gate(skip, x)
        x = F.interpolate(x, size=skip.shape[-2:], mode="nearest")
        joined: Tensor = self.convolutions(torch.cat([x, gated], dim=1))
        return joined


class UNet(nn.Module):
    """U-Net (Ronneberger et al. 2015) on a timm encoder; with gates, Attention U-Net (Oktay et al. 2018).

    The decoder stops at half the input's resolution and the logits are resampled bilinearly
    from there: on a processor the last full-resolution block would cost as much as all others
    together, and the outline of a pneumothorax is not finer than that.

    The image-level logits see the pooled deepest features and, per class, a smooth maximum
    (log-mean-exp) of the pixel logits, so that the score and the mask cannot drift apart.

    Parameters
    ----------
    encoder : str
        timm model name with feature maps at strides 2, 4, 8, 16, 32.
    classes : int
        Number of pixel-level logits.
    image_classes : int
        Number of image-level logits.
    attention : bool
        Put additive attention gates on the skip connections.
    decoder_channels : tuple of int
        Widths at strides 16, 8, 4, 2.
    rectified_features : bool
        Whether the features under the mask head pass a last rectifier.  Features that cannot go below
        zero bound the logits that a linear head makes of them on one side: a probability that must
        come near 1 as well as near 0 needs features without it.
    """

    def __init__(
        self,
        encoder: str,
        classes: int = 1,
        image_classes: int = 1,
        attention: bool = False,
        decoder_channels: tuple[int, ...] = (128, 64, 40, 24),
        rectified_features: bool = True,
    ) -> None:
        super().__init__()
        self.encoder = timm.create_model(encoder, pretrained=False, features_only=True, in_chans=1)
        channels: list[int] = self.encoder.feature_info.channels()  # type: ignore[operator, union-attr]
        deepest, skips = channels[-1], channels[-2::-1]
        self.decoder = nn.ModuleList()
        width = deepest
        stages = list(zip(skips, decoder_channels, strict=True))
        for place, (skip, out) in enumerate(stages, start=1):
            rectified = rectified_features or place < len(stages)
            self.decoder.append(DecoderBlock(width, skip, out, attention, rectified))
            width = out
        self.mask_head = nn.Conv2d(width, classes, 3, padding=1)
        self.dropout = nn.Dropout(0.2)
        self.image_head = nn.Linear(2 * deepest + classes, image_classes)

    def forward(self, x: Tensor) -> UNetOutput:
        """Run the network.

        Parameters
        ----------
        x : Tensor [N, 1, H, W]
            -1 = black .. 1 = white; H and W multiples of 32.
        """
        features = self.encoder(x)
        deepest = features[-1]
        decoded = deepest
        for block, skip in zip(self.decoder, features[-2::-1], strict=True):
            decoded = block(decoded, skip)
        half = self.mask_head(decoded)
        masks = F.interpolate(half, size=x.shape[-2:], mode="bilinear", align_corners=False)
        pooled = torch.cat(
            [deepest.mean(dim=(2, 3)), deepest.amax(dim=(2, 3)), smooth_maximum(half)], dim=1
        )
        return UNetOutput(masks=masks, images=self.image_head(self.dropout(pooled)))


def smooth_maximum(logits: Tensor, sharpness: float = 4.0) -> Tensor:
    """Return the log-mean-exp of `logits` over the image, [N, C] for [N, C, H, W].

    ``(1 / r) log(mean(exp(r x)))`` lies between the mean (r to 0) and the maximum
    (r to infinity) (Pinheiro and Collobert 2015, equation 6).
    """
    flat = logits.flatten(2).float() * sharpness
    count = torch.tensor(float(flat.shape[-1]), device=flat.device)
    return (torch.logsumexp(flat, dim=-1) - count.log()) / sharpness
