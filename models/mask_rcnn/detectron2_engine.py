"""Mask R-CNN run by Detectron2 itself; importing this file needs Detectron2.

Detectron2 is built, configured and called through its own public names; nothing of it is copied here.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from models.mask_rcnn.backbone import STRIDES, TimmFeatures
from models.mask_rcnn.config import MaskRcnnConfig
from models.mask_rcnn.losses import Target
from models.mask_rcnn.network import Detections, log_odds

with warnings.catch_warnings():
    # Detectron2 compiles some of its functions in a way that torch is about to give up.
    warnings.simplefilter("ignore", FutureWarning)
    from detectron2.config import CfgNode, get_cfg
    from detectron2.layers import ShapeSpec
    from detectron2.modeling import (
        BACKBONE_REGISTRY,
        FPN,
        META_ARCH_REGISTRY,
        Backbone,
        GeneralizedRCNN,
        build_model,
    )
    from detectron2.modeling.backbone.fpn import LastLevelMaxPool
    from detectron2.structures import BitMasks, Boxes, Instances

# Said of Detectron2's own calls, at the first film: nothing that a reader can act on.
warnings.filterwarnings("ignore", message="torch.meshgrid", category=UserWarning)
logging.getLogger("torch.fx._symbolic_trace").setLevel(logging.ERROR)

#: Detectron2's names of the backbone's features.
_FEATURES = ("res2", "res3", "res4", "res5")


class TimmBackbone(TimmFeatures, Backbone):  # type: ignore[misc]
    """The torchvision engine's own timm backbone, with the face that Detectron2 expects."""

    def __init__(self, name: str, channels: int) -> None:
        super().__init__(name, channels)
        self._out_features = list(_FEATURES)
        self._out_feature_channels = dict(zip(_FEATURES, self.widths, strict=True))
        self._out_feature_strides = dict(zip(_FEATURES, STRIDES, strict=True))

    def forward(self, x: Tensor) -> dict[str, Tensor]:  # type: ignore[override]
        """Return Detectron2's ``res2`` .. ``res5`` for `x` [N, channels, H, W]."""
        return dict(zip(_FEATURES, super().forward(x), strict=True))


@BACKBONE_REGISTRY.register()  # type: ignore[untyped-decorator]
def build_timm_fpn_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> Any:
    """Return a feature pyramid on the timm network that ``cfg.MODEL.TIMM.NAME`` names."""
    bottom_up = TimmBackbone(cfg.MODEL.TIMM.NAME, input_shape.channels)
    for part in bottom_up.frozen(cfg.MODEL.BACKBONE.FREEZE_AT):
        part.requires_grad_(False)
    return FPN(
        bottom_up=bottom_up,
        in_features=cfg.MODEL.FPN.IN_FEATURES,
        out_channels=cfg.MODEL.FPN.OUT_CHANNELS,
        norm=cfg.MODEL.FPN.NORM,
        top_block=LastLevelMaxPool(),
        fuse_type=cfg.MODEL.FPN.FUSE_TYPE,
    )


@META_ARCH_REGISTRY.register()
class Detectron2MaskRcnn(GeneralizedRCNN):  # type: ignore[misc]
    """Detectron2's ``GeneralizedRCNN``, which also answers in the terms of :class:`MaskRcnn`.

    It takes Detectron2's own lists of dicts as ever, so that its trainer and checkpointer work with it.
    """

    #: Which of several implementations this is.
    engine = "detectron2"

    config: MaskRcnnConfig

    def forward(self, x: Any, targets: Sequence[Target] | None = None) -> Any:
        """Return :meth:`detect` of a batch [N, channels, H, W], or what Detectron2 answers its own lists.

        With `targets`, Detectron2's training losses, inside of one of its ``EventStorage``: see
        :func:`to_inputs`.
        """
        if targets is not None:
            x = to_inputs(x, targets)
        return self.detect(x) if isinstance(x, Tensor) else super().forward(x)

    def features(self, x: Tensor) -> dict[int, Tensor]:
        """Return the pyramid's levels {2 .. 6: [N, C, H, W]}, see :meth:`MaskRcnn.features`."""
        images = self.preprocess_image([{"image": image} for image in x])
        return {int(name[1:]): feature for name, feature in self.backbone(images.tensor).items()}

    def detect(self, x: Tensor, outlined: bool = True) -> list[Detections]:
        """Return what is found on each image of `x` [N, channels, H, W], see :meth:`MaskRcnn.detect`."""
        images = self.preprocess_image([{"image": image} for image in x])
        # Detectron2's pooling rounds boxes to the features' type: half precision is too coarse for places.
        features = {name: level.float() for name, level in self.backbone(images.tensor).items()}
        proposals, _ = self.proposal_generator(images, features)
        heads = self.roi_heads
        pooled = heads.box_pooler(
            [features[name] for name in heads.box_in_features], [each.proposal_boxes for each in proposals]
        )
        logits, deltas = heads.box_predictor(heads.box_head(pooled))
        logits, deltas = logits.float(), deltas.float()
        found, kept = heads.box_predictor.inference((logits, deltas), proposals)
        boxes = [each.pred_boxes for each in found]
        masks = (
            heads.mask_head.layers(
                heads.mask_pooler([features[name] for name in heads.mask_in_features], boxes)
            ).float()
            if outlined
            else logits.new_zeros((sum(map(len, boxes)), self.config.classes, 0, 0))
        )
        counts = [len(each) for each in proposals]
        detections = []
        for each, which, logit, mask in zip(
            found, kept, logits.split(counts), masks.split([len(each) for each in found]), strict=True
        ):
            classes = each.pred_classes
            whole = each.pred_boxes.nonempty()
            own = mask[torch.arange(len(classes)), classes]
            detections.append(
                Detections(
                    each.pred_boxes.tensor.detach()[whole],
                    log_odds(logit[which], classes)[whole],
                    classes[whole],
                    own[whole],
                )
            )
        return detections


def build(config: MaskRcnnConfig) -> Detectron2MaskRcnn:
    """Return Detectron2's network for `config`, on the CPU, with random weights.

    Raises
    ------
    ValueError
        If the backbone is unknown or has no features at one of the strides.
    """
    network: Detectron2MaskRcnn = build_model(to_cfg(config))
    network.config = config
    return network


def to_inputs(x: Tensor, targets: Sequence[Target]) -> list[dict[str, Any]]:
    """Return a training batch as Detectron2 takes it.

    Films of which only a label is known are left out: Detectron2 has no loss for an image's score.

    Parameters
    ----------
    x : Tensor [N, channels, H, W]
    targets : sequence of Target
        One an image.
    """
    inputs = []
    for image, target in zip(x, targets, strict=True):
        if target.outlined:
            truth = Instances((x.shape[-2], x.shape[-1]))
            truth.gt_boxes = Boxes(target.boxes)
            truth.gt_classes = target.classes
            truth.gt_masks = BitMasks(target.masks)
            inputs.append({"image": image, "instances": truth})
    return inputs


def to_cfg(config: MaskRcnnConfig) -> CfgNode:
    """Return `config` as Detectron2's configuration; what it does not say keeps Detectron2's default."""
    cfg = get_cfg()
    cfg.MODEL.DEVICE = "cpu"
    cfg.MODEL.META_ARCHITECTURE = Detectron2MaskRcnn.__name__
    cfg.MODEL.MASK_ON = True
    cfg.MODEL.PIXEL_MEAN, cfg.MODEL.PIXEL_STD = list(config.pixel_mean), list(config.pixel_std)
    cfg.INPUT.FORMAT = "BGR" if config.channels == 3 else "L"
    cfg.INPUT.MASK_FORMAT = "bitmask"
    cfg.MODEL.BACKBONE.FREEZE_AT = config.frozen_stages
    if config.backbone == "resnet50":
        cfg.MODEL.BACKBONE.NAME = "build_resnet_fpn_backbone"
    else:
        cfg.MODEL.BACKBONE.NAME = build_timm_fpn_backbone.__name__
    cfg.MODEL.TIMM = CfgNode({"NAME": config.backbone})
    cfg.MODEL.RESNETS.DEPTH = 50
    cfg.MODEL.RESNETS.OUT_FEATURES = list(_FEATURES)
    cfg.MODEL.RESNETS.STRIDE_IN_1X1 = config.stride_in_1x1
    cfg.MODEL.FPN.IN_FEATURES = list(_FEATURES)
    cfg.MODEL.FPN.OUT_CHANNELS = config.fpn_channels
    cfg.MODEL.ANCHOR_GENERATOR.SIZES = [list(sizes) for sizes in config.anchor_sizes]
    cfg.MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS = [list(config.anchor_ratios)]
    _set_proposals(cfg.MODEL.RPN, config)
    _set_heads(cfg.MODEL, config)
    cfg.TEST.DETECTIONS_PER_IMAGE = config.detections
    return cfg


def _set_proposals(rpn: CfgNode, config: MaskRcnnConfig) -> None:
    rpn.IN_FEATURES = [f"p{level}" for level in config.rpn_levels]
    rpn.PRE_NMS_TOPK_TRAIN, rpn.PRE_NMS_TOPK_TEST = config.before_nms
    rpn.POST_NMS_TOPK_TRAIN, rpn.POST_NMS_TOPK_TEST = config.after_nms
    rpn.NMS_THRESH = config.proposal_nms
    rpn.BATCH_SIZE_PER_IMAGE = config.anchors_sampled
    rpn.POSITIVE_FRACTION = config.anchors_positive


def _set_heads(model: CfgNode, config: MaskRcnnConfig) -> None:
    heads, box, mask = model.ROI_HEADS, model.ROI_BOX_HEAD, model.ROI_MASK_HEAD
    heads.NAME = "StandardROIHeads"
    heads.NUM_CLASSES = config.classes
    heads.IN_FEATURES = [f"p{level}" for level in config.roi_levels]
    heads.SCORE_THRESH_TEST = config.score_threshold
    heads.NMS_THRESH_TEST = config.detection_nms
    heads.BATCH_SIZE_PER_IMAGE = config.rois_sampled
    heads.POSITIVE_FRACTION = config.rois_positive
    box.NAME = "FastRCNNConvFCHead"
    box.NUM_FC, box.FC_DIM = config.box_fc, config.box_width
    box.POOLER_RESOLUTION = config.box_pool
    box.BBOX_REG_WEIGHTS = config.box_weights
    mask.NAME = "MaskRCNNConvUpsampleHead"
    mask.NUM_CONV, mask.CONV_DIM = config.mask_convs, config.mask_channels
    mask.POOLER_RESOLUTION = config.mask_pool
