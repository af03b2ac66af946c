"""Figures beside what they are to reach, printed at the end: nothing fails for being slow."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from pydicom import dcmread

import resources


@dataclass(frozen=True)
class Figure:
    """A measured figure and its target.

    Attributes
    ----------
    most : bool
        Whether the target is an upper bound.
    """

    name: str
    value: float
    unit: str
    target: float
    most: bool

    def __str__(self) -> str:
        reached = self.value <= self.target if self.most else self.value >= self.target
        bound = "at most" if self.most else "at least"
        mark = "reached" if reached else "MISSED"
        return f"{self.name:<66}{self.value:>9.3g} {self.unit:<9} {bound} {self.target:g} {self.unit}: {mark}"


_FIGURES: list[Figure] = []
Record = Callable[..., None]


@pytest.fixture
def figure() -> Record:
    """``figure(name, value, unit, at_most=...)`` or ``at_least=...`` keeps a figure for the summary."""

    def keep(
        name: str, value: float, unit: str, *, at_most: float | None = None, at_least: float | None = None
    ) -> None:
        target = at_most if at_most is not None else at_least
        assert target is not None
        _FIGURES.append(Figure(name, value, unit, target, at_most is not None))

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _FIGURES:
        terminalreporter.section("figures and targets")
        for measured in _FIGURES:
            terminalreporter.write_line(str(measured))


@pytest.fixture(params=["uncompressed", "JPEG 2000"])
def stored(request: pytest.FixtureRequest) -> str:
    """How the film is stored."""
    return request.param


@pytest.fixture
def film(stored: str, tmp_path: Path) -> Path:
    """The sample film, 2,048² at 12 bits, in a folder of its own."""
    sample = dcmread(Path(resources.__file__).parent / "sample_study" / "current-with-pneumothorax.dcm")
    if stored == "uncompressed":
        sample.decompress(generate_instance_uid=False)
    path = tmp_path / "study" / "film.dcm"
    path.parent.mkdir()
    sample.save_as(path, enforce_file_format=True)
    return path
