"""A user's own weights: what their card says, and the sentences with which files are refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from models import zoo
from models.cards import WEIGHTS_FOLDER, card_path, load_card
from models.consensus import card_of, no_consensus
from models.training.export import write_model
from models.weights import WeightsError, sha256_of

SHIPPED = WEIGHTS_FOLDER / "mask-rcnn.safetensors"


@pytest.fixture(scope="module")
def tensors() -> dict[str, torch.Tensor]:
    return load_file(SHIPPED)


def test_a_file_in_the_shipped_layout_gets_the_shipped_card_without_its_figures(tmp_path, tensors):
    own = {key: value.float() for key, value in tensors.items()}
    own["roi_heads.box_predictor.cls_score.bias"] += 1
    torch.save({"model": own, "iteration": 7}, tmp_path / "model_final.pth")
    model = zoo.load("mask-rcnn", "cpu", tmp_path / "model_final.pth")
    digest = sha256_of(tmp_path / "model_final.pth")
    card, shipped = model.card, load_card(card_path("mask-rcnn"))
    assert card.card_id == f"mask-rcnn, own weights model_final.pth ({digest[:12]})"
    assert (card.title, card.sha256, card.shipped) == ("Mask R-CNN (own weights)", digest, False)
    assert card.figures == card.sources == ()
    assert "nothing was measured" in card.limitations[0]
    assert "not chosen for this file" in card.threshold_rule
    assert (card.threshold, card.size, card.options) == (shipped.threshold, shipped.size, shipped.options)
    stored = model.network.state_dict()["roi_heads.box_predictor.cls_score.bias"]
    torch.testing.assert_close(stored, own["roi_heads.box_predictor.cls_score.bias"])


def test_a_folder_from_training_keeps_its_own_card(tmp_path):
    shipped = zoo.load("attention-unet", "cpu")
    trained = dataclasses.replace(shipped.card, card_id="attention-unet-3", threshold=0.33, size=64)
    write_model(shipped.network, trained, tmp_path)
    model = zoo.load("attention-unet", "cpu", tmp_path)
    # Of the same number as the shipped weights, and yet never taken for them.
    assert model.card.card_id.startswith("attention-unet-3, own weights attention-unet.safetensors (")
    assert model.card.figures == trained.figures
    assert (model.threshold, model.card.size, model.card.shipped) == (0.33, 64, False)
    with pytest.raises(ValueError, match="holds weights of 'attention-unet', not of 'mask-rcnn'"):
        zoo.load("mask-rcnn", "cpu", tmp_path)


def test_the_first_missing_extra_and_misshaped_tensors_are_named(tmp_path, tensors):
    wrong = dict(tensors)
    missing = sorted(wrong)[0]
    del wrong[missing]
    wrong["extra.weight"] = torch.zeros(2)
    wrong["roi_heads.box_predictor.cls_score.bias"] = torch.zeros(81)
    save_file(wrong, tmp_path / "own.safetensors")
    with pytest.raises(WeightsError) as caught:
        zoo.load("mask-rcnn", "cpu", tmp_path / "own.safetensors")
    assert str(caught.value) == (
        f"own.safetensors does not fit this network: {missing} is missing; extra.weight is not part of this "
        "network; roi_heads.box_predictor.cls_score.bias has shape (81,) instead of (2,)"
    )


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("own.safetensors", b"no tensors", "own.safetensors is not a readable safetensors file"),
        ("own.pth", b"no tensors", "own.pth is damaged or holds more than tensors, and is refused"),
        ("own.txt", b"", "own.txt is no checkpoint: its name ends in none of .safetensors, .pth, .pkl"),
    ],
)
def test_what_holds_no_weights_is_refused_in_one_sentence(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError) as caught:
        zoo.load("mask-rcnn", "cpu", tmp_path / name)
    assert str(caught.value) == sentence


def test_a_place_without_weights_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"there is no weight file or folder '.*gone\.pth'"):
        zoo.load("mask-rcnn", "cpu", tmp_path / "gone.pth")
    with pytest.raises(ValueError, match=r"must hold one card \(\.yaml\) with its weights, it holds 0"):
        zoo.load("mask-rcnn", "cpu", tmp_path)


def test_a_card_that_describes_no_network_is_refused(tmp_path):
    shipped = zoo.load("attention-unet", "cpu")
    options = {key: value for key, value in shipped.card.options.items() if key != "encoder"}
    write_model(shipped.network, dataclasses.replace(shipped.card, options=options), tmp_path)
    with pytest.raises(ValueError, match=r"the card of attention-unet\.safetensors describes no possible"):
        zoo.load("attention-unet", "cpu", tmp_path)


def test_own_weights_have_no_consensus(tmp_path: Path):
    one, two = load_card(card_path("attention-unet")), load_card(card_path("mask-rcnn"))
    assert no_consensus([one, two]) == ""
    own = dataclasses.replace(two, title="Mask R-CNN (own weights)", weights_file="own.pth")
    said = "No consensus is made: it was fitted to the shipped weights, not to Mask R-CNN (own weights)."
    assert no_consensus([one, own]) == said
    with pytest.raises(ValueError, match="No consensus is made"):
        card_of([one, own])
