"""The losses teach a network: on four films it learns every one of them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from models.mask_rcnn.network import MaskRcnn
from models.mask_rcnn.scoring import image_logit, pixel_probability
from models.networks.unet import UNet
from models.training.film_mix import BatchSettings, FilmMix
from models.training.films import Film, FilmBank
from models.training.fit import FitSettings, fit
from models.training.mask_rcnn import warm_start
from models.training.mask_rcnn_task import MaskRcnnTask, split_instances, targets
from models.training.metrics import dice
from models.weights import WeightsError, save_weights

from .conftest import SIZE, TINY, SyntheticFilm, batch_of


def test_targets_have_a_box_around_every_piece(synthetic_films: list[SyntheticFilm]) -> None:
    truth = targets(batch_of(synthetic_films))
    assert [len(each.boxes) for each in truth] == [0, 1, 1, 2]
    torch.testing.assert_close(truth[1].boxes, torch.tensor([[10.0, 10.0, 30.0, 34.0]]))
    assert [each.label for each in truth] == [0.02, 0.98, 0.98, 0.98]


def test_four_films_are_learned(learned: MaskRcnn, synthetic_films: list[SyntheticFilm]) -> None:
    batch = batch_of(synthetic_films)
    with torch.no_grad():
        found = learned(batch["x"])
    logits = [float(image_logit(each.logits)) for each in found]
    assert logits[0] < 0 < min(logits[1:])
    for each, target, film in zip(found, targets(batch), synthetic_films, strict=True):
        assert int((each.scores > 0.5).sum()) == len(target.boxes)
        probability = pixel_probability(each.scores, torch.sigmoid(each.masks), each.boxes, SIZE, SIZE)
        assert dice(probability.numpy() > 0.5, film.mask > 0) > 0.85


def test_specks_are_no_instances_and_pieces_are_numbered_on() -> None:
    mask = np.zeros((200, 200), np.uint8)
    mask[10:30, 10:30] = 1
    mask[100, 100] = 1
    mask[150:160, 50:70] = 1
    labels = split_instances(mask)
    assert labels[100, 100] == 0
    assert sorted((labels[20, 20], labels[155, 60])) == [1, 2]
    assert set(np.unique(labels)) == {0, 1, 2}


def test_a_film_of_which_only_the_label_is_known_teaches_its_score_alone() -> None:
    torch.manual_seed(0)
    network = MaskRcnn(TINY).train()
    batch = {
        "instances": torch.zeros((1, SIZE, SIZE), dtype=torch.uint8),
        "known": torch.tensor([False]),
        "positive": torch.tensor([True]),
    }
    parts = network(torch.randn(1, 1, SIZE, SIZE), targets(batch))
    assert float(parts["loss_image"].detach()) > 0
    others = [float(value.detach()) for name, value in parts.items() if name != "loss_image"]
    assert others == pytest.approx([0] * 5)
    parts["loss_image"].backward()
    gradient = network.roi_heads.box_predictor.cls_score.weight.grad
    assert gradient is not None and gradient.abs().sum() > 0


def _bank(films: list[SyntheticFilm]) -> FilmBank:
    listed = [
        Film(str(place), "drawn", Path("f"), Path("m") if air else None, air, "")
        for place, air in enumerate(bool(film.mask.any()) for film in films)
    ]
    images = np.stack([np.round(film.pixels * 255).astype(np.uint8) for film in films])
    return FilmBank(listed, images, np.stack([film.mask for film in films]))


def test_a_stopped_run_goes_on_and_validation_sees_what_is_found(
    tmp_path: Path, synthetic_films: list[SyntheticFilm]
) -> None:
    none = FilmBank([], np.zeros((0, SIZE, SIZE), np.uint8), np.zeros((0, SIZE, SIZE), np.uint8))
    shares = BatchSettings(outlined=2, negative=1, inserted=0, labelled=0, digital=0, drain=0.0)
    negative = _bank(synthetic_films[:1])
    mix = FilmMix(_bank(synthetic_films[1:]), negative, none, None, none, SIZE, settings=shares)
    task = MaskRcnnTask(mix, _bank(synthetic_films))
    settings = FitSettings(steps=4, checkpoint_every=2, validate_every=4, precision="bfloat16")

    def network() -> MaskRcnn:
        torch.manual_seed(0)
        return MaskRcnn(TINY)

    class Stopping(MaskRcnnTask):
        left = 3

        def batch(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
            return super().batch(rng)

    whole = fit(network(), task, settings, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(network(), Stopping(task.mix, task.validation), settings, tmp_path / "broken")
    resumed = fit(network(), task, settings, tmp_path / "broken")
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
    with (tmp_path / "whole" / "validation.csv").open(newline="") as stream:
        (figures,) = csv.DictReader(stream)
    assert 0 <= float(figures["dice"]) <= 1
    assert figures["auc"] == figures["auc_drawn"]  # one source alone
    assert float(figures["merit"]) == pytest.approx((float(figures["dice"]) + float(figures["auc"])) / 2)
    assert whole(task.batch(np.random.default_rng(0))["x"])[0].boxes.shape[1] == 4


def test_training_begins_with_the_encoder_of_a_u_net(tmp_path: Path) -> None:
    unet = UNet(TINY.backbone, decoder_channels=(16, 12, 8, 8))
    save_weights(unet, tmp_path / "unet.safetensors")
    network = MaskRcnn(TINY)
    warm_start(network, tmp_path / "unet.safetensors")
    begun = network.backbone.bottom_up.get_submodule("body").state_dict()
    for key, value in unet.encoder.state_dict().items():
        torch.testing.assert_close(begun[key].float(), value.half().float(), msg=key)


def test_training_goes_on_from_its_own_weights_and_from_no_other(tmp_path: Path) -> None:
    torch.manual_seed(1)
    earlier = MaskRcnn(TINY)
    save_weights(earlier, tmp_path / "earlier.safetensors")
    network = MaskRcnn(TINY)
    warm_start(network, tmp_path / "earlier.safetensors")
    begun, expected = (each.roi_heads.box_head.get_parameter("fc1.weight") for each in (network, earlier))
    torch.testing.assert_close(begun, expected, atol=1e-3, rtol=0)
    with pytest.raises(WeightsError, match="missing"):
        warm_start(network, tmp_path / "absent.safetensors")
    save_weights(UNet("test_efficientnet", decoder_channels=(16, 12, 8, 8)), tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match=r"other\.safetensors does not fit this network"):
        warm_start(network, tmp_path / "other.safetensors")
