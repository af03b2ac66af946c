"""What a batch holds, on drawn films."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from models.networks.unet import UNet
from models.training.film_mix import FilmMix
from models.training.films import Film, FilmBank
from models.training.lung_task import LungTask, as_input, split_sides
from models.training.pneumothorax import outline_lungs
from models.training.pneumothorax_task import PneumothoraxTask

SIZE = 128


def lungs() -> np.ndarray:
    rows, columns = np.indices((SIZE, SIZE))
    right = ((rows - 64) / 48) ** 2 + ((columns - 36) / 24) ** 2 <= 1
    return (right + 2 * right[:, ::-1]).astype(np.uint8)


def bank(count: int, source: str, positive: bool, mask: np.ndarray | None, grey: int = 100) -> FilmBank:
    film = np.where(lungs() > 0, 60, 180) + np.random.default_rng(grey).normal(0, 5, (SIZE, SIZE))
    images = np.repeat(np.clip(film, 0, 255).astype(np.uint8)[None], count, axis=0)
    masks = np.zeros_like(images) if mask is None else np.repeat(mask[None], count, axis=0)
    path = Path("mask.png") if mask is not None else None
    films = [Film(f"{source}{i}", source, Path("f"), path, positive, f"{i}") for i in range(count)]
    return FilmBank(films, images, masks)


@pytest.fixture
def task() -> PneumothoraxTask:
    drawn = np.zeros((SIZE, SIZE), np.uint8)
    drawn[30:60, 20:40] = 1
    negatives, more = bank(2, "siim", False, lungs()), bank(6, "nih", False, lungs(), 101)
    both = FilmBank(
        negatives.films + more.films,
        np.concatenate([negatives.images, more.images]),
        np.concatenate([negatives.masks, more.masks]),
    )
    mix = FilmMix(
        outlined=bank(2, "siim", True, drawn),
        negatives=both,
        labelled=bank(1, "nih", True, None),
        profiles=np.full((3, 24), 0.3, np.float32),
        digital=bank(1, "digital", True, drawn, 102),
        size=64,
    )
    return PneumothoraxTask(mix, bank(2, "siim", True, drawn))


def test_a_batch_mixes_its_kinds_of_films_in_fixed_shares(task: PneumothoraxTask) -> None:
    batch = task.batch(np.random.default_rng(0))
    assert batch["x"].shape == (12, 1, 64, 64)
    assert float(batch["x"].min()) >= -1
    assert float(batch["x"].max()) <= 1
    assert batch["positive"].tolist() == [True] * 5 + [False] * 3 + [True] * 4
    assert batch["known"].tolist() == [True] * 10 + [False, True]
    area = batch["mask"].sum(dim=(1, 2))
    assert bool((area[:5] > 0).all())
    assert bool((area[5:8] == 0).all())
    assert bool((area[8:10] > 0).all())
    assert float(area[11]) > 0
    assert set(batch["mask"].unique().tolist()) == {0.0, 1.0}


def test_batches_are_repeatable(task: PneumothoraxTask) -> None:
    first, second = (task.batch(np.random.default_rng(3)) for _ in range(2))
    for key, value in first.items():
        assert torch.equal(value, second[key])


def test_an_unknown_mask_teaches_the_score_alone(task: PneumothoraxTask) -> None:
    torch.manual_seed(0)
    network = UNet("test_efficientnet", decoder_channels=(16, 12, 8, 8)).eval()
    batch = task.batch(np.random.default_rng(0))
    losses = task.loss(network, batch)
    torch.testing.assert_close(losses["total"], losses["mask"] + 0.5 * losses["image"])
    batch["mask"][10] = 1 - batch["mask"][10]  # the film whose mask nobody drew
    torch.testing.assert_close(task.loss(network, batch)["mask"], losses["mask"])
    batch["mask"][0] = 1 - batch["mask"][0]
    assert float(task.loss(network, batch)["mask"].detach()) != float(losses["mask"].detach())


class Perfect(torch.nn.Module):
    """Marks what is brighter than the middle grey."""

    def forward(self, x: torch.Tensor):
        from models.networks.unet import UNetOutput

        return UNetOutput(masks=x, images=x.amax(dim=(2, 3)))


def test_validation_measures_dice_of_positives_and_auc_by_source(task: PneumothoraxTask) -> None:
    task.validation.images[:] = np.where(task.validation.masks > 0, 255, 0)
    figures = task.validate(Perfect())
    assert figures["dice"] == 1.0
    assert np.isnan(figures["auc_siim"])  # no negative film among them


def test_sides_of_a_mask_of_both_lungs() -> None:
    np.testing.assert_array_equal(split_sides((lungs() > 0).astype(np.uint8) * 255), lungs())
    assert not split_sides(np.zeros((8, 8), np.uint8)).any()


def test_grey_values_become_input() -> None:
    x = as_input(np.array([[[0, 255], [51, 204]]], np.uint8))
    torch.testing.assert_close(x, torch.tensor([[[[-1.0, 1.0], [-0.6, 0.6]]]]))


def test_a_mirrored_film_keeps_the_patients_sides_in_the_lung_task() -> None:
    """Whichever way a film is mirrored, label 1 stays at the film's left: sides are those of the display."""
    outlined = bank(3, "jsrt", False, lungs())
    plain = bank(2, "nih", False, None)
    task = LungTask(outlined, plain, plain, outlined, plain, batch_size=6)
    batch = task.batch(np.random.default_rng(0))
    assert batch["known"].tolist() == [True] * 4 + [False] * 2
    assert batch["frontal"][:4].tolist() == [1.0] * 4
    assert batch["frontal"][-1] == 0
    columns = torch.arange(batch["mask"].shape[-1], dtype=torch.float32)
    for labels in batch["mask"][:4]:
        sides = [(labels == side).float().sum(dim=0) for side in (1, 2)]
        right, left = (float((side * columns).sum() / side.sum()) for side in sides)
        assert right < left


def test_lung_outlines_of_host_films_come_in_the_grid_of_the_bank() -> None:
    torch.manual_seed(0)
    network = UNet("test_efficientnet", classes=3, decoder_channels=(16, 12, 8, 8))
    with torch.no_grad():
        network.mask_head.weight.zero_()
        network.mask_head.bias.copy_(torch.tensor([0.0, 2.0, 1.0]))
    outlines = outline_lungs(bank(2, "nih", False, None), network)
    assert outlines.shape == (2, SIZE, SIZE)
    assert outlines.dtype == np.uint8
    assert set(np.unique(outlines)) == {1}
