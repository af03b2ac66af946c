"""The network's layout and its losses."""

from __future__ import annotations

from models.mask_rcnn.config import STOCK
from models.mask_rcnn.network import MaskRcnn


def test_stock_has_the_keys_and_shapes_of_detectron2s_model_zoo() -> None:
    state = MaskRcnn(STOCK).state_dict()
    # 53 convolutions of ResNet-50 with five tensors each, and 42 of pyramid and heads.
    assert len(state) == 53 * 5 + 42
    expected = {
        "backbone.bottom_up.stem.conv1.weight": (64, 3, 7, 7),
        "backbone.bottom_up.res2.0.shortcut.norm.running_var": (256,),
        "backbone.bottom_up.res5.2.conv3.weight": (2048, 512, 1, 1),
        "backbone.fpn_lateral5.weight": (256, 2048, 1, 1),
        "backbone.fpn_output2.bias": (256,),
        "proposal_generator.rpn_head.conv.weight": (256, 256, 3, 3),
        "proposal_generator.rpn_head.objectness_logits.weight": (3, 256, 1, 1),
        "proposal_generator.rpn_head.anchor_deltas.bias": (12,),
        "roi_heads.box_head.fc1.weight": (1024, 256 * 49),
        "roi_heads.box_head.fc2.bias": (1024,),
        "roi_heads.box_predictor.cls_score.weight": (81, 1024),
        "roi_heads.box_predictor.bbox_pred.weight": (320, 1024),
        "roi_heads.mask_head.mask_fcn4.weight": (256, 256, 3, 3),
        "roi_heads.mask_head.deconv.weight": (256, 256, 2, 2),
        "roi_heads.mask_head.predictor.weight": (80, 256, 1, 1),
    }
    assert {key: tuple(state[key].shape) for key in expected} == expected
