"""The processes of one run: alone, or several started by ``torchrun``, one for each GPU."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class World:
    """Which of how many processes this is.

    Attributes
    ----------
    rank : int
        0 is the one that validates, writes and speaks.
    size : int
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files."""
        return self.rank == 0

    def share(self, network: nn.Module, device: torch.device) -> nn.Module:
        """Return `network` with its gradients averaged over all processes."""
        if self.size == 1:
            return network
        on_gpu = device.type == "cuda"
        return DistributedDataParallel(network, device_ids=[torch.cuda.current_device()] if on_gpu else None)

    def generator(self, seed: int, step: int) -> np.random.Generator:
        """Return this process's random numbers for one step, and seed torch's.

        They follow from seed, process and step alone: a run of several processes resumes exactly
        without keeping the state of each.
        """
        rng = np.random.default_rng([seed, self.rank, step])
        torch.manual_seed(int(rng.integers(2**62)))
        return rng

    def agree(self, decision: bool) -> bool:
        """Return the leading process's decision in every process; all wait for it here."""
        if self.size == 1:
            return decision
        flag = torch.tensor([int(decision)])
        dist.broadcast(flag, src=0)
        return bool(flag.item())


ALONE = World()


@contextlib.contextmanager
def joined() -> Iterator[World]:
    """Join the processes that ``torchrun`` started, if it did, and leave them at the end.

    On a machine with GPUs each process takes the one of its local rank.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield World(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
