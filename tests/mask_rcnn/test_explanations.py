"""Every explanation of a detector, from the same two calls as of any other network."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from explain.faithfulness import measure_faithfulness
from explain.methods import METHODS, explain
from explain.target import Target
from models.mask_rcnn.model import MaskRcnnModel
from models.mask_rcnn.network import MaskRcnn
from models.training.evaluate_mask_rcnn import draft_card, options
from models.weights import save_weights

from .conftest import SIZE, TINY, SyntheticFilm


def opened(learned: MaskRcnn, folder: Path) -> MaskRcnnModel:
    save_weights(learned, folder / "mask-rcnn.safetensors")
    card = dataclasses.replace(draft_card("no command"), size=SIZE, options=options(TINY))
    weights = folder / "mask-rcnn.safetensors"
    return MaskRcnnModel(card, weights, torch.device("cpu"), checked=False, engine="torchvision")


@pytest.fixture(scope="module")
def model(learned: MaskRcnn, tmp_path_factory: pytest.TempPathFactory) -> MaskRcnnModel:
    return opened(learned, tmp_path_factory.mktemp("explained"))


@pytest.mark.parametrize("method", METHODS)
def test_the_air_explains_the_image_score(
    model: MaskRcnnModel, synthetic_films: list[SyntheticFilm], method: str
) -> None:
    film = synthetic_films[1]
    made = explain(model, film.pixels, method)
    near = cv2.dilate(film.mask, np.ones((13, 13))) > 0
    support = np.maximum(made.heatmap, 0)
    assert not made.provenance.negligible
    assert support[near].mean() > 2 * support[~near].mean()


def test_of_two_findings_the_one_that_is_asked_about_is_explained(
    model: MaskRcnnModel, synthetic_films: list[SyntheticFilm]
) -> None:
    film = synthetic_films[3]
    left = film.mask > 0
    left[:, SIZE // 2 :] = False
    made = explain(model, film.pixels, "occlusion", target=Target.finding(left, "right"))
    assert made.heatmap[:, : SIZE // 2].max() > 3 * made.heatmap[:, SIZE // 2 :].max()


def test_the_air_is_a_faithful_map(model: MaskRcnnModel, synthetic_films: list[SyntheticFilm]) -> None:
    film = synthetic_films[1]
    made = dataclasses.replace(
        explain(model, film.pixels, "grad-cam"),
        heatmap=cv2.GaussianBlur(film.mask * np.float32(1), (9, 9), 3),
    )
    found = measure_faithfulness(model, film.pixels, made, model.predict(film.pixels))
    assert found.deletion_auc < found.random_deletion_auc
    assert found.insertion_auc > found.random_insertion_auc


@pytest.mark.parametrize("method", METHODS)
def test_a_network_that_detects_nothing_is_explained_by_nothing(
    learned: MaskRcnn, tmp_path: Path, synthetic_films: list[SyntheticFilm], method: str
) -> None:
    broken = opened(learned, tmp_path)
    broken.network.get_submodule("proposal_generator.rpn_head.anchor_deltas").bias.fill_(torch.nan)
    made = explain(broken, synthetic_films[3].pixels, method)
    assert made.provenance.negligible
    assert not made.heatmap.any()
