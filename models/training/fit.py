"""The optimisation loop: steps, averaging of weights, checkpoints, exact resume."""

from __future__ import annotations

import copy
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from models.training.best import Best
from models.training.placement import Placed, check_precision
from models.training.progress import reporting
from models.training.records import append, forget_after
from models.training.world import ALONE, World

_log = logging.getLogger(__name__)


class Task(Protocol):
    """What is learned: where batches come from, and what counts as wrong."""

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """Draw one batch; ``"x"`` is the network's input [N, 1, S, S]."""
        ...

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return named scalar losses; ``"total"`` is minimised."""
        ...

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Measure the averaged network on validation films."""
        ...


@dataclass(frozen=True)
class FitSettings:
    """How to optimise.

    Attributes
    ----------
    steps : int
        Optimiser steps in all.
    learning_rate : float
        Peak of a one-cycle schedule: linear warm-up over 5 %, then cosine to 1 %.
    encoder_factor : float
        The pretrained encoder's learning rate relative to the decoder's.
    weight_decay : float
    average_decay : float
        Decay of the exponential moving average whose weights are validated and shipped.
    validate_every, checkpoint_every : int
        Steps.
    seed : int
    precision : {"float32", "bfloat16", "float16"}
        Of the forward and backward pass.
    accumulate : int
        Batches whose gradients are averaged for one step.
    patience : int
        Validations without a better `watched` figure after which the run stops, and the best weights
        are the result; 0 trains to the end and takes the last ones.
    watched : str
        Name of the validation figure that early stopping looks at.
    """

    steps: int
    learning_rate: float = 1.5e-3
    encoder_factor: float = 0.4
    weight_decay: float = 0.02
    average_decay: float = 0.995
    validate_every: int = 200
    checkpoint_every: int = 50
    seed: int = 0
    precision: str = "float32"
    accumulate: int = 1
    patience: int = 0
    watched: str = "dice"

    def __post_init__(self) -> None:
        counts = {
            name: getattr(self, name)
            for name in ("steps", "accumulate", "validate_every", "checkpoint_every")
        }
        for name, value in counts.items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        if self.learning_rate <= 0 or self.weight_decay < 0 or self.patience < 0:
            raise ValueError("learning_rate must be above 0, weight_decay and patience 0 or above")
        if not 0 <= self.average_decay < 1:
            raise ValueError(f"average_decay must be at least 0 and below 1, not {self.average_decay:g}")


def learning_rate_factor(step: int, steps: int) -> float:
    """Return the one-cycle factor in 0.01..1 for a step in 0..steps."""
    warm = max(1, round(0.05 * steps))
    if step < warm:
        return (step + 1) / warm
    phase = (step - warm) / max(1, steps - warm)
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, phase)))


def fit(
    network: nn.Module,
    task: Task,
    settings: FitSettings,
    run: Path,
    device: torch.device = torch.device("cpu"),  # noqa: B008  (immutable)
    world: World = ALONE,
) -> nn.Module:
    """Train `network` on `task`, resuming from ``run/checkpoint.pt`` where there is one.

    A run that was stopped and resumed ends with the same weights, bit for bit, as one that was not (on a GPU
    up to the order in which it adds).

    Parameters
    ----------
    network : nn.Module
        Its pretrained part is called ``encoder``, or as its attribute ``pretrained`` says.
    task : Task
    settings : FitSettings
    run : Path
        Folder of the checkpoint, ``losses.csv`` and ``validation.csv``.
    device : torch.device
    world : World
        The processes that train together; each draws batches of its own.

    Returns
    -------
    nn.Module
        The averaged network, in evaluation mode.

    Raises
    ------
    ValueError
        If `device` cannot train at the precision asked for, or early stopping watches a figure that
        validation does not give.
    """
    check_precision(settings.precision, device)
    if device.type == "cuda":
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    run.mkdir(parents=True, exist_ok=True)
    fitting = _Fitting(network, settings, device, world)
    if (run / "checkpoint.pt").exists():
        fitting.restore(run)
    with reporting(settings.steps, fitting.step, world.leads) as report:
        while fitting.step < settings.steps and not fitting.stopped:
            losses = fitting.advance(task)
            step, last = fitting.step, fitting.step == settings.steps
            if world.leads:
                append(run / "losses.csv", {"step": step, **losses})
                report.step(step, losses)
            if step % settings.validate_every == 0 or last:
                if world.leads:
                    figures = task.validate(fitting.judged.eval())
                    append(run / "validation.csv", {"step": step, **figures})
                    report.validated(step, figures)
                    fitting.stopped = fitting.best.see(_watched(figures, settings), fitting.average)
                fitting.stopped = world.agree(fitting.stopped)
            if world.leads and (step % settings.checkpoint_every == 0 or last or fitting.stopped):
                _save(run / "checkpoint.pt", fitting.state())
    return fitting.result()


class _Fitting:
    """Everything that changes from step to step."""

    def __init__(self, network: nn.Module, settings: FitSettings, device: torch.device, world: World) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.device, self.world = settings, device, world
        self.rng = np.random.default_rng(settings.seed)
        network = network.to(device)
        encoder = list(network.get_submodule(getattr(network, "pretrained", "encoder")).parameters())
        known = {id(p) for p in encoder}
        rest = [p for p in network.parameters() if id(p) not in known]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": encoder, "lr": settings.learning_rate * settings.encoder_factor},
                {"params": rest, "lr": settings.learning_rate},
            ],
            weight_decay=settings.weight_decay,
        )
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: learning_rate_factor(step, settings.steps)
        )
        self.network = network.to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).eval()
        self.placed = Placed(world.share(self.network, device), device, settings.precision)
        self.judged = Placed(self.average, device, "float32", home=torch.device("cpu"))
        self.scaler = torch.amp.GradScaler(device.type, enabled=settings.precision == "float16")
        self.best = Best(settings.patience)
        self.step, self.stopped = 0, False

    def advance(self, task: Task) -> dict[str, float]:
        """Take one step; return the mean losses of its batches."""
        settings, means = self.settings, dict[str, float]()
        if self.world.size > 1:
            self.rng = self.world.generator(settings.seed, self.step)
        self.placed.train()
        self.optimiser.zero_grad(set_to_none=True)
        for _ in range(settings.accumulate):
            batch = {name: tensor.to(self.device) for name, tensor in task.batch(self.rng).items()}
            losses = task.loss(self.placed, batch)
            self.scaler.scale(losses["total"] / settings.accumulate).backward()  # type: ignore[no-untyped-call]
            for name, value in losses.items():
                means[name] = means.get(name, 0.0) + float(value.detach()) / settings.accumulate
        self.scaler.unscale_(self.optimiser)
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.scheduler.step()
        self.step += 1
        decay = min(settings.average_decay, (1 + self.step) / (10 + self.step))
        _update_average(self.average, self.network, decay)
        return means

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "torch_rng": torch.get_rng_state(),
            "numpy_rng": _rng_to(self.rng),
            "step": self.step,
        }
        if self.scaler.is_enabled():
            state["scaler"] = self.scaler.state_dict()
        if self.device.type == "cuda":
            state["cuda_rng"] = torch.cuda.get_rng_state(self.device)
        if self.settings.patience:
            state["best"] = self.best.state()
        return state

    def restore(self, run: Path) -> None:
        """Go on from the checkpoint of `run`."""
        state = torch.load(run / "checkpoint.pt", weights_only=True, map_location="cpu")
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scheduler.load_state_dict(state["scheduler"])
        torch.set_rng_state(state["torch_rng"])
        self.rng.bit_generator.state = _rng_from(state["numpy_rng"])
        self.step = int(state["step"])
        if self.scaler.is_enabled() and "scaler" in state:
            self.scaler.load_state_dict(state["scaler"])
        if self.device.type == "cuda" and "cuda_rng" in state:
            torch.cuda.set_rng_state(state["cuda_rng"], self.device)
        if self.settings.patience and "best" in state:
            self.best.restore(state["best"])
            self.stopped = self.best.missed >= self.settings.patience
        if self.world.leads:
            for name in ("losses.csv", "validation.csv"):
                forget_after(run / name, self.step)
        _log.info("resumed at step %d", self.step)

    def result(self) -> nn.Module:
        """Return the averaged network, with its best weights where those were kept."""
        if self.best.weights is not None:
            self.average.load_state_dict(self.best.weights)
        return self.average


def _watched(figures: dict[str, float], settings: FitSettings) -> float:
    if settings.patience and settings.watched not in figures:
        raise ValueError(
            f"early stopping watches '{settings.watched}', but validation gives {', '.join(figures)}"
        )
    return figures.get(settings.watched, math.nan)


def trained_weights(run: Path) -> dict[str, Tensor]:
    """Return the weights that a run gives: the best where it looked for them, else the last averaged ones.

    Raises
    ------
    ValueError
        If the run has no checkpoint yet.
    """
    checkpoint = run / "checkpoint.pt"
    if not checkpoint.exists():
        raise ValueError(f"the run in '{run}' has no checkpoint yet")
    state = torch.load(checkpoint, weights_only=True, map_location="cpu")
    best: dict[str, Tensor] | None = state.get("best", {}).get("weights")
    average: dict[str, Tensor] = state["average"]
    return average if best is None else best


@torch.no_grad()
def _update_average(average: nn.Module, network: nn.Module, decay: float) -> None:
    for mean, value in zip(average.parameters(), network.parameters(), strict=True):
        mean.lerp_(value, 1.0 - decay)
    for kept, current in zip(average.buffers(), network.buffers(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(current, 1.0 - decay)
        else:
            kept.copy_(current)


def _rng_to(rng: np.random.Generator) -> dict[str, Any]:
    # PCG64's 128-bit integers travel as text: torch.load(weights_only=True) takes plain values only.
    state = rng.bit_generator.state
    return {
        "name": state["bit_generator"],
        "state": str(state["state"]["state"]),
        "inc": str(state["state"]["inc"]),
        "has_uint32": state["has_uint32"],
        "uinteger": state["uinteger"],
    }


def _rng_from(saved: dict[str, Any]) -> dict[str, Any]:
    return {
        "bit_generator": saved["name"],
        "state": {"state": int(saved["state"]), "inc": int(saved["inc"])},
        "has_uint32": saved["has_uint32"],
        "uinteger": saved["uinteger"],
    }


def _save(path: Path, state: dict[str, Any]) -> None:
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.replace(path)
