"""Weight files: safetensors in half precision, checked against their card, never a pickle."""

from __future__ import annotations

import hashlib
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn


class WeightsError(ValueError):
    """A weight file that cannot be used; the message says why in a sentence."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def save_weights(network: nn.Module, path: Path) -> str:
    """Write the network's tensors in half precision; return the file's SHA-256."""
    tensors = {
        key: (value.half() if value.is_floating_point() else value).contiguous()
        for key, value in network.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)
    return sha256_of(path)


def load_weights(network: nn.Module, path: Path, sha256: str | None = None) -> None:
    """Fill `network` from a safetensors file, every tensor and no other.

    Parameters
    ----------
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
    if sha256 is not None and sha256_of(path) != sha256:
        raise WeightsError(f"the weight file {path.name} is not the one that its card describes")
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path.name} is not a readable safetensors file") from error
    wanted = {k: v for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    problems = [f"{key} is missing" for key in wanted if key not in tensors]
    problems += [f"{key} is not part of this network" for key in tensors if key not in wanted]
    problems += [
        f"{key} has shape {tuple(tensors[key].shape)} instead of {tuple(value.shape)}"
        for key, value in wanted.items()
        if key in tensors and tensors[key].shape != value.shape
    ]
    if problems:
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise WeightsError(f"{path.name} does not fit this network: {'; '.join(problems[:3])}{more}")
    network.load_state_dict({key: value.to(wanted[key].dtype) for key, value in tensors.items()}, strict=False)
