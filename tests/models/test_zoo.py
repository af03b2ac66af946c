from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
import torch
import yaml

from models import zoo
from models.cards import WEIGHTS_FOLDER, Figure, ModelCard, card_path, load_card
from models.unet_model import UNetModel
from models.weights import WeightsError, sha256_of

NAMES = ("attention-unet", "lung-fields")


def test_what_ships() -> None:
    assert set(NAMES) <= {card.name for card in zoo.cards()}
    assert "attention-unet" in zoo.available()
    assert "lung-fields" not in zoo.available()


@pytest.mark.parametrize("card", zoo.cards(), ids=lambda card: card.name)
def test_every_shipped_card_is_complete(card: ModelCard) -> None:
    for field in dataclasses.fields(card):
        value = getattr(card, field.name)
        if field.name not in ("threshold", "mask_threshold", "tried", "weights_file"):
            assert value, f"{field.name} is empty"
    assert card.shipped
    assert re.fullmatch(rf"{card.name}-\d+", card.card_id)
    assert re.fullmatch(r"[0-9a-f]{7,40}", card.commit)
    assert card.size % 32 == 0
    for source in card.sources:
        assert all((source.name, source.terms, source.use))
    for threshold in (card.threshold, card.mask_threshold):
        assert threshold is None or 0 < threshold < 1
    assert (card.threshold is None) == (card.name == zoo.LUNG_FIELDS)
    for figure in card.figures:
        assert 0 <= figure.low <= figure.value <= figure.high <= 1
        assert figure.n > 0
        assert figure.data


@pytest.mark.parametrize("card", zoo.cards(), ids=lambda card: card.name)
def test_every_shipped_weight_file_is_the_one_of_its_card_and_small(card: ModelCard) -> None:
    file = WEIGHTS_FOLDER / f"{card.name}.safetensors"
    assert file.stat().st_size < 50 * 1024**2
    assert sha256_of(file) == card.sha256


def test_every_weight_file_has_a_card_and_none_is_a_pickle() -> None:
    names = {path.stem for path in WEIGHTS_FOLDER.glob("*.safetensors")}
    assert names == {card.name for card in zoo.cards()}
    assert {path.suffix for path in WEIGHTS_FOLDER.iterdir()} <= {".safetensors", ".yaml", ".md", ".py"}


def test_an_unknown_model_is_named_with_the_choices() -> None:
    with pytest.raises(ValueError, match=r"unknown model 'resnet'; there are: .*attention-unet"):
        zoo.load("resnet")
    with pytest.raises(ValueError, match="unknown model 'lung-fields'"):
        zoo.load("lung-fields")


def test_a_users_own_weights_need_not_be_those_of_the_card(tmp_path: Path) -> None:
    model = zoo.load("attention-unet", "cpu")
    from models.weights import save_weights

    with torch.no_grad():
        model.network.image_head.bias += 1.0
    save_weights(model.network, tmp_path / "own.safetensors")
    own = zoo.load("attention-unet", "cpu", tmp_path / "own.safetensors")
    torch.testing.assert_close(own.network.image_head.bias, model.network.image_head.bias, atol=2e-3, rtol=0)
    card = load_card(card_path("attention-unet"))
    with pytest.raises(WeightsError, match="not the one that its card describes"):
        UNetModel(card, tmp_path / "own.safetensors", torch.device("cpu"))


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(WeightsError, match=r"lung-fields\.safetensors does not fit this network"):
        zoo.load("attention-unet", "cpu", WEIGHTS_FOLDER / "lung-fields.safetensors")


def test_a_card_without_thresholds_makes_no_pneumothorax_model() -> None:
    card = dataclasses.replace(load_card(card_path("attention-unet")), threshold=None)
    with pytest.raises(ValueError, match="states no decision thresholds"):
        UNetModel(card, WEIGHTS_FOLDER / "attention-unet.safetensors", torch.device("cpu"))


def test_a_figure_reads_as_a_sentence() -> None:
    figure = Figure("image ROC-AUC", 0.95, 0.9, 0.991, "SIIM-ACR", 24)
    assert str(figure) == "image ROC-AUC 0.95 [0.90, 0.99] (SIIM-ACR, n = 24)"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("field", ["sha256", "sources", "figures", "limitations"])
def test_a_card_that_lacks_a_field_is_refused_and_the_field_named(
    tmp_path: Path, name: str, field: str
) -> None:
    content = yaml.safe_load(card_path(name).read_text(encoding="utf-8"))
    del content[field]
    path = tmp_path / "partial.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"partial\.yaml is not a complete model card: .*{field}"):
        load_card(path)


@pytest.mark.parametrize("text", ["", "- a list", "a: [", "just words", "\ufffd: \x00"])
def test_a_file_that_is_no_card_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"odd\.yaml is not a complete model card"):
        load_card(path)
