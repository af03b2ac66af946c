"""A user's own checkpoint in the layout of Detectron2's model zoo, without Detectron2."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models import zoo
from models.mask_rcnn.checkpoint import config_for, fill_from_tensors, load_checkpoint, read_checkpoint
from models.mask_rcnn.config import SHIPPED, STOCK, MaskRcnnConfig
from models.mask_rcnn.engines import ENGINES, build_network, detectron2_obstacle
from models.mask_rcnn.network import MaskRcnn
from models.prediction import WeightFile
from models.training.command import COLLECTIONS, train
from models.weights import WeightsError, sha256_of

ONE_CLASS = replace(STOCK, classes=1)


def available_engines() -> list[str]:
    return [engine for engine in ENGINES if engine == "torchvision" or detectron2_obstacle() is None]


@pytest.fixture(scope="module")
def zoo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file as the model zoo hands them out, with the constants of earlier versions, of one class."""
    torch.manual_seed(0)
    network = MaskRcnn(ONE_CLASS)
    arrays = {key: value.numpy() for key, value in network.state_dict().items()}
    arrays["pixel_mean"] = np.array([103.53, 116.28, 123.675], np.float32).reshape(3, 1, 1)
    arrays["pixel_std"] = np.ones((3, 1, 1), np.float32)
    # The first level's anchors of area 32², from the heights and widths of their ratios 1/2, 1 and 2.
    long, short = 32 * 2**0.5 / 2, 32 / 2**0.5 / 2
    arrays["proposal_generator.anchor_generator.cell_anchors.0"] = np.array(
        [[-long, -short, long, short], [-16, -16, 16, 16], [-short, -long, short, long]], np.float32
    )
    path = tmp_path_factory.mktemp("zoo") / "own.pkl"
    path.write_bytes(pickle.dumps({"model": arrays, "__author__": "Detectron2 Model Zoo"}))
    return path


@pytest.mark.parametrize("engine", ENGINES)
def test_the_stock_layout_loads_strictly(zoo_file: Path, engine: str) -> None:
    if engine not in available_engines():
        pytest.skip(str(detectron2_obstacle()))
    network = build_network(ONE_CLASS, engine)
    assert network.engine == engine
    load_checkpoint(network, zoo_file)
    stored = read_checkpoint(zoo_file)
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, stored[key], rtol=0, atol=0)


def test_a_missing_tensor_and_other_anchors_are_named(zoo_file: Path) -> None:
    network = MaskRcnn(ONE_CLASS)
    tensors = read_checkpoint(zoo_file)
    del tensors["backbone.fpn_lateral3.weight"]
    with pytest.raises(WeightsError, match=r"own\.pkl .* network: backbone\.fpn_lateral3\.weight is missing"):
        fill_from_tensors(network, tensors, "own.pkl")
    tensors = read_checkpoint(zoo_file)
    tensors["proposal_generator.anchor_generator.cell_anchors.0"] *= 2
    with pytest.raises(WeightsError, match=r"another proposal_generator\.\S+\.cell_anchors\.0 than this"):
        fill_from_tensors(network, tensors, "own.pkl")


@pytest.mark.filterwarnings("ignore:torch.meshgrid:UserWarning")
def test_a_users_own_stock_network_answers_in_place_of_the_cards(zoo_file: Path) -> None:
    model = zoo.load("mask-rcnn", "cpu", zoo_file)
    assert model.engine == available_engines()[0]
    # As Detectron2 feeds it, and with thresholds that the shipped weights' card says nothing about.
    assert (model.card.size, model.threshold, model.mask_threshold) == (800, 0.5, 0.5)
    assert "ResNet-50" in model.card.architecture
    assert model.card.title == "Mask R-CNN (own weights)"
    assert model.card.weights == WeightFile("own.pkl", sha256_of(zoo_file), shipped=False)
    assert MaskRcnnConfig.from_options(model.card.options) == ONE_CLASS
    # A film's corner: the whole grid takes half a minute.
    probability, logits = model.answer(torch.linspace(-1, 1, 64 * 96).view(1, 1, 64, 96))
    assert probability.shape == (1, 64, 96)
    assert probability.isfinite().all() and probability.min() >= 0 and probability.max() <= 1
    assert logits.shape == (1,)


def test_a_network_for_many_kinds_of_things_is_refused_as_an_answer(zoo_file: Path) -> None:
    tensors = read_checkpoint(zoo_file)
    assert config_for(tensors, SHIPPED, "own.pkl") == ONE_CLASS
    tensors["roi_heads.box_predictor.cls_score.weight"] = torch.zeros(81, 1024)
    with pytest.raises(WeightsError) as caught:
        config_for(tensors, SHIPPED, "coco.pkl")
    assert str(caught.value) == (
        "coco.pkl tells 80 kinds of things apart; a network of one, pneumothorax, is needed"
    )
    assert config_for({"backbone.bottom_up.body.x": torch.zeros(1)}, SHIPPED, "own.pkl") == SHIPPED


def test_an_unknown_engine_and_an_absent_detectron2_are_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="unknown engine 'keras'; there are: detectron2, torchvision"):
        build_network(SHIPPED, "keras")
    if detectron2_obstacle() is None:
        assert build_network(SHIPPED).engine == "detectron2"
        return
    with pytest.raises(ValueError, match=r"^Detectron2 is "):
        build_network(SHIPPED, "detectron2")
    assert build_network(SHIPPED).engine == "torchvision"


def test_training_by_an_absent_detectron2_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if detectron2_obstacle() is None:
        pytest.skip("Detectron2 is here")
    for name in COLLECTIONS:
        (tmp_path / "data" / name).mkdir(parents=True)
    words = ["mask-rcnn", "--by-detectron2", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "run")]
    assert train(words) == 2
    assert capsys.readouterr().err == f"ptx-viewer: {detectron2_obstacle()}\n"
    assert not (tmp_path / "run").exists()
