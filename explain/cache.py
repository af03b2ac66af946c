"""Explanations kept on disk, so that a film opened again shows its maps at once."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import tempfile
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from explain.attribution import Faithfulness, Repeatability
from explain.model import ExplainableModel
from explain.question import Evidence
from explain.target import Target
from models.geometry import Turn
from models.prediction import LungFields

#: Raised when a method or its settings change: what was kept before no longer counts.
REVISION = 4
#: Most that the folder may hold; the entries that were not used for longest go first.
LIMIT_BYTES = 256 * 2**20

_LIBRARIES = ("captum", "lime", "numpy", "scikit-image", "shap", "torch")


@dataclass(frozen=True, eq=False)
class Kept:
    """One entry: the evidence, what it took to find, and how faithful it was if that was measured."""

    evidence: Evidence
    seconds: float
    faithfulness: Faithfulness | None


class AttributionCache:
    """Evidence by image, weights, target, method and settings.

    Entries are small (the network's grid, compressed), written whole or not at all, and hold no
    pixel of the film and no pickle.  An entry that cannot be read counts as missing.

    Parameters
    ----------
    folder : Path
        Made when the first entry is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def key(
        model: ExplainableModel,
        pixels: NDArray[np.float32],
        method: str,
        target: Target,
        turn: Turn = Turn(),  # noqa: B008  (frozen)
        lungs: LungFields | None = None,
        seed: int = 0,
    ) -> str:
        """Return what an explanation depends on as hexadecimal digits.

        The weights themselves count, not only their card: a user's own file has the same card.
        """
        digest = hashlib.sha256()
        card = getattr(model, "card", None)
        settings = (REVISION, model.name, getattr(card, "card_id", ""), method, target.key, turn, seed)
        digest.update(repr((settings, [version(library) for library in _LIBRARIES])).encode())
        for name, tensor in sorted(model.network.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
        for array in (pixels,) if lungs is None else (pixels, lungs.right, lungs.left):
            digest.update(repr((array.shape, array.dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def get(self, key: str) -> Kept | None:
        """Return the entry of `key`; None if there is none, or none that can be read."""
        path = self._path(key)
        try:
            # Read whole first: numpy leaves a damaged file open.
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                values, labels = stored["values"], stored.get("labels")
                about: dict[str, Any] = json.loads(stored["about"].tobytes())
            seconds = float(about.pop("seconds"))
            evidence = Evidence(values=values, labels=labels, **about)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return Kept(evidence, seconds, self._faithfulness(key))

    def put(self, key: str, evidence: Evidence, seconds: float) -> None:
        """Keep `evidence`; a folder that cannot be written to is no error, the entry is just not kept."""
        about = {
            field.name: getattr(evidence, field.name)
            for field in dataclasses.fields(evidence)
            if field.name not in ("values", "labels")
        }
        text = json.dumps(about | {"seconds": seconds}).encode()
        arrays: dict[str, NDArray[np.generic]] = {
            "values": evidence.values,
            "about": np.frombuffer(text, np.uint8),
        }
        if evidence.labels is not None:
            arrays["labels"] = evidence.labels
        stream = io.BytesIO()
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]  # arrays only: nothing is pickled
        self._write(self._path(key), stream.getvalue())
        self._make_room()

    def put_faithfulness(self, key: str, faithfulness: Faithfulness) -> None:
        """Keep what was measured of the entry of `key`."""
        text = json.dumps(dataclasses.asdict(faithfulness))
        self._write(self._path(key).with_suffix(".json"), text.encode())

    def _faithfulness(self, key: str) -> Faithfulness | None:
        try:
            about: dict[str, Any] = json.loads(self._path(key).with_suffix(".json").read_bytes())
            repeated = about.pop("repeatability", None)
            return Faithfulness(**about, repeatability=Repeatability(**repeated) if repeated else None)
        except (AttributeError, OSError, TypeError, ValueError):
            return None

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.npz"

    def _write(self, path: Path, content: bytes) -> None:
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self._folder, suffix=".tmp")
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(content)
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise

    def _make_room(self) -> None:
        with contextlib.suppress(OSError):
            room = LIMIT_BYTES
            entries = [(path, path.stat()) for path in self._folder.iterdir()]
            for path, status in sorted(entries, key=lambda entry: entry[1].st_mtime, reverse=True):
                room -= status.st_size
                if room < 0:
                    path.unlink(missing_ok=True)
