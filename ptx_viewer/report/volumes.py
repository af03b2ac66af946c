"""CT series in ``findings.json``: what was found, and the outlines slice by slice."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.ct import SIDES, Label, air_label
from models.prediction import Side
from ptx_viewer.measure.annotation import measure_annotation
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.volume import SHARE, VOLUME
from ptx_viewer.results import VolumeAnalysis
from ptx_viewer.review.review import Decision
from ptx_viewer.review.volume import VolumeReview
from ptx_viewer.review.volume_measured import standing
from ptx_viewer.study.catalogue import SeriesEntry
from ptx_viewer.study.planes import Planes
from ptx_viewer.study.volume import Volume
from ptx_viewer.volumes import METHOD

from .atomic import make_folder, write_atomically

#: Values of the pixels of an outline's pictures.
LABELS = {label.name.lower().replace("_", " "): int(label) for label in Label}


@dataclass(frozen=True, eq=False)
class VolumeRecord:
    """One CT series, as far as ``findings.json`` needs it.

    Attributes
    ----------
    series : SeriesEntry
    volume : Volume or None
        None when its slices make up none; `analysis` says why.
    analysis : VolumeAnalysis
        With the outlines and numbers of the review, where there is one.
    review : VolumeReview or None
        None while no reader has looked.
    """

    series: SeriesEntry
    volume: Volume | None
    analysis: VolumeAnalysis
    review: VolumeReview | None = None


def volume_entry(out_dir: Path, number: int, record: VolumeRecord) -> dict[str, Any]:
    """Return a series as ``findings.json`` holds it, and write its outlines.

    One PNG for each slice, 8 bits, in the slice's own rows and columns: see :data:`LABELS`.

    Raises
    ------
    ReportError
        If a file cannot be written.
    """
    volume, analysis = record.volume, record.analysis
    first = record.series.instances[0]
    slices: list[dict[str, Any]] = []
    geometry: dict[str, Any] | None = None
    if volume is not None:
        digits = re.sub(r"[^0-9.]", "", record.series.series_instance_uid).strip(".")[:64]
        stem = f"series{number:04d}_{digits}"
        _, row_mm, column_mm = volume.spacing_mm
        geometry = {
            "rows": volume.hounsfield.shape[1],
            "columns": volume.hounsfield.shape[2],
            "row_mm": row_mm,
            "column_mm": column_mm,
            "slice_mm": volume.spacing_mm[0],
            "directions": list(volume.directions),
            "gaps_after": list(volume.gaps),
        }
        for index, reference in enumerate(volume.references):
            slices.append(
                {
                    "file": _text(reference.display_path),
                    "sop_instance_uid": _text(reference.sop_instance_uid),
                    "frame": reference.frame,
                    "position_mm": float(volume.positions_mm[index]),
                    "labels": _picture(out_dir, f"{stem}_slice{index + 1:04d}", analysis, index),
                }
            )
    return {
        "study_instance_uid": _text(first.study_instance_uid),
        "series_instance_uid": _text(record.series.series_instance_uid),
        "description": _text(record.series.description),
        "refused": None if analysis.refused is None else _text(analysis.refused),
        "geometry": geometry,
        "slices": slices,
        "method": METHOD,
        "label_values": LABELS,
        "findings": [_finding(record, side) for side in SIDES if side in analysis.sides],
        "rejected": _rejected(record.review),
        "measurements": [_measurement(measurement) for measurement in analysis.measurements],
        "measured_by_hand": _measured_by_hand(record),
        "review": _review(record.review),
        "notices": [_text(notice) for notice in analysis.notices],
        "seconds": _finite(analysis.seconds),
    }


def _finding(record: VolumeRecord, side: Side) -> dict[str, Any]:
    analysis = record.analysis
    assert analysis.segmentation is not None  # a finding is measured on it
    mask = analysis.segmentation.of(air_label(side))
    places = np.flatnonzero(mask.any(axis=(1, 2)))
    volume, share = analysis.measurement(VOLUME, side), analysis.measurement(SHARE, side)
    parts = [f for f in standing(record.review) if f.side is side] if record.review is not None else []
    accepted = bool(parts) and all(part.decision is Decision.ACCEPTED for part in parts)
    return {
        "side": side.value,
        "outlined_by": _text(volume.model) if volume is not None else METHOD,
        "edited": any(part.edited for part in parts),
        "decision": (Decision.ACCEPTED if accepted else Decision.SUGGESTED).value,
        "first_slice": int(places[0]),
        "last_slice": int(places[-1]),
        "voxels": int(np.count_nonzero(mask)),
        "volume_ml": None if volume is None or volume.value is None else _finite(volume.value),
        "percent": None if share is None or share.value is None else _finite(share.value),
    }


def _rejected(review: VolumeReview | None) -> list[dict[str, Any]]:
    """Return what the reader rejected: it is in no outline and in no number of the series."""
    return [
        {"side": finding.side.value, "outlined_by": _text(finding.source), "voxels": finding.mask.voxels}
        for finding in (review.findings if review is not None else ())
        if finding.decision is Decision.REJECTED
    ]


def _review(review: VolumeReview | None) -> dict[str, Any] | None:
    if review is None:
        return None
    return {
        "verdict": review.verdict.value,
        "impression": _text(review.impression),
        "signed_by": _text(review.signed_by) or None,
        "signed_at": None if review.signed_at is None else review.signed_at.isoformat(timespec="seconds"),
    }


def _measured_by_hand(record: VolumeRecord) -> list[dict[str, Any]]:
    if record.review is None or record.volume is None:
        return []
    planes = Planes(record.volume)
    return [
        {
            "name": one.title,
            "kind": one.kind.value,
            "plane": one.plane.value.lower(),
            "index": one.index,
            "points": [list(point) for point in one.points],
            "quantities": [
                {
                    "name": quantity.name,
                    "value": None if quantity.value is None else _finite(quantity.value),
                    "unit": quantity.unit,
                    "method": quantity.method,
                    "why_not": quantity.why_not,
                }
                for quantity in measure_annotation(
                    one, planes.values(one.plane, one.index), "HU", planes.spacing(one.plane)
                )
            ],
        }
        for one in record.review.annotations
    ]


def _measurement(measurement: Measurement) -> dict[str, Any]:
    kept = asdict(measurement)
    return {
        "name": kept["name"],
        "value": _finite(kept["value"]) if measurement.valid and kept["value"] is not None else None,
        "unit": kept["unit"],
        "method": kept["method"],
        "side": kept["side"],
        "model": kept["model"],
        "valid": kept["valid"],
        "why_not": kept["why_not"],
        "interval": None if kept["interval"] is None else [_finite(end) for end in kept["interval"]],
        "interval_basis": kept["interval_basis"],
    }


def _picture(out_dir: Path, stem: str, analysis: VolumeAnalysis, index: int) -> str | None:
    if analysis.segmentation is None:
        return None
    _, encoded = cv2.imencode(".png", np.ascontiguousarray(analysis.segmentation.labels[index]))
    make_folder(out_dir / "masks")
    write_atomically(out_dir / "masks" / f"{stem}.png", encoded.tobytes())
    return f"masks/{stem}.png"


def _text(words: str) -> str:
    """Return `words` as valid Unicode: file names may hold bytes that are none."""
    return words.encode("utf-8", "replace").decode("utf-8")


def _finite(value: float) -> float | None:
    """Return a number that JSON can hold: it knows no NaN and no infinity."""
    return float(value) if math.isfinite(value) else None
