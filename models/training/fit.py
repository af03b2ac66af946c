"""The optimisation loop: steps, averaging of weights, checkpoints, exact resume."""

from __future__ import annotations

import copy
import csv
import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

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
    """

    steps: int
    learning_rate: float = 1.5e-3
    encoder_factor: float = 0.4
    weight_decay: float = 0.02
    average_decay: float = 0.995
    validate_every: int = 200
    checkpoint_every: int = 50
    seed: int = 0


def learning_rate_factor(step: int, steps: int) -> float:
    """Return the one-cycle factor in 0.01..1 for a step in 0..steps."""
    warm = max(1, round(0.05 * steps))
    if step < warm:
        return (step + 1) / warm
    phase = (step - warm) / max(1, steps - warm)
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, phase)))


def fit(network: nn.Module, task: Task, settings: FitSettings, run: Path) -> nn.Module:
    """Train `network` on `task`, resuming from ``run/checkpoint.pt`` where there is one.

    A run that was stopped and resumed ends with the same weights, bit for bit, as one that was not.

    Parameters
    ----------
    network : nn.Module
        Its pretrained part is called ``encoder``.
    task : Task
    settings : FitSettings
    run : Path
        Folder of the checkpoint, ``losses.csv`` and ``validation.csv``.

    Returns
    -------
    nn.Module
        The averaged network, in evaluation mode.
    """
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    encoder = list(network.get_submodule("encoder").parameters())
    known = {id(p) for p in encoder}
    rest = [p for p in network.parameters() if id(p) not in known]
    optimiser = torch.optim.AdamW(
        [
            {"params": encoder, "lr": settings.learning_rate * settings.encoder_factor},
            {"params": rest, "lr": settings.learning_rate},
        ],
        weight_decay=settings.weight_decay,
    )
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: learning_rate_factor(step, settings.steps)
    )
    network = network.to(memory_format=torch.channels_last)
    average = copy.deepcopy(network).eval()
    step = 0
    checkpoint = run / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        scheduler.load_state_dict(state["scheduler"])
        torch.set_rng_state(state["torch_rng"])
        rng.bit_generator.state = _rng_from(state["numpy_rng"])
        step = int(state["step"])
        for name in ("losses.csv", "validation.csv"):
            _forget_after(run / name, step)
        _log.info("resumed at step %d", step)
    began, first = time.monotonic(), step
    while step < settings.steps:
        network.train()
        losses = task.loss(network, task.batch(rng))
        optimiser.zero_grad(set_to_none=True)
        losses["total"].backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        scheduler.step()
        step += 1
        _update_average(average, network, min(settings.average_decay, (1 + step) / (10 + step)))
        _append(run / "losses.csv", {"step": step, **{k: float(v.detach()) for k, v in losses.items()}})
        if step % 20 == 0:
            rate = (time.monotonic() - began) / (step - first)
            _log.info(
                "step %d/%d  %s  %.2f s/step, %.0f min left", step, settings.steps,
                "  ".join(f"{k} {float(v.detach()):.3f}" for k, v in losses.items()),
                rate, rate * (settings.steps - step) / 60,
            )  # fmt: skip
        if step % settings.validate_every == 0 or step == settings.steps:
            figures = task.validate(average)
            _append(run / "validation.csv", {"step": step, **figures})
            _log.info("step %d validation: %s", step, "  ".join(f"{k} {v:.4f}" for k, v in figures.items()))
        if step % settings.checkpoint_every == 0 or step == settings.steps:
            _save(
                checkpoint,
                {
                    "network": network.state_dict(),
                    "average": average.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "scheduler": scheduler.state_dict(),
                    "torch_rng": torch.get_rng_state(),
                    "numpy_rng": _rng_to(rng),
                    "step": step,
                },
            )
    return average


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


def _forget_after(path: Path, step: int) -> None:
    """Drop the rows of steps that a stopped run had made after its last checkpoint: they are made again."""
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *(row for row in rows if int(row[0]) <= step)])
    temporary.replace(path)


def _append(path: Path, row: dict[str, float]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)
