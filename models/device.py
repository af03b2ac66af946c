"""Which processor runs the networks, at what precision, and what happens when its memory runs out."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

import torch
from torch import nn

T = TypeVar("T")

#: Accepted by every ``device`` argument and by ``--device``.
DEVICE_CHOICES = ("auto", "cpu", "cuda", "mps")


def select_device(wish: str = "auto") -> torch.device:
    """Return the processor to use.

    Parameters
    ----------
    wish : {"auto", "cpu", "cuda", "mps"}
        ``"auto"`` takes CUDA, else Apple's MPS, else the CPU.

    Raises
    ------
    ValueError
        If `wish` is unknown or that processor is not there; the message says which.
    """
    if wish not in DEVICE_CHOICES:
        raise ValueError(f"unknown device '{wish}'; choose one of {', '.join(DEVICE_CHOICES)}")
    has_mps = torch.backends.mps.is_available()
    if wish == "cuda" and not torch.cuda.is_available():
        raise ValueError("no CUDA GPU can be used on this machine; choose --device cpu or auto")
    if wish == "mps" and not has_mps:
        raise ValueError("no Apple GPU can be used on this machine; choose --device cpu or auto")
    if wish == "auto":
        wish = "cuda" if torch.cuda.is_available() else "mps" if has_mps else "cpu"
    return torch.device(wish)


def describe(device: torch.device) -> str:
    """Return a name for the screen, e.g. ``"cpu"`` or ``"cuda (NVIDIA H200)"``."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return str(device.type)


def half_precision(device: torch.device) -> AbstractContextManager[object]:
    """Return the autocast context under which the networks run.

    CUDA runs float16.  A CPU runs bfloat16 only where it has matrix units for it (AMX):
    elsewhere bfloat16 is emulated and slower than float32.
    """
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.float16)
    if device.type == "cpu" and _has_amx():
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return contextlib.nullcontext()


def _has_amx() -> bool:
    return platform.machine() in ("x86_64", "AMD64") and bool(torch.cpu._is_amx_tile_supported())


class Movable(Protocol):
    """A model that can work on another processor for a while."""

    device: torch.device
    network: nn.Module


@contextlib.contextmanager
def moved(model: Movable, device: torch.device) -> Iterator[None]:
    """Let `model` work on `device` inside the block; it is back where it was afterwards."""
    home = model.device
    if device == home:
        yield
        return
    model.network.to(device)
    model.device = device
    try:
        yield
    finally:
        model.network.to(home)
        model.device = home


def with_memory_fallback(model: Movable, work: Callable[[], T]) -> tuple[T, tuple[str, ...]]:
    """Call ``work()``; when the GPU's memory runs out, free it and call again on the CPU.

    Parameters
    ----------
    model : Movable
        On the CPU while ``work()`` is called again, back where it was afterwards.
    work : callable

    Returns
    -------
    result : T
    notices : tuple of str
        A sentence for the reader when the CPU had to step in.

    Raises
    ------
    RuntimeError
        If `model` was on the CPU already, or the error is not one of memory.
    """
    try:
        return work(), ()
    except RuntimeError as error:
        if model.device.type == "cpu" or not is_out_of_memory(error):
            raise
    # Outside the except block: the traceback no longer holds the tensors that filled the memory.
    if model.device.type == "cuda":
        torch.cuda.empty_cache()
    with moved(model, torch.device("cpu")):
        return work(), ("The GPU ran out of memory; the CPU took over, which takes longer.",)


def is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether `error` says that a processor's memory ran out."""
    # Apple's MPS and some CUDA libraries raise a plain RuntimeError that only says so.
    said = str(error)
    sentences = ("out of memory", "can't allocate memory")
    return isinstance(error, torch.OutOfMemoryError) or any(words in said for words in sentences)
