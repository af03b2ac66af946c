"""The model that the program asks: findings with sides, gated by the image score, and explained."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from models.cards import ModelCard
from models.geometry import Turn
from models.mask_rcnn.backbone import ResNet50, stage_of
from models.mask_rcnn.model import MaskRcnnModel
from models.mask_rcnn.network import MaskRcnn
from models.prediction import LungFields, Side
from models.training.evaluate_mask_rcnn import draft_card, options
from models.training.metrics import dice
from models.weights import WeightsError, save_weights
from models.zoo import open_model

from .conftest import SIZE, TINY, SyntheticFilm


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, learned: MaskRcnn) -> Path:
    made = tmp_path_factory.mktemp("mask-rcnn")
    save_weights(learned, made / "mask-rcnn.safetensors")
    return made


@pytest.fixture(scope="session")
def card() -> ModelCard:
    return dataclasses.replace(draft_card("no command"), size=SIZE, options=options(TINY))


@pytest.fixture(scope="session")
def model(folder: Path, card: ModelCard) -> MaskRcnnModel:
    return MaskRcnnModel(
        card, folder / "mask-rcnn.safetensors", torch.device("cpu"), checked=False, engine="torchvision"
    )


LUNGS = LungFields(
    right=np.pad(np.ones((80, 30), np.bool_), ((8, 8), (6, 60))),
    left=np.pad(np.ones((80, 30), np.bool_), ((8, 8), (60, 6))),
    card_id="drawn by hand",
)


def test_two_pieces_of_air_are_two_findings_each_on_its_side(
    model: MaskRcnnModel, synthetic_films: list[SyntheticFilm]
) -> None:
    film = synthetic_films[3]
    answer = model.predict(film.pixels, lungs=LUNGS)
    assert answer.present and answer.engine == "torchvision"
    assert sorted(each.side for each in answer.instances) == [Side.LEFT, Side.RIGHT]
    for each in answer.instances:
        # Patient's right lies at the film's left.
        assert (each.box.left < SIZE / 2) == (each.side is Side.RIGHT)
        assert each.score > 0.5
    assert dice(answer.mask, film.mask > 0) > 0.8


def test_a_film_without_air_has_no_findings(
    model: MaskRcnnModel, synthetic_films: list[SyntheticFilm]
) -> None:
    answer = model.predict(synthetic_films[0].pixels, lungs=LUNGS)
    assert answer.score < answer.threshold
    assert answer.instances == () and not answer.mask.any()


def test_a_score_below_the_threshold_suppresses_every_finding(
    model: MaskRcnnModel, folder: Path, card: ModelCard, synthetic_films: list[SyntheticFilm]
) -> None:
    strict = MaskRcnnModel(
        dataclasses.replace(card, threshold=0.9999),
        folder / "mask-rcnn.safetensors", torch.device("cpu"), checked=False, engine="torchvision",
    )  # fmt: skip
    film = synthetic_films[3].pixels
    gated = strict.predict(film)
    assert gated.instances == ()
    # The gate changes nothing else.
    np.testing.assert_array_equal(gated.probability, model.predict(film).probability)


def test_a_network_that_proposes_nothing_gives_an_empty_answer(
    folder: Path, card: ModelCard, synthetic_films: list[SyntheticFilm]
) -> None:
    broken = MaskRcnnModel(
        card, folder / "mask-rcnn.safetensors", torch.device("cpu"), checked=False, engine="torchvision"
    )
    broken.network.get_submodule("proposal_generator.rpn_head.anchor_deltas").bias.fill_(torch.nan)
    answer = broken.predict(synthetic_films[3].pixels)
    assert answer.instances == () and not answer.probability.any()
    assert answer.score < 1e-4


def test_the_answer_is_the_same_however_the_film_lies_in_its_file(
    model: MaskRcnnModel, synthetic_films: list[SyntheticFilm]
) -> None:
    film = synthetic_films[3].pixels
    turn = Turn(transpose=True, flip_rows=True)
    lying = turn.undo(film)
    upright, turned = model.predict(film), model.predict(lying, turn)
    assert turned.score == pytest.approx(upright.score, abs=1e-6)
    np.testing.assert_allclose(turn.apply(turned.probability), upright.probability, atol=1e-6)


def test_findings_come_back_in_the_films_own_grid(
    model: MaskRcnnModel, synthetic_films: list[SyntheticFilm]
) -> None:
    large = cv2.resize(synthetic_films[1].pixels, (3 * SIZE, 3 * SIZE), interpolation=cv2.INTER_LINEAR)
    (finding,) = model.predict(np.asarray(large, np.float32)).instances
    # The piece lies in rows 10..34 and columns 10..30 of the film a third as large.
    assert abs(finding.box.top - 30) < 9 and abs(finding.box.bottom - 102) < 9
    assert abs(finding.box.left - 30) < 9 and abs(finding.box.right - 90) < 9


def test_the_score_moves_with_the_air_alone(
    model: MaskRcnnModel, synthetic_films: list[SyntheticFilm]
) -> None:
    grid, _ = model.prepare(synthetic_films[1].pixels)
    grid.requires_grad_(True)
    score = model.score(grid)
    assert score.shape == (1,)
    score.sum().backward()
    assert grid.grad is not None
    moved = grid.grad[0, 0].abs().numpy()
    near = cv2.dilate(synthetic_films[1].mask, np.ones((13, 13))) > 0
    assert moved[near].mean() > 4 * moved[~near].mean()


def test_a_region_asks_for_the_pixels_inside_it(
    model: MaskRcnnModel, synthetic_films: list[SyntheticFilm]
) -> None:
    film = synthetic_films[1]
    grid, _ = model.prepare(film.pixels)
    air = torch.from_numpy(cv2.erode(film.mask, np.ones((5, 5))) > 0)
    elsewhere = torch.zeros_like(air)
    elsewhere[60:80, 60:80] = True
    assert float(model.score(grid, air)) > 1.0
    assert float(model.score(grid, elsewhere)) < -4.0
    grid.requires_grad_(True)
    model.score(grid, air).sum().backward()
    assert grid.grad is not None and bool(grid.grad.abs().sum() > 0)


def test_the_image_score_needs_no_masks(model: MaskRcnnModel, synthetic_films: list[SyntheticFilm]) -> None:
    grid, _ = model.prepare(synthetic_films[3].pixels)
    (whole,), (bare,) = model.detect(grid), model.detect(grid, outlined=False)
    assert len(bare.masks) == len(whole.masks) > 0
    assert bare.masks.numel() == 0
    assert torch.equal(bare.boxes, whole.boxes)
    assert torch.equal(bare.logits, whole.logits)


def test_the_explained_layers_end_in_the_features_that_the_pyramid_stands_on(
    model: MaskRcnnModel, synthetic_films: list[SyntheticFilm]
) -> None:
    grid, _ = model.prepare(synthetic_films[1].pixels)
    seen: list[torch.Tensor] = []
    handles = [
        layer.module.register_forward_hook(lambda _m, _i, output: seen.append(output))
        for layer in model.explained_layers
    ]
    expected = model.network.get_submodule("backbone.bottom_up")(grid)[1:]
    for handle in handles:
        handle.remove()
    assert [each.shape[-1] for each in seen] == [SIZE // 8, SIZE // 16, SIZE // 32]
    for layer, feature in zip(seen, expected, strict=True):
        assert torch.equal(layer, feature)


def test_a_resnet_has_its_stages_by_detectron2s_names() -> None:
    bottom_up = ResNet50(1, stride_in_1x1=True)
    assert [stage_of(bottom_up, level) for level in (3, 5)] == [bottom_up.res3, bottom_up.res5]


def test_the_zoo_tells_the_kinds_of_model_by_their_cards(folder: Path, card: ModelCard) -> None:
    opened = open_model(card, folder / "mask-rcnn.safetensors", torch.device("cpu"), checked=False)
    assert isinstance(opened, MaskRcnnModel)


def test_a_card_with_an_unknown_setting_is_refused(folder: Path, card: ModelCard) -> None:
    stated = {**card.options["mask_rcnn"], "depth": 50}
    wrong = dataclasses.replace(card, options={**card.options, "mask_rcnn": stated})
    with pytest.raises(ValueError, match="unknown settings of Mask R-CNN: depth"):
        open_model(wrong, folder / "mask-rcnn.safetensors", torch.device("cpu"), checked=False)


def test_weights_of_another_shape_are_refused(folder: Path, card: ModelCard) -> None:
    wider = dataclasses.replace(card, options=options(dataclasses.replace(TINY, box_width=128)))
    sentence = r"box_head\.fc1\.weight has shape \(64, 1568\) instead of \(128, 1568\)"
    with pytest.raises(WeightsError, match=sentence):
        open_model(wider, folder / "mask-rcnn.safetensors", torch.device("cpu"), checked=False)
