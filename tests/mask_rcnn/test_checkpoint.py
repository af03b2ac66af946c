from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from models.mask_rcnn.array_pickle import ArrayPickleError, read_array_pickle
from models.mask_rcnn.checkpoint import load_checkpoint, read_checkpoint
from models.weights import WeightsError

MEAN = [103.53, 116.28, 123.675]
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


class Tiny(nn.Module):
    """Two tensors, a counter and, as in Detectron2, constants that its state does not hold."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.layer = nn.Linear(3, 2)
        self.register_buffer("pixel_mean", torch.tensor(MEAN).view(-1, 1, 1), persistent=False)


def arrays(network: nn.Module) -> dict[str, np.ndarray[Any, Any]]:
    return {key: value.numpy() for key, value in network.state_dict().items()}


def zoo_file(path: Path, model: object, protocol: int = 4, **more: object) -> Path:
    path.write_bytes(pickle.dumps({"model": model, "__author__": "Detectron2 Model Zoo", **more}, protocol))
    return path


def assert_same(network: nn.Module, source: nn.Module) -> None:
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, source.state_dict()[key], rtol=0, atol=0)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_kind_of_array_comes_back_in_every_protocol(tmp_path: Path, protocol: int) -> None:
    rng = np.random.default_rng(0)
    model = OrderedDict(
        weight=rng.normal(size=(2, 3, 5)).astype(np.float32),
        columns_first=np.asfortranarray(rng.normal(size=(3, 4))),
        strided=rng.normal(size=(4, 6)).astype(np.float16)[::2, ::3],
        big_endian=np.arange(4, dtype=">i4"),
        empty=np.zeros((0, 3), dtype=np.float32),
        one_number=np.full((), 3.5, dtype=np.float32),
    )
    read = read_checkpoint(zoo_file(tmp_path / "zoo.pkl", model, protocol))
    assert list(read) == list(model)
    for key, value in model.items():
        assert read[key].shape == value.shape
        np.testing.assert_array_equal(read[key].numpy(), value)


def test_a_zoo_file_written_with_numpy_1_is_read(tmp_path: Path) -> None:
    source = Tiny(1)
    file = zoo_file(tmp_path / "zoo.pkl", arrays(source), protocol=2)
    assert b"numpy._core.multiarray" in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    network = Tiny(2)
    load_checkpoint(network, file)
    assert_same(network, source)


def test_a_pickle_of_python_2_stores_bytes_as_text(tmp_path: Path) -> None:
    # What Python 2.7 writes for {"model": {"a": np.array([1.5, -2], "f4")}, "__author__": "x"}, put by hand.
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
        b"(I1\n(I2\ntcnumpy\ndtype\n(S'f4'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb"
        b"I00\nS'\\x00\\x00\\xc0?\\x00\\x00\\x00\\xc0'\ntb"
    )
    file = tmp_path / "zoo.pkl"
    file.write_bytes(b"(dS'model'\n(dS'a'\n" + array + b"ssS'__author__'\nS'x'\ns.")
    assert read_checkpoint(file)["a"].tolist() == [1.5, -2.0]


class Trap:
    """Calls something when it is unpickled."""

    def __init__(self, *call: object) -> None:
        self.call = call

    def __reduce__(self) -> tuple[object, ...]:
        return self.call[0], self.call[1:]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("where", ["in the model", "beside the model", "in an array"])
def test_a_zoo_file_that_would_run_a_command_is_refused_and_runs_nothing(
    tmp_path: Path, protocol: int, where: str
) -> None:
    sprung = tmp_path / "sprung"
    trap = Trap(os.mkdir, str(sprung))
    model: dict[str, object] = dict(arrays(Tiny(1)))
    if where == "in an array":
        model["layer.bias"] = np.array([trap], dtype=object)
    elif where == "in the model":
        model["layer.bias"] = trap
    beside = trap if where == "beside the model" else None
    file = zoo_file(tmp_path / "zoo.pkl", model, protocol, trainer=beside)
    with pytest.raises(WeightsError, match=r"^zoo\.pkl is refused: it (names|holds) "):
        load_checkpoint(Tiny(2), file)
    assert not sprung.exists()
    pickle.loads(file.read_bytes())  # the trap is one
    assert sprung.exists()


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("builtins.eval", (eval, "1")),
        ("builtins.getattr", (getattr, "a", "upper")),
        ("numpy.fromfile", (np.fromfile, "zoo.pkl")),
        ("numpy._core.multiarray.scalar", (np.float32(1).__reduce__()[0], np.dtype("f4"), b"\0\0\0\0")),
    ],
)
def test_what_arrays_do_not_need_is_named(tmp_path: Path, name: str, call: tuple[object, ...]) -> None:
    file = zoo_file(tmp_path / "zoo.pkl", {"a": Trap(*call)}, protocol=4)
    with pytest.raises(ArrayPickleError) as caught:
        read_array_pickle(file)
    assert str(caught.value).replace("__builtin__", "builtins") == (
        f"it names {name}, which arrays of numbers do not need"
    )


@pytest.mark.parametrize(
    ("what", "pickled"),
    [
        ("an element type with fields", np.zeros(2, dtype=[("a", "f4"), ("b", "O")])),
        ("objects", np.array([None, {}], dtype=object)),
        ("text", np.array(["a", "bc"])),
    ],
)
def test_arrays_of_anything_but_numbers_are_refused(tmp_path: Path, what: str, pickled: object) -> None:
    file = zoo_file(tmp_path / "zoo.pkl", {"a": pickled})
    with pytest.raises(WeightsError, match=r"it holds an array of '[VOU]\d+', not of numbers"):
        read_checkpoint(file)


def test_an_array_whose_bytes_do_not_fill_it_is_refused(tmp_path: Path) -> None:
    file = zoo_file(tmp_path / "zoo.pkl", {"a": np.zeros((2, 3), dtype=np.float32)}, protocol=2)
    whole = file.read_bytes()
    assert whole.count(b"K\x02K\x03\x86") == 1
    file.write_bytes(whole.replace(b"K\x02K\x03\x86", b"K\x02K\xff\x86"))
    with pytest.raises(WeightsError, match=r"an array of shape \(2, 255\) whose bytes do not fill it"):
        read_checkpoint(file)


def test_a_pickle_cannot_change_what_it_calls(tmp_path: Path) -> None:
    # GLOBAL numpy.dtype, then BUILD with attributes of its own: once a second pickle would have met them.
    file = tmp_path / "zoo.pkl"
    for state in (b"}U\x05_makeK\x01s", b"N}U\x05_makeK\x01s\x86"):
        file.write_bytes(b"\x80\x02cnumpy\ndtype\n" + state + b"b.")
        with pytest.raises(ArrayPickleError, match="it changes what it calls"):
            read_array_pickle(file)
    assert read_checkpoint(zoo_file(file, arrays(Tiny(1))))["layer.bias"].shape == (2,)


@pytest.mark.parametrize("kept", [0, 1, 40, -1])
@pytest.mark.parametrize("suffix", [".pkl", ".pth", ".safetensors"])
def test_a_truncated_file_is_refused(tmp_path: Path, suffix: str, kept: int) -> None:
    file = tmp_path / f"net{suffix}"
    if suffix == ".pkl":
        zoo_file(file, arrays(Tiny(1)))
    elif suffix == ".pth":
        torch.save(Tiny(1).state_dict(), file)
    else:
        save_file(Tiny(1).state_dict(), file)
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(WeightsError, match=rf"^net\{suffix} is "):
        read_checkpoint(file)


@pytest.mark.parametrize("inside", ["model", "top"])
def test_a_file_of_a_trainer_is_read_and_its_other_contents_ignored(tmp_path: Path, inside: str) -> None:
    source, network = Tiny(1), Tiny(2)
    content: dict[str, object] = dict(source.state_dict())
    if inside == "model":
        content = {"model": source.state_dict(), "iteration": 7, "scheduler": {"base_lrs": [0.1]}}
    torch.save(content, tmp_path / "own.pth")
    load_checkpoint(network, tmp_path / "own.pth")
    assert_same(network, source)


def test_a_torch_file_that_would_run_a_command_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    torch.save({"model": {"layer.bias": Trap(os.mkdir, str(sprung))}}, tmp_path / "own.pth")
    with pytest.raises(WeightsError, match=r"own\.pth is damaged or holds more than tensors, and is refused"):
        read_checkpoint(tmp_path / "own.pth")
    assert not sprung.exists()


def test_half_precision_fills_a_network_of_single_precision(tmp_path: Path) -> None:
    source, network = Tiny(1), Tiny(2)
    save_file({key: value.half() for key, value in source.state_dict().items()}, tmp_path / "net.safetensors")
    load_checkpoint(network, tmp_path / "net.safetensors")
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, source.state_dict()[key].half().float(), rtol=0, atol=0)


def test_constants_may_lie_in_the_file_and_must_be_the_networks(tmp_path: Path) -> None:
    source, network = Tiny(1), Tiny(2)
    stored = arrays(source) | {"pixel_mean": np.array(MEAN, dtype=np.float32).reshape(3, 1, 1)}
    load_checkpoint(network, zoo_file(tmp_path / "zoo.pkl", stored))
    assert_same(network, source)
    stored["pixel_mean"] = stored["pixel_mean"][::-1]
    with pytest.raises(WeightsError, match=r"^zoo\.pkl was trained with another pixel_mean than this"):
        load_checkpoint(network, zoo_file(tmp_path / "zoo.pkl", stored))


@pytest.mark.parametrize("suffix", [".pkl", ".pth", ".safetensors"])
def test_missing_extra_and_wrongly_shaped_tensors_are_named(tmp_path: Path, suffix: str) -> None:
    file, network = tmp_path / f"net{suffix}", Tiny(2)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    tensors = {"layer.weight": torch.zeros(5, 3), "layer.scale": torch.zeros(1)}
    if suffix == ".pkl":
        zoo_file(file, {key: value.numpy() for key, value in tensors.items()})
    elif suffix == ".pth":
        torch.save(tensors, file)
    else:
        save_file(tensors, file)
    with pytest.raises(WeightsError) as caught:
        load_checkpoint(network, file)
    assert str(caught.value) == (
        f"net{suffix} does not fit this network: layer.bias is missing; "
        "layer.scale is not part of this network; layer.weight has shape (5, 3) instead of (2, 3)"
    )
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=0, atol=0)


def test_files_of_other_kinds_are_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "caffe.pkl").write_bytes(pickle.dumps({"blobs": arrays(Tiny(1))}))
    (tmp_path / "net.onnx").write_bytes(b"")
    zoo_file(tmp_path / "R-50.pkl", {"fc1.weight": np.zeros((2, 3), "f4")}, matching_heuristics=True)
    torch.save([1, 2], tmp_path / "list.pth")
    torch.save({"model": {"layer.bias": 3}}, tmp_path / "number.pth")
    for name, sentence in {
        "caffe.pkl": "caffe.pkl is not in the format of Detectron2's model zoo",
        "R-50.pkl": "R-50.pkl names its tensors otherwise than Detectron2 (matching_heuristics)",
        "net.onnx": "net.onnx is no checkpoint: its name ends in none of .safetensors, .pth, .pkl",
        "list.pth": "list.pth holds no tensors by name",
        "number.pth": "number.pth holds no tensor for layer.bias",
        "gone.pkl": "the weight file gone.pkl is missing",
    }.items():
        with pytest.raises(WeightsError) as caught:
            read_checkpoint(tmp_path / name)
        assert str(caught.value) == sentence


def test_another_file_than_the_cards_is_refused(tmp_path: Path) -> None:
    save_file(Tiny(1).state_dict(), tmp_path / "net.safetensors")
    with pytest.raises(WeightsError, match=r"net\.safetensors is not the one that its card describes"):
        load_checkpoint(Tiny(2), tmp_path / "net.safetensors", "0" * 64)
