"""The proof as a document: tables of agreement, plots, and what was and was not reached."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from ptx_viewer.measure import area, hemithorax

from . import proof_cases as cases
from .proof_cases import NETWORK_MASK, TRUE_MASK, Row
from .proof_ct import CT_MATRIX, CT_SLICES_MM
from .proof_ct_report import ct_section, volume_targets
from .proof_figures import against_volume, bland_altman, pairs
from .proof_tables import agreement_table, target_line
from .record import write_whole

#: Film methods that claim, or are taken, to say how much of the hemithorax is air.
FORMULAS: Final = (hemithorax.NAME, "Collins 1995", "Rhea 1982", "Light index", "Kircher–Swartz 1954")
_OWN: Final = ("lung field, Dice", "mask, Dice", "image score", "frontal view, logit", "outlined without air")


def write_report(folder: Path, rows: Sequence[Row]) -> Path:
    """Write plots into `folder` and the document beside it, as ``<folder>.md``; return the document."""
    film = {mask: _film_rows(rows, mask) for mask in (TRUE_MASK, NETWORK_MASK)}
    ct = [row for row in rows if row.method.startswith("CT")]
    parts = [_INTRODUCTION.format(**_sizes(rows, ct))]
    parts += _film_section(folder, "Film, given the true mask", "true-mask", film[TRUE_MASK], _TRUE_WORDS)
    parts += ["### Targets", "", *_targets(film[TRUE_MASK], ct), ""]
    if any(row.mask == NETWORK_MASK and row.method in _OWN for row in rows):
        parts += ["## What the networks see", "", *_network(rows), ""]
        parts += _film_section(
            folder, "Film, given the network's mask", "network", film[NETWORK_MASK], _NETWORK_WORDS
        )
    if ct:
        parts += ct_section(folder, ct)
    formulas = {name: found for name in FORMULAS if len(found := film[TRUE_MASK].get(name, [])) > 1}
    if formulas:
        against_volume(folder / "formulas.png", formulas)
        parts += ["## How far each film formula is from the true volume", "", _FORMULA_WORDS, ""]
        parts += agreement_table("formula − true volume, percentage points", formulas, _volume_pairs)
        parts += [f"![formulas against true volume]({folder.name}/formulas.png)", ""]
    target = folder.with_suffix(".md")
    write_whole(target, ("\n".join(parts).rstrip() + "\n").encode())
    return target


_INTRODUCTION: Final = """\
# Measurements against the truth

Written by `python main.py prove-measurements`; every number comes from the tables in `measurement/`.
A digital thorax (`models/synthesis`) has a pneumothorax of known volume; its silhouettes on the film are
known to a fraction of a pixel. Seeds 0, 1, 2 ... draw person, kind, side and volume.

| | thoraxes | sides with air |
|---|---|---|
| film, true mask | {true} | {true_sides} |
| film, network's mask | {network} | {network_sides} |
| CT | {ct} | {ct_sides} |

To be feasible in minutes the films have {film_pixels}² pixels of {film_pixel} mm (a study's: 2,048² of
0.2 mm), soft shapes are sampled every {pitch} × {step} mm, and the CT has {matrix}² pixels and
slices of {slices} mm in turn (a study's: 512² and 1 mm). The figures hold for these sizes.

*True* is what the method's own definition gives on the exact silhouettes; lines at the level of the hilum
are compared at the level that the method chose, because the hilum itself is not outlined. Differences are
measured minus true; the limits of agreement are bias ± 1.96 standard deviations (Bland and Altman 1986);
*r* is Pearson's.
"""
_TRUE_WORDS: Final = (
    "What the measuring itself adds, apart from any network: pixels, and strips too thin to be taken for air."
)
_NETWORK_WORDS: Final = (
    "What is measured is what the program suggests: the outline of the consensus of Attention U-Net and Mask "
    "R-CNN, and on a side where it has none that of the network that has one. What was missed is counted "
    "above, not averaged in. These are synthetic films of persons that the networks never saw, but they have "
    "learned from others of the kind, with bones, organs and presentation of earlier versions: the figures "
    "say how the chain of outline and measurement behaves, not how it does on patients."
)
_FORMULA_WORDS: Final = (
    "Every formula is given the true mask, so that what is left is the formula's own distance from the "
    "volume of air in percent of air and lung. The line is perfect agreement. Nothing here is mended by a "
    "better outline: a projected area is not a volume, and the regressions were made on a few dozen patients."
)


def _sizes(rows: Sequence[Row], ct: Sequence[Row]) -> dict[str, object]:
    film = [row for row in rows if not row.method.startswith("CT")]

    def count(chosen: Sequence[Row]) -> tuple[int, int]:
        with_air = {(row.seed, row.side) for row in chosen if row.volume_ml > 0}
        return len({row.seed for row in chosen}), len(with_air)

    true, network, slices = (
        count(chosen)
        for chosen in (
            [row for row in film if row.mask == TRUE_MASK],
            [row for row in film if row.mask == NETWORK_MASK],
            ct,
        )
    )
    return {
        "true": true[0],
        "true_sides": true[1],
        "network": network[0],
        "network_sides": network[1],
        "ct": slices[0],
        "ct_sides": slices[1],
        "film_pixels": cases.FILM_PIXELS,
        "film_pixel": f"{cases.FILM_PIXEL_MM:.2f}",
        "pitch": f"{cases.SAMPLING.pitch_mm:g}",
        "step": f"{cases.SAMPLING.step_mm:g}",
        "matrix": CT_MATRIX,
        "slices": ", ".join(f"{each:g}" for each in CT_SLICES_MM),
    }


def _film_rows(rows: Sequence[Row], mask: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        ours = row.mask == mask and row.method not in _OWN and not row.method.startswith("CT")
        if ours and row.truth is not None and row.measured is not None:
            found.setdefault(row.method, []).append(row)
    return found


def _film_section(folder: Path, title: str, name: str, groups: dict[str, list[Row]], words: str) -> list[str]:
    shown = {method: found for method, found in groups.items() if len(found) > 1}
    if not shown:
        return [f"## {title}", "", "Nothing was measured.", ""]
    bland_altman(folder / f"{name}.png", shown)
    lines = [f"## {title}", "", words, ""]
    lines += agreement_table("measured − true", shown, pairs)
    return [*lines, f"![{title}]({folder.name}/{name}.png)", ""]


def _volume_pairs(rows: Sequence[Row]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([row.volume_percent for row in rows]), pairs(rows)[1]


def _targets(film: dict[str, list[Row]], ct: Sequence[Row]) -> list[str]:
    lines = ["| target | reached | by | largest difference |", "|---|---|---|---|"]
    found = film.get(area.NAME, [])
    if found:
        truth, measured = pairs(found)
        relative = np.abs(measured / truth - 1.0) * 100.0
        lines.append(
            target_line("projected area within 2 %, true mask", relative <= 2.0, f"{relative.max():.1f} %")
        )
    for method, rows in film.items():
        if rows[0].unit == "mm":
            truth, measured = pairs(rows)
            off = np.abs(measured - truth)
            lines.append(target_line(f"{method} within 1 mm, true mask", off <= 1.0, f"{off.max():.1f} mm"))
    lines += volume_targets(ct)
    return lines


def _network(rows: Sequence[Row]) -> list[str]:
    def values(method: str) -> np.ndarray:
        return np.array([row.measured for row in rows if row.method == method], np.float64)

    scores = [row for row in rows if row.method == "image score"]
    found = sum(row.measured is not None and row.measured >= (row.truth or 0.0) for row in scores)
    fields, dice = values("lung field, Dice"), values("mask, Dice")
    logits = values("frontal view, logit")
    lines = ["| on synthetic films | |", "|---|---|"]
    lines.append(f"| taken for a frontal chest film | {int((logits >= 0).sum())} of {len(logits)} |")
    lines.append(f"| lung field against the truth, median Dice (10th percentile) | {_middle(fields)} |")
    lines.append(
        f"| image score of the consensus above its threshold, sides with air | {found} of {len(scores)} |"
    )
    if len(dice):
        lines.append(f"| outlined at all, sides with air | {int((dice > 0).sum())} of {len(dice)} |")
        wrongly = values("outlined without air")
        lines.append(f"| outlined, sides without air | {int(wrongly.sum())} of {len(wrongly)} |")
    if (dice > 0).any():
        lines.append(
            f"| pneumothorax mask where outlined, median Dice (10th percentile) | {_middle(dice[dice > 0])} |"
        )
    return lines


def _middle(values: np.ndarray) -> str:
    return f"{np.median(values):.2f} ({np.percentile(values, 10):.2f})" if len(values) else "none"
