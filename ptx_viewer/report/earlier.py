"""What an earlier run left in the output folder: exactly the files that its ``findings.json`` names."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

#: Files that the program writes, as it names them; whatever else a damaged or foreign file names stays.
_OWN = re.compile(r"(masks|probabilities|heatmaps)/[A-Za-z0-9._-]+\.png|reports/[A-Za-z0-9._-]+\.pdf")
#: A ``findings.json`` beyond this many bytes is not read to tidy up.
_LARGEST = 200_000_000


def named_files(findings: Path) -> frozenset[str]:
    """Return the files that a ``findings.json`` names, relative to it; nothing of one that cannot be read."""
    try:
        if findings.stat().st_size > _LARGEST:
            return frozenset()
        document = json.loads(findings.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return frozenset()
    return frozenset(text for text in _texts(document) if _OWN.fullmatch(text))


def remove_earlier(folder: Path, earlier: frozenset[str], kept: frozenset[str]) -> None:
    """Remove from `folder` what an earlier run named and the last one does not.

    Nothing else is touched: what lies in these folders without having been named is somebody's own.
    A file that cannot be removed stays.
    """
    root = folder.resolve()
    for name in earlier - kept:
        file = folder / name
        # A folder that was exchanged for a link must not lead out of the output folder.
        if file.parent.resolve().parent == root:
            with contextlib.suppress(OSError):
                file.unlink()


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
