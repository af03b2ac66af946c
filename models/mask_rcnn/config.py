"""What a Mask R-CNN is built from: enough for both engines to build the same network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

#: Largest growth of a box's width or height in one regression, as a logarithm (Detectron2 and its paper).
SCALE_CLAMP = math.log(1000.0 / 16)


@dataclass(frozen=True)
class MaskRcnnConfig:
    """A Mask R-CNN with a feature pyramid (He et al. 2017; Lin et al. 2017).

    The defaults are those of Detectron2's ``mask_rcnn_R_50_FPN_3x``.  Levels are numbered as there: level 2
    has stride 4, level 6 stride 64.

    Attributes
    ----------
    backbone : str
        ``"resnet50"`` (as in Detectron2's model zoo) or timm's name of a network with features at strides
        4, 8, 16 and 32.
    classes : int
        Foreground classes; the background is the last logit.
    pixel_mean, pixel_std : tuple of float
        One number an input channel: ``(x - mean) / std`` comes first of all.
    stride_in_1x1 : bool
        ResNet only: whether a stage's stride lies in its first 1x1 convolution (MSRA's weights) or the 3x3.
    fpn_channels : int
    rpn_levels, roi_levels : tuple of int
        Levels that propose regions, and levels that regions are pooled from.
    anchor_sizes : tuple of tuple of float
        Square roots of the anchors' areas in input pixels, a tuple for each of `rpn_levels`, all alike long.
    anchor_ratios : tuple of float
        Height over width.
    box_pool, mask_pool : int
        Edge of a pooled region for the box and the mask head; masks come out twice as fine.
    box_fc, box_width, mask_convs, mask_channels : int
        Fully connected layers of the box head and their width, convolutions of the mask head and theirs.
    before_nms, after_nms : tuple of int
        Proposals kept per level before, and in all after non-maximum suppression: in training, in use.
    proposal_nms, detection_nms : float
        Intersection over union above which the lower-scoring box goes.
    score_threshold : float
        Detections must score higher.
    detections : int
        Most detections per image.
    box_weights : tuple of float
        Scale of the second regression's dx, dy, dw, dh.
    anchors_sampled, rois_sampled : int
        Per image, in training.
    anchors_positive, rois_positive : float
        Largest share of positives among them.
    frozen_stages : int
        So many of the backbone's stages, the stem being the first, training leaves alone (``FREEZE_AT``).

    Raises
    ------
    ValueError
        If levels and anchors do not fit each other.
    """

    backbone: str = "resnet50"
    classes: int = 80
    pixel_mean: tuple[float, ...] = (103.53, 116.28, 123.675)
    pixel_std: tuple[float, ...] = (1.0, 1.0, 1.0)
    stride_in_1x1: bool = True
    fpn_channels: int = 256
    rpn_levels: tuple[int, ...] = (2, 3, 4, 5, 6)
    roi_levels: tuple[int, ...] = (2, 3, 4, 5)
    anchor_sizes: tuple[tuple[float, ...], ...] = ((32.0,), (64.0,), (128.0,), (256.0,), (512.0,))
    anchor_ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    box_pool: int = 7
    box_fc: int = 2
    box_width: int = 1024
    mask_pool: int = 14
    mask_convs: int = 4
    mask_channels: int = 256
    before_nms: tuple[int, int] = (2000, 1000)
    after_nms: tuple[int, int] = (1000, 1000)
    proposal_nms: float = 0.7
    score_threshold: float = 0.05
    detection_nms: float = 0.5
    detections: int = 100
    box_weights: tuple[float, float, float, float] = (10.0, 10.0, 5.0, 5.0)
    anchors_sampled: int = 256
    anchors_positive: float = 0.5
    rois_sampled: int = 512
    rois_positive: float = 0.25
    frozen_stages: int = 2

    def __post_init__(self) -> None:
        if len(self.anchor_sizes) != len(self.rpn_levels) or len({len(s) for s in self.anchor_sizes}) != 1:
            raise ValueError("every level that proposes regions needs the same number of anchor sizes")
        for name, levels, last in (("rpn_levels", self.rpn_levels, 6), ("roi_levels", self.roi_levels, 5)):
            expected = tuple(range(levels[0], levels[-1] + 1)) if levels else ()
            if not levels or levels != expected or levels[0] < 2 or levels[-1] > last:
                raise ValueError(f"{name} must be consecutive levels between 2 and {last}, not {levels}")
        if len(self.pixel_mean) != len(self.pixel_std):
            raise ValueError("pixel_mean and pixel_std need one number for each channel")

    @property
    def channels(self) -> int:
        """Number of input channels."""
        return len(self.pixel_mean)

    @property
    def anchors(self) -> int:
        """Number of anchors at each place of a level."""
        return len(self.anchor_sizes[0]) * len(self.anchor_ratios)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> MaskRcnnConfig:
        """Return the configuration that a model card states under ``mask_rcnn``.

        Raises
        ------
        ValueError
            If the card states something unknown or something that cannot be.
        """
        stated = dict(options.get("mask_rcnn", {}))
        unknown = sorted(set(stated) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"the card states unknown settings of Mask R-CNN: {', '.join(unknown)}")
        return cls(**{name: _tuples(value) for name, value in stated.items()})

    def to_options(self) -> dict[str, Any]:
        """Return lists and numbers for a card's ``mask_rcnn``: the way back from :meth:`from_options`."""
        return {field.name: _lists(getattr(self, field.name)) for field in fields(self)}


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list | tuple) else value


def _lists(value: Any) -> Any:
    return [_lists(each) for each in value] if isinstance(value, list | tuple) else value


#: Detectron2's model-zoo network, trained on COCO's 80 classes from BGR pixels 0..255.
STOCK = MaskRcnnConfig()

#: What ships: one grey channel -1..1, one class, a slim pyramid.  Regions are pooled from the finest level
#: alone: the crescent of air is often thinner than a pixel of the next.
SHIPPED = MaskRcnnConfig(
    backbone="tf_efficientnet_lite2",
    classes=1,
    pixel_mean=(0.0,),
    pixel_std=(1.0,),
    fpn_channels=96,
    rpn_levels=(3, 4, 5),
    roi_levels=(2,),
    anchor_sizes=((20.0, 32.0), (48.0, 72.0), (104.0, 150.0)),
    anchor_ratios=(0.5, 1.0, 2.0),
    box_width=256,
    mask_pool=28,
    mask_convs=2,
    mask_channels=96,
    before_nms=(300, 200),
    after_nms=(150, 60),
    score_threshold=0.0,
    detections=10,
    anchors_sampled=64,
    rois_sampled=32,
    frozen_stages=4,
)
