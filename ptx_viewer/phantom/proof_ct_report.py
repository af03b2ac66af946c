"""What the proof says about CT: agreement, and how often the target was met, by kind and slice thickness."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from .proof_cases import TRUE_MASK, Row
from .proof_ct import CT_LUNG, CT_PERCENT, CT_SLICES_MM, CT_VOLUME, SEGMENTATION, ct_slice_mm
from .proof_figures import bland_altman, pairs
from .proof_tables import agreement_table, target_line

_WORDS: Final = (
    "Both sides of every thorax, those without air among them. *True mask* counts the voxels that are more "
    "than half air; *segmentation* is what `models/ct` outlines and the program measures. The target is a "
    "volume within 3 % or 5 mL, whichever is more. The constants of the segmentation were chosen on other "
    "seeds (9001 to 9011, 100 to 171, 200 to 318, 400 to 458)."
)


def volume_targets(ct: Sequence[Row]) -> list[str]:
    """Return rows for the table of targets."""
    lines = []
    for mask in (TRUE_MASK, SEGMENTATION):
        rows = _volumes(ct, mask)
        if rows:
            truth, measured = pairs(rows)
            largest = np.abs(measured - truth).max()
            lines.append(
                target_line(f"CT volume within 3 % or 5 mL, {mask}", _good(rows), f"{largest:.0f} mL")
            )
    return lines


def ct_section(folder: Path, rows: Sequence[Row]) -> list[str]:
    """Draw the CT's plot into `folder` and return the section's lines."""
    groups = {
        f"{method}, {mask}": [row for row in rows if row.method == method and row.mask == mask]
        for method in (CT_VOLUME, CT_PERCENT, CT_LUNG)
        for mask in (TRUE_MASK, SEGMENTATION)
    }
    groups = {name: found for name, found in groups.items() if len(found) > 1}
    if not groups:
        return []
    bland_altman(folder / "ct.png", groups)
    lines = ["## CT", "", _WORDS, "", *agreement_table("measured − true", groups, pairs)]
    return [*lines, *_shares(_volumes(rows, SEGMENTATION)), f"![CT]({folder.name}/ct.png)", ""]


def _shares(rows: Sequence[Row]) -> list[str]:
    """Return a table of how often the target was met by the segmentation."""
    with_air = [row for row in rows if row.volume_ml > 0]
    groups = {"sides without air": [row for row in rows if row.volume_ml == 0], "sides with air": with_air}
    groups |= {
        f"slices of {mm:g} mm": [r for r in with_air if ct_slice_mm(r.seed) == mm] for mm in CT_SLICES_MM
    }
    for kind in dict.fromkeys(row.kind for row in with_air):
        groups[kind] = [row for row in with_air if row.kind == kind]
    lines = ["| segmentation | n | within 3 % or 5 mL | median off, mL | median off, % | largest, mL |"]
    lines.append("|---|---|---|---|---|---|")
    for name, found in groups.items():
        if not found:
            continue
        truth, measured = pairs(found)
        off = measured - truth
        percent = f"{np.median(100.0 * off / truth):+.1f}" if truth.all() else ""
        lines.append(
            f"| {name} | {len(found)} | {int(_good(found).sum())} | {np.median(off):+.1f} | {percent} | "
            f"{off[np.abs(off).argmax()]:+.0f} |"
        )
    return [*lines, ""]


def _volumes(rows: Sequence[Row], mask: str) -> list[Row]:
    return [row for row in rows if row.method == CT_VOLUME and row.mask == mask]


def _good(rows: Sequence[Row]) -> np.ndarray:
    truth, measured = pairs(rows)
    return np.abs(measured - truth) <= np.maximum(5.0, 0.03 * truth)
