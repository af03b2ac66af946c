"""What each image came to, in the words of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.prediction import Prediction
from ptx_viewer.measure.area import NAME as AREA
from ptx_viewer.measure.hemithorax import NAME as SHARE
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.quantities import SIZE_CLASS
from ptx_viewer.measure.volume import LUNG
from ptx_viewer.report.volumes import VolumeRecord
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.study.image import Image2D

#: Never "normal".
NONE_FOUND = "no pneumothorax found"


@dataclass(frozen=True)
class Row:
    """What one image came to, in words and numbers for a table.

    Attributes
    ----------
    file : str
        Path as the user knows it.
    finding : str
        e.g. ``"right pneumothorax"``, ``"no pneumothorax found"``, ``"refused: ..."``; of several networks
        what their consensus says where they have one, and on further lines who sees what.
    score : str
        Image score and threshold, a line each of several networks; ``""`` for a refused image.
    size : str
        Area, share of the hemithorax and size classes, as far as they apply.
    """

    file: str
    finding: str
    score: str = ""
    size: str = ""


def film_row(image: Image2D, analysis: ImageAnalysis) -> Row:
    """Return the row of one film: of several networks, their consensus and who sees what."""
    file = image.reference.display_path
    if not analysis.predictions:
        return Row(file, f"refused: {analysis.refused}")
    size = size_in_short(analysis.measurements)
    if analysis.consensus is None:
        return Row(
            file,
            "; ".join(_found(made) for made in analysis.predictions),
            "; ".join(_scored(made) for made in analysis.predictions),
            size,
        )
    together = () if analysis.agreed is None else (analysis.agreed,)
    lines = [f"consensus: {_found(made)}" for made in together]
    if not together or any(made.present for made in analysis.predictions):
        lines += analysis.consensus.statements
    scores = "\n".join(f"{made.model} {_scored(made)}" for made in (*together, *analysis.predictions))
    return Row(file, "\n".join(lines), scores, size)


def _found(prediction: Prediction) -> str:
    if not prediction.present:
        return NONE_FOUND
    sides = sorted({instance.side.value for instance in prediction.instances})
    return f"{' and '.join(sides)} pneumothorax" if sides else "pneumothorax, not outlined"


def _scored(prediction: Prediction) -> str:
    return f"{prediction.score:.2f} (threshold {prediction.threshold:.2f})"


def volume_row(record: VolumeRecord) -> Row:
    """Return the row of one CT series."""
    analysis = record.analysis
    first = record.series.instances[0].display_path
    file = f"{Path(first).parent} ({len(record.series.instances)} slices)"
    if analysis.refused is not None:
        return Row(file, f"refused: {analysis.refused}")
    sides = " and ".join(side.value for side in analysis.sides)
    sizes = [
        f"{measurement.side} {measurement.value:.0f} {measurement.unit}"
        for measurement in analysis.measurements
        if measurement.name != LUNG and measurement.valid and measurement.value is not None
    ]
    return Row(file, f"{sides} pneumothorax" if sides else NONE_FOUND, size=", ".join(sizes))


def size_in_short(measurements: Sequence[Measurement]) -> str:
    """Say the size in short: area, share of the hemithorax and size classes; findings.json has the rest."""
    parts = []
    for measurement in measurements:
        if not measurement.valid or measurement.value is None:
            continue
        if measurement.name == AREA:
            parts.append(f"{measurement.side} {measurement.value:,.0f} {measurement.unit}")
        elif measurement.name == SHARE:
            parts.append(f"{measurement.value:.0f} % of the hemithorax (projected area)")
        elif measurement.category and measurement.name.startswith(SIZE_CLASS):
            parts.append(f"{measurement.category} by {measurement.name.removeprefix(SIZE_CLASS)}")
    return ", ".join(parts)
