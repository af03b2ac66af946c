"""Detectron2 itself against the same network made of torchvision's operations.

Runs wherever Detectron2 can be imported.  Random weights, scaled so that many boxes and masks survive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pydicom
import pytest
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torchvision.ops import FrozenBatchNorm2d

import resources
from models.cards import WEIGHTS_FOLDER, ModelCard, card_path, load_card
from models.mask_rcnn.checkpoint import load_checkpoint
from models.mask_rcnn.config import SHIPPED, STOCK, MaskRcnnConfig
from models.mask_rcnn.engines import build_network, detectron2_obstacle
from models.mask_rcnn.model import MaskRcnnModel
from models.mask_rcnn.network import Detections, MaskRcnn
from models.mask_rcnn.scoring import paste
from models.weights import save_weights

pytestmark = [
    # Detectron2's own calls.
    pytest.mark.filterwarnings("ignore:torch.meshgrid:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script:FutureWarning"),
]

BOX_PIXELS, SCORE, MASK_SHARE = 0.01, 1e-4, 1e-3

#: Fewer regions than the stock settings have: the same layout and arithmetic in less time.
CONFIGS = {
    "stock": replace(STOCK, after_nms=(1000, 200), detections=40),
    "shipped": replace(SHIPPED, detections=25),
}
#: Spread of what each output layer says, so that boxes differ, scores are spread and masks have borders.
SPREAD = {
    "proposal_generator.rpn_head.objectness_logits": 2.0,
    "proposal_generator.rpn_head.anchor_deltas": 0.3,
    "roi_heads.box_predictor.cls_score": 1.5,
    "roi_heads.box_predictor.bbox_pred": 1.0,
    "roi_heads.mask_head.predictor": 3.0,
}


@pytest.fixture(scope="module")
def detectron2() -> None:
    obstacle = detectron2_obstacle()
    if obstacle is not None:
        pytest.skip(f"{obstacle}: there is nothing to compare with")


@pytest.fixture(scope="module", params=["cpu", "cuda"])
def device(request: pytest.FixtureRequest) -> torch.device:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    return torch.device(request.param)


@pytest.fixture(scope="module", params=list(CONFIGS))
def engines(request: pytest.FixtureRequest, detectron2: None, device: torch.device) -> tuple[MaskRcnn, Any]:
    """Return the torchvision engine and Detectron2's, with the same weights."""
    config = CONFIGS[request.param]
    ours, theirs = build_network(config, "torchvision"), build_network(config, "detectron2")
    assert isinstance(ours, MaskRcnn)
    fill_with_lively_weights(ours)
    theirs.load_state_dict(ours.state_dict())
    return ours.to(device).eval(), theirs.to(device).eval()


def fill_with_lively_weights(network: MaskRcnn) -> None:
    generator = torch.Generator().manual_seed(1)
    for name, value in network.state_dict().items():
        if not value.is_floating_point():
            continue
        noise = torch.randn(value.shape, generator=generator)
        if value.dim() > 1:
            value.copy_(noise * (2 / value[0].numel()) ** 0.5)
        elif name.endswith("weight"):
            value.copy_(1 + 0.1 * noise)
        elif name.endswith("bias"):
            value.copy_(0.1 * noise)
    hooks = []
    for name, module in network.named_modules():
        if isinstance(module, nn.BatchNorm2d | FrozenBatchNorm2d):
            hooks.append(module.register_forward_pre_hook(_take_statistics))
        if name in SPREAD:
            # Of one class alone, the best of many regions would all but reach 1.
            few = 0.4 if network.config.classes == 1 and name.endswith("cls_score") else 1.0
            hooks.append(module.register_forward_hook(_scaler(few * SPREAD[name])))
    with torch.no_grad():
        network.eval()(random_images(network.config, seed=0, count=1))
    for hook in hooks:
        hook.remove()


def _take_statistics(module: nn.Module, inputs: tuple[Tensor]) -> None:
    module.running_mean.copy_(inputs[0].mean(dim=(0, 2, 3)))
    module.running_var.copy_(inputs[0].var(dim=(0, 2, 3)) + 1e-3)


def _scaler(spread: float) -> Any:
    scaled = []

    def scale(module: nn.Module, inputs: object, output: Tensor) -> Tensor | None:
        if scaled:  # the same layer at a further level
            return None
        factor = spread / output.std()
        module.weight *= factor
        module.bias *= factor
        scaled.append(module)
        return output * factor

    return scale


def random_images(config: MaskRcnnConfig, seed: int, count: int) -> Tensor:
    """Return smooth noise, 0..255 for the stock network, -1..1 for the shipped one; not of whole strides."""
    coarse = torch.rand(count, config.channels, 24, 21, generator=torch.Generator().manual_seed(seed))
    fine = nn.functional.interpolate(coarse, (201, 180), mode="bicubic").clamp(0, 1)
    return fine * 255 if config.channels == 3 else fine * 2 - 1


def sample_film() -> NDArray[np.float32]:
    folder = Path(resources.__file__).parent / "sample_study"
    stored = pydicom.dcmread(folder / "current-with-pneumothorax.dcm")
    shown: NDArray[np.float32] = stored.pixel_array.astype(np.float32) / (2**stored.BitsStored - 1)
    return shown


def film(config: MaskRcnnConfig) -> Tensor:
    """Return the sample film with a pneumothorax, prepared as :func:`random_images` are."""
    small = torch.from_numpy(cv2.resize(sample_film(), (212, 240), interpolation=cv2.INTER_AREA))
    images = small.expand(1, config.channels, -1, -1)
    return images * 255 if config.channels == 3 else images * 2 - 1


def images_of(name: str, network: MaskRcnn) -> Tensor:
    made = film(network.config) if name == "film" else random_images(network.config, seed=7, count=2)
    return made.to(network.pixel_mean.device)


def partners(ours: Detections, boxes: Tensor, classes: Tensor) -> Tensor:
    """Return the index of each detection's partner: scores that nearly tie may stand in another order."""
    assert len(ours.boxes) == len(boxes)
    apart = (ours.boxes[:, None] - boxes[None]).abs().amax(dim=2)
    apart = apart + 1e6 * (ours.classes[:, None] != classes[None])
    return torch.from_numpy(linear_sum_assignment(apart.cpu().numpy())[1]).to(boxes.device)


def assert_lively(found: Detections) -> None:
    sides = found.boxes[:, 2:] - found.boxes[:, :2]
    assert len(found.boxes) >= 20
    assert sides.mean() > 10
    assert found.scores.max() - found.scores.min() > 0.03
    assert found.scores.median() < 0.99
    assert 0.1 < (found.masks > 0).float().mean() < 0.9
    assert len(found.scores.unique()) == len(found.scores)


def assert_agree(
    ours: Detections, boxes: Tensor, classes: Tensor, scores: Tensor, record: Callable[[str, object], None]
) -> Tensor:
    """Return the partners; the largest differences are written beside the outcome (``--junitxml FILE``)."""
    order = partners(ours, boxes, classes)
    assert torch.equal(ours.classes, classes[order])
    apart = float((ours.boxes - boxes[order]).abs().max())
    differing = float((ours.scores - scores[order]).abs().max())
    record("detections", len(boxes))
    record("box_pixels", apart)
    record("score", differing)
    assert apart < BOX_PIXELS
    assert differing < SCORE
    return order


@pytest.mark.parametrize("name", ["film", "noise"])
def test_detectron2s_own_call_gives_the_same_boxes_scores_and_pasted_masks(
    engines: tuple[MaskRcnn, Any], name: str, record_property: Callable[[str, object], None]
) -> None:
    ours, theirs = engines
    images = images_of(name, ours)
    rows, columns = 2 * images.shape[2] + 1, 2 * images.shape[3] + 1  # pasted into a larger film
    with torch.no_grad():
        found = ours(images)
        expected = theirs([{"image": image, "height": rows, "width": columns} for image in images])
    for each, answer in zip(found, expected, strict=True):
        assert_lively(each)
        instances = answer["instances"]
        scale = each.boxes.new_tensor([columns / images.shape[3], rows / images.shape[2]] * 2)
        scaled = replace(each, boxes=each.boxes * scale)
        order = assert_agree(
            scaled, instances.pred_boxes.tensor, instances.pred_classes, instances.scores, record_property
        )
        pasted = paste(torch.sigmoid(scaled.masks), scaled.boxes, rows, columns) >= 0.5
        own = instances.pred_masks[order]
        differing = float((pasted ^ own).sum() / (pasted | own).sum())
        record_property("mask_share", differing)
        assert differing < MASK_SHARE


@pytest.mark.parametrize("name", ["film", "noise"])
def test_both_engines_answer_detect_alike(
    engines: tuple[MaskRcnn, Any], name: str, record_property: Callable[[str, object], None]
) -> None:
    ours, theirs = engines
    images = images_of(name, ours)
    with torch.no_grad():
        pairs = list(zip(ours.detect(images), theirs.detect(images), strict=True))
    for found, expected in pairs:
        order = assert_agree(found, expected.boxes, expected.classes, expected.scores, record_property)
        torch.testing.assert_close(found.logits, expected.logits[order], rtol=0, atol=1e-3)
        differing = (found.masks > 0) ^ (expected.masks[order] > 0)
        assert differing.float().mean() < MASK_SHARE


def test_the_pyramids_levels_are_alike(engines: tuple[MaskRcnn, Any]) -> None:
    ours, theirs = engines
    with torch.no_grad():
        images = images_of("noise", ours)
        found, expected = ours.features(images), theirs.features(images)
    assert sorted(found) == sorted(expected) == [2, 3, 4, 5, 6]
    for level, feature in found.items():
        torch.testing.assert_close(feature, expected[level], rtol=1e-4, atol=1e-4)


def test_explanations_see_the_same_gradient_through_either_engine(engines: tuple[MaskRcnn, Any]) -> None:
    ours, theirs = engines
    gradients = []
    for network in (ours, theirs):
        images = images_of("film", ours).requires_grad_()
        (found,) = network.detect(images)
        (gradient,) = torch.autograd.grad(found.logits.sum() + found.masks.sum(), images)
        gradients.append(gradient)
    assert gradients[0].abs().max() > 0
    difference = (gradients[0] - gradients[1]).norm() / gradients[0].norm()
    assert difference < 1e-3


def test_the_same_tensors_constants_and_frozen_parts(engines: tuple[MaskRcnn, Any]) -> None:
    ours, theirs = engines
    assert list(ours.state_dict().keys() ^ theirs.state_dict().keys()) == []
    constants = dict(theirs.named_buffers())
    assert dict(ours.named_buffers()).keys() == constants.keys()
    for key, value in ours.named_buffers():
        torch.testing.assert_close(value, constants[key], rtol=0, atol=0)
    trained = {key for key, value in ours.named_parameters() if value.requires_grad}
    assert trained == {key for key, value in theirs.named_parameters() if value.requires_grad}


def test_nothing_found_is_an_empty_answer_in_both(detectron2: None) -> None:
    config = replace(CONFIGS["shipped"], score_threshold=1.0)
    for engine in ("torchvision", "detectron2"):
        network = build_network(config, engine).eval()
        with torch.no_grad():
            (found,) = network.detect(random_images(config, seed=3, count=1))
        assert found.boxes.shape == (0, 4)
        assert found.logits.shape == found.classes.shape == (0,)
        assert found.masks.shape == (0, 2 * config.mask_pool, 2 * config.mask_pool)


def test_detectron2s_checkpointer_and_ours_read_each_others_files(
    engines: tuple[MaskRcnn, Any], tmp_path: Path
) -> None:
    from detectron2.checkpoint import DetectionCheckpointer

    ours, theirs = engines
    DetectionCheckpointer(theirs, str(tmp_path)).save("theirs", iteration=3)
    fresh = build_network(ours.config, "torchvision")
    load_checkpoint(fresh, tmp_path / "theirs.pth")
    for key, value in ours.state_dict().items():
        torch.testing.assert_close(fresh.state_dict()[key], value.cpu(), rtol=0, atol=0)

    torch.save({"model": ours.state_dict()}, tmp_path / "ours.pth")
    other = build_network(ours.config, "detectron2")
    checkpointer = DetectionCheckpointer(other)
    problems = []
    checkpointer._log_incompatible_keys = problems.append
    checkpointer.load(str(tmp_path / "ours.pth"))
    assert [(p.missing_keys, p.unexpected_keys, p.incorrect_shapes) for p in problems] == [([], [], [])]
    for key, value in ours.state_dict().items():
        torch.testing.assert_close(other.state_dict()[key], value.cpu(), rtol=0, atol=0)


def test_half_precision_places_regions_as_exactly_in_both(
    engines: tuple[MaskRcnn, Any], device: torch.device, record_property: Callable[[str, object], None]
) -> None:
    ours, theirs = engines
    if ours.config.channels > 1:
        pytest.skip("half precision is what the shipped network runs in")
    images = images_of("film", ours)
    kind = torch.float16 if device.type == "cuda" else torch.bfloat16
    with torch.no_grad(), torch.autocast(device.type, dtype=kind):
        (found,), (expected,) = ours.detect(images), theirs.detect(images)
    assert found.boxes.dtype == expected.boxes.dtype == torch.float32
    order = assert_agree(found, expected.boxes, expected.classes, expected.scores, record_property)
    assert ((found.masks > 0) ^ (expected.masks[order] > 0)).float().mean() < MASK_SHARE


def assert_models_agree(card: ModelCard, weights: Path, record: Callable[[str, object], None]) -> None:
    """Ask the program's model, by either engine, about the sample film."""
    models = [
        MaskRcnnModel(card, weights, torch.device("cpu"), engine=engine, checked=False)
        for engine in ("torchvision", "detectron2")
    ]
    grid, _ = models[0].prepare(sample_film())
    with torch.no_grad():
        (found,), (expected,) = (model.detect(grid) for model in models)
    order = assert_agree(found, expected.boxes, expected.classes, expected.scores, record)
    assert ((found.masks > 0) ^ (expected.masks[order] > 0)).float().mean() < MASK_SHARE

    answers = [model.predict(sample_film()) for model in models]
    assert [answer.engine for answer in answers] == ["torchvision", "detectron2"]
    assert abs(answers[0].score - answers[1].score) < SCORE
    assert (answers[0].mask ^ answers[1].mask).mean() < MASK_SHARE


def test_the_models_answers_agree(
    detectron2: None, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    network = MaskRcnn(SHIPPED)
    fill_with_lively_weights(network)
    save_weights(network, tmp_path / "lively.safetensors")
    earlier = load_card(card_path("attention-unet"))
    options = earlier.options | {"mask_rcnn": SHIPPED.to_options()}
    made = replace(earlier, options=options, threshold=0.0, mask_threshold=0.3)
    assert_models_agree(made, tmp_path / "lively.safetensors", record_property)


def test_the_shipped_weights_agree_on_the_sample_film(
    detectron2: None, record_property: Callable[[str, object], None]
) -> None:
    weights = WEIGHTS_FOLDER / "mask-rcnn.safetensors"
    if not weights.is_file():
        pytest.skip("no weights of Mask R-CNN are shipped yet")
    assert_models_agree(load_card(card_path("mask-rcnn")), weights, record_property)
