from __future__ import annotations

import pickle
import stat
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from models.weights import WeightsError, load_weights, save_weights, sha256_of


def network(seed: int, width: int = 4) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, width, 3), nn.BatchNorm2d(width), nn.Linear(2, 2))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_weights(network(1), tmp_path / "new" / "net.safetensors")
    return tmp_path / "new" / "net.safetensors"


def test_sha256_by_hand(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    assert sha256_of(tmp_path / "abc") == digest


def test_round_trip_in_half_precision(tmp_path: Path) -> None:
    source, target = network(1), network(2)
    digest = save_weights(source, tmp_path / "net.safetensors")
    assert digest == sha256_of(tmp_path / "net.safetensors")
    assert {v.dtype for v in load_file(tmp_path / "net.safetensors").values()} == {torch.float16}
    load_weights(target, tmp_path / "net.safetensors", digest)
    for key, value in target.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            assert value.dtype == torch.float32
            torch.testing.assert_close(value, source.state_dict()[key].half().float(), rtol=0, atol=0)


def test_saving_replaces_the_file_and_leaves_no_other(saved: Path) -> None:
    before = saved.read_bytes()
    save_weights(network(5), saved)
    assert saved.read_bytes() != before
    assert [p.name for p in saved.parent.iterdir()] == ["net.safetensors"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
def test_a_weight_file_can_be_read_by_whoever_may_read_its_folder(saved: Path) -> None:
    ordinary = saved.parent / "ordinary"
    ordinary.write_bytes(b"")
    assert stat.S_IMODE(saved.stat().st_mode) == stat.S_IMODE(ordinary.stat().st_mode)


def test_missing_extra_and_wrongly_shaped_tensors_are_named(saved: Path) -> None:
    tensors = load_file(saved)
    del tensors["0.bias"]
    tensors["surplus"] = torch.zeros(1)
    tensors["2.weight"] = torch.zeros(3, 5)
    save_file(tensors, saved)
    target = network(2)
    before = {k: v.clone() for k, v in target.state_dict().items()}
    with pytest.raises(WeightsError) as caught:
        load_weights(target, saved)
    assert str(caught.value) == (
        "net.safetensors does not fit this network: 0.bias is missing; surplus is not part of this network; "
        "2.weight has shape (3, 5) instead of (2, 2)"
    )
    for key, value in target.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=0, atol=0)


def test_only_the_first_three_problems_are_listed(saved: Path) -> None:
    with pytest.raises(WeightsError, match=r"\(and 3 more\)$"):
        load_weights(network(2, width=5), saved)  # six tensors of other shapes


def test_the_counters_of_batch_normalisation_are_neither_needed_nor_refused(tmp_path: Path) -> None:
    source, target = network(1), network(2)
    save_file(source.state_dict(), tmp_path / "own.safetensors")
    load_weights(target, tmp_path / "own.safetensors")
    torch.testing.assert_close(target[0].weight, source[0].weight, rtol=0, atol=0)


def test_another_file_than_the_cards_is_refused(saved: Path) -> None:
    with pytest.raises(WeightsError, match=r"net\.safetensors is not the one that its card describes"):
        load_weights(network(2), saved, "0" * 64)


@pytest.mark.parametrize("kept", [0, 5, 200, -1])
def test_a_truncated_file_is_refused(saved: Path, kept: int) -> None:
    saved.write_bytes(saved.read_bytes()[:kept])
    with pytest.raises(WeightsError, match=r"net\.safetensors is not a readable safetensors file"):
        load_weights(network(2), saved)


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("how", ["pickle", "torch"])
def test_a_pickle_under_another_name_is_refused_and_not_opened(tmp_path: Path, how: str) -> None:
    trap, file = tmp_path / "sprung", tmp_path / "net.safetensors"
    if how == "pickle":
        file.write_bytes(pickle.dumps(Trap(trap)))
    else:
        torch.save({"0.weight": Trap(trap)}, file)
    with pytest.raises(WeightsError, match="not a readable safetensors file"):
        load_weights(network(2), file)
    assert not trap.exists()


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.safetensors", tmp_path):
        with pytest.raises(WeightsError, match=f"the weight file {path.name} is missing"):
            load_weights(network(2), path)
