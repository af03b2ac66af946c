"""Weight files: safetensors in half precision, checked against their card, never a pickle."""

from __future__ import annotations

import hashlib
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn


class WeightsError(ValueError):
    """A weight file that cannot be used; the message says why in a sentence."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def save_weights(network: nn.Module, path: Path) -> str:
    """Write the network's tensors in half precision, whole or not at all; return the file's SHA-256."""
    tensors = {
        key: (value.half() if value.is_floating_point() else value).contiguous()
        for key, value in _without_counters(network.state_dict()).items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not safetensors' own save_file: its files can be read by their owner alone.
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(save(tensors))
    temporary.replace(path)
    return sha256_of(path)


def load_weights(network: nn.Module, path: Path, sha256: str | None = None) -> None:
    """Fill `network` from a safetensors file, every tensor and no other.

    Parameters
    ----------
    network : nn.Module
    path : Path
    sha256 : str or None
        Expected digest (from the card); None for a user's own file.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, not the one the card describes, or does not fit the
        network; the first few missing, extra or wrongly shaped tensors are named.
    """
    if not path.is_file():
        raise WeightsError(f"the weight file {path.name} is missing")
    try:
        if sha256 is not None and sha256_of(path) != sha256:
            raise WeightsError(f"the weight file {path.name} is not the one that its card describes")
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path.name} is not a readable safetensors file") from error
    fill_network(network, tensors, path.name)


def fill_network(network: nn.Module, tensors: dict[str, Tensor], name: str) -> None:
    """Fill `network` with `tensors`, every one and no other; unchanged if they do not fit.

    Parameters
    ----------
    network : nn.Module
    tensors : dict
        By the names of the network's ``state_dict``, of any floating-point type.
    name : str
        Of the file that they come from, for the message.

    Raises
    ------
    WeightsError
        With the first few missing, extra or wrongly shaped tensors.
    """
    tensors = _without_counters(tensors)
    wanted = _without_counters(network.state_dict())
    problems = [f"{key} is missing" for key in wanted if key not in tensors]
    problems += [f"{key} is not part of this network" for key in tensors if key not in wanted]
    problems += [
        f"{key} has shape {tuple(tensors[key].shape)} instead of {tuple(value.shape)}"
        for key, value in wanted.items()
        if key in tensors and tensors[key].shape != value.shape
    ]
    if problems:
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise WeightsError(f"{name} does not fit this network: {'; '.join(problems[:3])}{more}")
    fitting = {key: value.to(wanted[key].dtype) for key, value in tensors.items()}
    network.load_state_dict(fitting, strict=False)


def _without_counters(state: dict[str, Tensor]) -> dict[str, Tensor]:
    # Batch normalisation counts its batches for training only: no trained tensor, in no file needed.
    return {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
