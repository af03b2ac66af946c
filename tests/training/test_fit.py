from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.networks.unet import UNet
from models.training.fit import FitSettings, fit, learning_rate_factor
from models.training.losses import dice_bce


class StoppedError(Exception):
    """The machine was switched off."""


def tiny() -> UNet:
    torch.manual_seed(3)
    return UNet("test_efficientnet", attention=True, decoder_channels=(16, 12, 8, 8))


def drawn_films(count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return noise with a bright square each, and the squares, [N, 1, 32, 32] and [N, 32, 32]."""
    x = rng.normal(-0.6, 0.1, (count, 1, 32, 32)).astype(np.float32)
    mask = np.zeros((count, 32, 32), np.float32)
    for index in range(count):
        top, left = rng.integers(2, 18, 2)
        mask[index, top : top + 12, left : left + 12] = 1
    return torch.from_numpy(x + 1.2 * mask[:, None]), torch.from_numpy(mask)


class SquareTask:
    """Find the square.  Raises :class:`StoppedError` in place of batch number `stop_at`."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.left = stop_at

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise StoppedError
        x, mask = drawn_films(2, rng)
        return {"x": x, "mask": mask}

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        output = network(batch["x"])
        mask = dice_bce(output.masks[:, 0], batch["mask"], torch.ones(2, dtype=torch.bool)).mean()
        # The image head lies behind dropout: its random numbers must be resumed too.
        return {"total": mask + output.images.square().mean(), "mask": mask}

    def validate(self, network: nn.Module) -> dict[str, float]:
        assert not network.training
        return {"size": float(sum(p.detach().abs().sum() for p in network.parameters()))}


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as stream:
        return list(csv.reader(stream))


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(tmp_path: Path) -> None:
    settings = FitSettings(steps=6, checkpoint_every=3, validate_every=2)
    unbroken = fit(tiny(), SquareTask(), settings, tmp_path / "unbroken")

    with pytest.raises(StoppedError):
        fit(tiny(), SquareTask(stop_at=5), settings, tmp_path / "broken")  # two steps after its checkpoint
    torch.manual_seed(999)  # another process draws other numbers
    resumed = fit(tiny(), SquareTask(), settings, tmp_path / "broken")

    assert not resumed.training
    expected = unbroken.state_dict()
    for key, value in resumed.state_dict().items():
        assert torch.equal(value, expected[key]), key
    states = [
        torch.load(tmp_path / run / "checkpoint.pt", weights_only=True) for run in ("unbroken", "broken")
    ]
    for key, value in states[0]["network"].items():
        assert torch.equal(value, states[1]["network"][key]), key
    assert states[0]["step"] == states[1]["step"] == 6
    assert states[0]["numpy_rng"] == states[1]["numpy_rng"]
    for name in ("losses.csv", "validation.csv"):
        assert rows(tmp_path / "broken" / name) == rows(tmp_path / "unbroken" / name)
    assert [row[0] for row in rows(tmp_path / "broken" / "losses.csv")] == ["step", *"123456"]
    assert [row[0] for row in rows(tmp_path / "broken" / "validation.csv")] == ["step", *"246"]
    assert sorted(p.name for p in (tmp_path / "broken").iterdir()) == [
        "checkpoint.pt", "losses.csv", "validation.csv",
    ]  # fmt: skip


def test_a_finished_run_is_not_trained_further(tmp_path: Path) -> None:
    settings = FitSettings(steps=2)
    first = fit(tiny(), SquareTask(), settings, tmp_path)
    again = fit(tiny(), SquareTask(stop_at=0), settings, tmp_path)
    for key, value in again.state_dict().items():
        assert torch.equal(value, first.state_dict()[key])


class FourFilms(SquareTask):
    """The same four films again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.x, self.mask = drawn_films(4, np.random.default_rng(0))

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:  # noqa: ARG002
        return {"x": self.x, "mask": self.mask}

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        positive = torch.ones(4, dtype=torch.bool)
        return {"total": dice_bce(network(batch["x"]).masks[:, 0], batch["mask"], positive).mean()}


def test_a_tiny_network_learns_four_films_by_heart(tmp_path: Path) -> None:
    task = FourFilms()
    settings = FitSettings(steps=60, learning_rate=1e-2, encoder_factor=1.0, average_decay=0.8)
    network = fit(tiny(), task, settings, tmp_path)
    with torch.inference_mode():
        found = network(task.x).masks[:, 0] > 0
    truth = task.mask > 0
    overlap = 2 * (found & truth).sum(dim=(1, 2)) / (found.sum(dim=(1, 2)) + truth.sum(dim=(1, 2)))
    assert float(overlap.min()) > 0.9
    losses = [float(row[1]) for row in rows(tmp_path / "losses.csv")[1:]]
    assert np.mean(losses[-5:]) < 0.2 * np.mean(losses[:5])


def test_learning_rate_by_hand() -> None:
    # 100 steps: five of warm-up, then half a cosine from 1 to 0.01 over 95.
    assert [learning_rate_factor(step, 100) for step in range(6)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1])
    assert learning_rate_factor(100, 100) == pytest.approx(0.01)
    assert learning_rate_factor(5 + 95 // 2, 100) == pytest.approx(0.505, abs=0.01)
    assert learning_rate_factor(0, 1) == 1.0
