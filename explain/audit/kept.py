"""What an audit has measured so far, kept on disk: one that was stopped goes on where it was."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from explain.audit.films import AuditFilm
from explain.audit.rows import Check, Row
from explain.cache import AttributionCache
from explain.model import ExplainableModel
from explain.target import Target


class KeptRows:
    """The rows of each map of each film, a file each, until the audit is done.

    Entries are written whole or not at all; one that cannot be read counts as missing.

    Parameters
    ----------
    folder : Path
        Made when the first entry is written; nothing else may lie in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def key(
        name: str,
        model: ExplainableModel,
        permuted: ExplainableModel | None,
        method: str,
        film: AuditFilm,
        thorough: bool,
        seed: int,
    ) -> str:
        """Return all that a map's rows depend on as hexadecimal digits: weights, film, outline, settings."""
        digest = hashlib.sha256(repr((name, method, film.name, film.drain, thorough)).encode())
        digest.update(np.packbits(film.truth).tobytes())
        for each in (model, *([permuted] if thorough and permuted is not None else [])):
            of_map = AttributionCache.key(each, film.pixels, method, Target.image_score(), seed=seed)
            digest.update(of_map.encode())
        return digest.hexdigest()

    def rows(self, key: str, measure: Callable[[], Sequence[Row]]) -> list[Row]:
        """Return the rows of `key`, measured now unless they are kept; no rows are not worth keeping."""
        path = self._folder / f"{key}.json"
        try:
            stored: list[dict[str, Any]] = json.loads(path.read_bytes())
            return [Row(**each | {"check": Check(each["check"])}) for each in stored]
        except (KeyError, OSError, TypeError, ValueError):
            pass
        made = list(measure())
        if not made:
            return made
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps([dataclasses.asdict(row) for row in made]))
        temporary.replace(path)
        return made

    def clear(self) -> None:
        """Forget everything: the audit is done, and the next one is to measure anew."""
        shutil.rmtree(self._folder, ignore_errors=True)
