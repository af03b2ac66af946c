"""File names: which are no images, and how a name is shown."""

from __future__ import annotations

import os
from pathlib import PurePath

# What lies beside images on discs and in exports; passed over unless the user names it.
# fmt: off
_SUFFIXES = frozenset({
    ".bat", ".cfg", ".chm", ".cmd", ".conf", ".css", ".csv", ".db", ".dll", ".doc", ".docx", ".exe",
    ".htm", ".html", ".icns", ".ico", ".inf", ".ini", ".jar", ".js", ".json", ".jsonl", ".lnk",
    ".log", ".md", ".md5", ".pdf", ".py", ".pyc", ".rtf", ".sh", ".sha256", ".so", ".sqlite",
    ".toml", ".tsv", ".txt", ".xls", ".xlsx", ".xml", ".xsl", ".yaml", ".yml",
})
# fmt: on
_NAMES = frozenset({"changelog", "license", "makefile", "readme", "version"})


def is_hidden(path: PurePath) -> bool:
    """Whether the name is that of a hidden file or folder."""
    return path.name.startswith(".")


def is_sidecar(path: PurePath) -> bool:
    """Whether a file, by its name, belongs to a folder of images without being one.

    Hidden files and what macOS adds to archives count as such.
    """
    name = path.name.lower()
    return is_hidden(path) or "__MACOSX" in path.parts or name in _NAMES or path.suffix.lower() in _SUFFIXES


def shown(path: PurePath) -> str:
    """Return a path as text for people; bytes that are no text become replacement characters."""
    return os.fsencode(path).decode("utf-8", "replace")
