from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.networks.unet import UNetOutput
from models.training.best import Best
from models.training.fit import FitSettings, fit, trained_weights
from models.training.placement import Placed, check_precision

ROOT = Path(__file__).parents[2]


class Line(nn.Module):
    """Two numbers: a weight in the "encoder", a bias outside it."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Conv2d(1, 1, 1, bias=False)
        self.bias = nn.Parameter(torch.zeros(1))
        nn.init.constant_(self.encoder.weight, 0.5)

    def forward(self, x: Tensor) -> UNetOutput:
        masks = self.encoder(x) + self.bias
        return UNetOutput(masks=masks, images=masks.mean(dim=(2, 3)))


class Scripted:
    """Batches from the generator, and validation figures as scripted."""

    def __init__(self, figures: list[float], size: int = 2) -> None:
        self.figures, self.size, self.seen = figures, size, 0

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        return {"x": torch.from_numpy(rng.normal(size=(self.size, 1, 4, 4)).astype(np.float32))}

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"total": (network(batch["x"]).masks - 3 * batch["x"] - 1).square().mean()}

    def validate(self, network: nn.Module) -> dict[str, float]:
        assert not network.training
        self.seen += 1
        weight = dict(network.named_parameters())["network.encoder.weight"]
        return {"dice": self.figures[self.seen - 1], "weight": float(weight.detach())}


def column(path: Path, name: str) -> list[float]:
    with path.open(newline="") as stream:
        return [float(row[name]) for row in csv.DictReader(stream)]


def test_patience_by_hand() -> None:
    best, network = Best(2), Line()
    assert [best.see(figure, network) for figure in (0.1, 0.3, 0.2)] == [False, False, False]
    with torch.no_grad():
        network.bias.add_(1)
    assert best.see(float("nan"), network)  # not a number is no better
    assert best.figure == 0.3
    assert float(best.weights["bias"]) == 0  # the weights of that moment, not of now
    assert not Best(0).see(0.1, network)


def test_a_run_stops_early_and_gives_its_best_weights(tmp_path: Path) -> None:
    settings = FitSettings(steps=20, validate_every=2, checkpoint_every=5, patience=2, average_decay=0.5)
    task = Scripted([0.1, 0.5, 0.4, 0.3, 0.9])
    network = fit(Line(), task, settings, tmp_path)
    assert column(tmp_path / "validation.csv", "step") == [2, 4, 6, 8]
    assert len(column(tmp_path / "losses.csv", "step")) == 8
    best = column(tmp_path / "validation.csv", "weight")[1]
    assert float(network.encoder.weight.detach()) == pytest.approx(best, abs=1e-6)
    assert float(trained_weights(tmp_path)["encoder.weight"]) == pytest.approx(best, abs=1e-6)
    # A run that stopped does not go on when it is started again.
    again = fit(Line(), Scripted([]), settings, tmp_path)
    assert torch.equal(again.encoder.weight, network.encoder.weight)
    with pytest.raises(ValueError, match="has no checkpoint yet"):
        trained_weights(tmp_path / "none")


def test_early_stopping_is_resumed_exactly(tmp_path: Path) -> None:
    settings = FitSettings(steps=20, validate_every=2, checkpoint_every=3, patience=3)
    figures = [0.1, 0.5, 0.4, 0.3, 0.2]
    whole = fit(Line(), Scripted(figures), settings, tmp_path / "whole")
    with pytest.raises(IndexError):  # switched off at the third validation, after the checkpoint of step 3
        fit(Line(), Scripted(figures[:2]), settings, tmp_path / "broken")
    resumed = fit(Line(), Scripted(figures[1:]), settings, tmp_path / "broken")
    for key, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[key], value)
    for name in ("losses.csv", "validation.csv"):
        assert (tmp_path / "broken" / name).read_text() == (tmp_path / "whole" / name).read_text()


def test_a_figure_that_validation_does_not_give_is_named(tmp_path: Path) -> None:
    settings = FitSettings(steps=2, patience=1, watched="recall")
    with pytest.raises(ValueError, match="watches 'recall', but validation gives dice, weight"):
        fit(Line(), Scripted([0.1]), settings, tmp_path)


class Halves(Scripted):
    """Hands out one fixed batch of four in two halves."""

    def __init__(self, whole: bool) -> None:
        super().__init__([0.0] * 9)
        self.films = torch.arange(64, dtype=torch.float32).reshape(4, 1, 4, 4) / 64
        self.whole, self.turn = whole, 0

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:  # noqa: ARG002
        if self.whole:
            return {"x": self.films}
        self.turn ^= 1
        return {"x": self.films[:2] if self.turn else self.films[2:]}


def test_two_halves_accumulated_are_one_batch(tmp_path: Path) -> None:
    whole = fit(Line(), Halves(whole=True), FitSettings(steps=5), tmp_path / "whole")
    halves = fit(Line(), Halves(whole=False), FitSettings(steps=5, accumulate=2), tmp_path / "halves")
    for key, value in whole.state_dict().items():
        torch.testing.assert_close(halves.state_dict()[key], value)
    torch.testing.assert_close(
        column(tmp_path / "halves" / "losses.csv", "total"),
        column(tmp_path / "whole" / "losses.csv", "total"),
    )


def test_half_precision_rounds_the_pass_and_nothing_else(tmp_path: Path) -> None:
    network = Line()
    with torch.no_grad():
        network.encoder.weight.fill_(1.0 + 2.0**-9)  # bfloat16 has 8 bits: rounded to 1
    x = torch.ones(1, 1, 4, 4)
    cpu = torch.device("cpu")
    assert float(Placed(network, cpu, "float32")(x).masks[0, 0, 0, 0].detach()) == 1.0 + 2.0**-9
    rounded = Placed(network, cpu, "bfloat16")(x)
    assert rounded.masks.dtype == rounded.images.dtype == torch.float32
    assert float(rounded.masks[0, 0, 0, 0].detach()) == 1.0
    trained = fit(Line(), Scripted([0.0]), FitSettings(steps=3, precision="bfloat16"), tmp_path)
    assert trained.encoder.weight.dtype == torch.float32
    assert float(trained.encoder.weight.detach()) != 0.5


def test_a_precision_that_the_processor_cannot_do_is_refused() -> None:
    with pytest.raises(ValueError, match="float16 needs a CUDA GPU"):
        check_precision("float16", torch.device("cpu"))
    with pytest.raises(ValueError, match="precision must be one of float32, bfloat16, float16, not 'int8'"):
        check_precision("int8", torch.device("cpu"))


TWO_PROCESSES = """
import hashlib, sys
from pathlib import Path
import numpy as np, torch
from torch import nn
from models.networks.unet import UNetOutput
from models.training.fit import FitSettings, fit
from models.training.world import joined

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.encoder = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout(0.3))
        self.head = nn.Conv2d(4, 1, 1)
    def forward(self, x):
        masks = self.head(self.encoder(x))
        return UNetOutput(masks=masks, images=masks.mean(dim=(2, 3)))

class Task:
    def __init__(self, left=99):
        self.left = left
    def batch(self, rng):
        self.left -= 1
        if self.left < 0:
            raise InterruptedError
        return {"x": torch.from_numpy(rng.normal(size=(2, 1, 8, 8)).astype(np.float32))}
    def loss(self, network, batch):
        output = network(batch["x"])
        return {"total": (output.masks - batch["x"]).square().mean() + output.images.square().mean()}
    def validate(self, network):
        return {"dice": 0.5}

def digest(module):
    return hashlib.sha256(b"".join(p.detach().numpy().tobytes() for p in module.parameters())).hexdigest()

out = Path(sys.argv[1])
settings = FitSettings(steps=5, checkpoint_every=2, validate_every=2)
with joined() as world:
    whole = fit(Net(), Task(), settings, out / "whole", world=world)
    try:
        fit(Net(), Task(3), settings, out / "broken", world=world)
    except InterruptedError:
        pass
    resumed = fit(Net(), Task(), settings, out / "broken", world=world)
    lines = [str(world.size), digest(whole), digest(resumed)]
    (out / f"rank-{world.rank}.txt").write_text("\\n".join(lines))
"""


def test_two_processes_train_one_network_and_resume_exactly(tmp_path: Path) -> None:
    script = tmp_path / "two.py"
    script.write_text(TWO_PROCESSES)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
            str(script), str(tmp_path),
        ],
        env=environment, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = ((tmp_path / f"rank-{rank}.txt").read_text().split("\n") for rank in (0, 1))
    assert first == second  # both processes hold the same weights
    assert first[0] == "2"
    assert first[1] == first[2]  # stopped and resumed is as unbroken
    losses = column(tmp_path / "whole" / "losses.csv", "step")
    assert losses == [1, 2, 3, 4, 5]  # one process writes
