"""Plots of the proof."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .agreement import agreement
from .proof_cases import Row
from .record import write_whole

_COLOURS: Final = {
    "apical": "#0072b2",
    "lateral": "#e69f00",
    "basal": "#009e73",
    "tension": "#d55e00",
    "loculated": "#cc79a7",
    "bilateral": "#56b4e9",
}
_COLUMNS: Final = 3


def bland_altman(path: Path, groups: dict[str, Sequence[Row]]) -> None:
    """Plot measured minus true against their mean, a panel for each method."""

    def draw(axes: Axes, name: str, rows: Sequence[Row]) -> None:
        truth, measured = pairs(rows)
        _scatter(axes, rows, 0.5 * (truth + measured), measured - truth)
        found = agreement(truth, measured)
        for level, style in ((found.bias, "-"), (found.lower, "--"), (found.upper, "--")):
            axes.axhline(level, color="0.3", linewidth=0.9, linestyle=style)
        unit = rows[0].unit
        axes.set_title(f"{name} (n = {found.count})", fontsize=8)
        axes.set_xlabel(f"mean of true and measured, {unit}", fontsize=7)
        axes.set_ylabel(f"measured − true, {unit}", fontsize=7)

    _panels(path, groups, draw)


def against_volume(path: Path, groups: dict[str, Sequence[Row]]) -> None:
    """Plot what each film formula says against the true volume in percent."""

    def draw(axes: Axes, name: str, rows: Sequence[Row]) -> None:
        volume = np.array([row.volume_percent for row in rows])
        measured = np.array([row.measured for row in rows], np.float64)
        _scatter(axes, rows, volume, measured)
        axes.plot((0, 100), (0, 100), color="0.3", linewidth=0.9)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        axes.set_title(f"{name} (n = {len(rows)})", fontsize=8)
        axes.set_xlabel("true volume, % of the hemithorax", fontsize=7)
        axes.set_ylabel("formula, %", fontsize=7)

    _panels(path, groups, draw)


def pairs(rows: Sequence[Row]) -> tuple[np.ndarray, np.ndarray]:
    """Return true and measured values of rows that have both."""
    truth = np.array([row.truth for row in rows], np.float64)
    measured = np.array([row.measured for row in rows], np.float64)
    return truth, measured


def _scatter(axes: Axes, rows: Sequence[Row], x: np.ndarray, y: np.ndarray) -> None:
    for kind, colour in _COLOURS.items():
        chosen = np.array([row.kind == kind for row in rows])
        if chosen.any():
            axes.plot(x[chosen], y[chosen], "o", markersize=3, color=colour, alpha=0.75, label=kind)


def _panels(
    path: Path, groups: dict[str, Sequence[Row]], draw: Callable[[Axes, str, Sequence[Row]], None]
) -> None:
    lines = math.ceil(len(groups) / _COLUMNS)
    figure = Figure(figsize=(3.4 * _COLUMNS, 2.7 * lines + 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(lines, _COLUMNS, squeeze=False)
    handles = {}
    for axes in grid.flat[len(groups) :]:
        axes.set_axis_off()
    for axes, (name, rows) in zip(grid.flat, groups.items(), strict=False):
        draw(axes, name, rows)
        axes.tick_params(labelsize=7)
        handles |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=6, fontsize=8)
    encoded = io.BytesIO()
    # Without the library's version in the file the same rows give the same bytes.
    figure.savefig(encoded, dpi=110, metadata={"Software": None})
    write_whole(path, encoded.getvalue())
