from __future__ import annotations

import pytest
import torch
from torch import nn

from models.device import describe, moved, select_device, with_memory_fallback

CPU = torch.device("cpu")


class Recorder(nn.Module):
    """A network that only remembers where it was sent: no GPU is needed."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[str] = []

    def to(self, device: torch.device) -> Recorder:  # type: ignore[override]
        self.places.append(device.type)
        return self


class Model:
    def __init__(self, device: str) -> None:
        self.device = torch.device(device)
        self.network = Recorder()


def full_unless_on_cpu(model: Model, error: Exception):
    def work() -> str:
        if model.device != CPU:
            raise error
        return "done"

    return work


def test_unknown_device_is_named_with_the_choices() -> None:
    with pytest.raises(ValueError, match="unknown device 'tpu'; choose one of auto, cpu, cuda, mps"):
        select_device("tpu")


def test_a_device_that_is_not_there_is_refused_and_auto_takes_the_best(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert select_device("auto") == select_device("cpu") == CPU
    with pytest.raises(ValueError, match="no CUDA GPU"):
        select_device("cuda")
    with pytest.raises(ValueError, match="no Apple GPU"):
        select_device("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert select_device("auto").type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert select_device("auto").type == "cuda"


def test_the_cpu_is_called_by_its_name() -> None:
    assert describe(CPU) == "cpu"


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 8.89 GB, max allowed: 9.07 GB)"),
    ],
)
@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_out_of_gpu_memory_the_cpu_takes_over_and_says_so(device: str, error: Exception) -> None:
    model = Model(device)
    result, notices = with_memory_fallback(model, full_unless_on_cpu(model, error))
    assert result == "done"
    assert notices == ("The GPU ran out of memory; the CPU took over, which takes longer.",)
    assert model.device.type == device
    assert model.network.places == ["cpu", device]


def test_with_memory_enough_nothing_is_said_or_moved() -> None:
    model = Model("cuda")
    assert with_memory_fallback(model, lambda: 7) == (7, ())
    assert model.network.places == []


def test_out_of_memory_on_the_cpu_is_not_hidden() -> None:
    def work() -> None:
        raise torch.OutOfMemoryError("full")

    with pytest.raises(torch.OutOfMemoryError):
        with_memory_fallback(Model("cpu"), work)


@pytest.mark.parametrize("error", [RuntimeError("shapes do not fit"), ValueError("out of memory")])
def test_other_errors_are_not_taken_for_a_lack_of_memory(error: Exception) -> None:
    model = Model("cuda")
    with pytest.raises(type(error), match=str(error)):
        with_memory_fallback(model, full_unless_on_cpu(model, error))
    assert model.network.places == []


def test_a_model_is_back_where_it_was_even_after_a_failure() -> None:
    model = Model("mps")
    with pytest.raises(ZeroDivisionError), moved(model, CPU):
        assert model.device == CPU
        raise ZeroDivisionError
    assert model.device.type == "mps"
    assert model.network.places == ["cpu", "mps"]


def test_a_model_that_is_there_already_is_not_moved() -> None:
    model = Model("cpu")
    with moved(model, CPU):
        pass
    assert model.network.places == []
