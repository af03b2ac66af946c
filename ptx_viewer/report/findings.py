"""``findings.json`` and its pictures: the results as other programs read them.

The format is described in ``docs/findings-json.md`` and by the JSON Schema in
``resources/findings.schema.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from explain.attribution import Attribution
from models.prediction import Prediction
from ptx_viewer import DISCLAIMER, map_wording
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.view import FilmView
from ptx_viewer.results import Consensus, ImageAnalysis
from ptx_viewer.review.measured import view_of
from ptx_viewer.review.review import ImageReview
from ptx_viewer.study.catalogue import Unreadable
from ptx_viewer.study.image import Image2D, ImageReference
from ptx_viewer.study.spacing import Spacing

from .atomic import make_folder, write_atomically
from .content import PriorFilm
from .earlier import named_files, remove_earlier
from .pictures import Pictures, file_stem
from .prior import prior_entry
from .view import view_entry
from .volumes import VolumeRecord, volume_entry

SCHEMA_VERSION = "1.4"
FILE_NAME = "findings.json"

_UNSIGNED_ENCODING = "0..65535 = 0..1"
_SIGNED_ENCODING = "0..65535 = -1..1, 0 at 32767.5"


@dataclass(frozen=True, eq=False)
class ImageRecord:
    """One analysed image, as far as ``findings.json`` needs it.

    Attributes
    ----------
    reference : ImageReference
    rows, columns : int
    spacing : Spacing or None
    analysis : ImageAnalysis
        With every array in the image's own rows and columns.
    prior : PriorFilm or None
        The prior film that was compared, and what has changed since.
    view : FilmView
        How the film was taken, by its header and its reader.
    """

    reference: ImageReference
    rows: int
    columns: int
    spacing: Spacing | None
    analysis: ImageAnalysis
    prior: PriorFilm | None = None
    view: FilmView = FilmView()  # noqa: RUF009  (frozen)

    @classmethod
    def of(
        cls,
        image: Image2D,
        analysis: ImageAnalysis,
        prior: PriorFilm | None = None,
        review: ImageReview | None = None,
    ) -> ImageRecord:
        """Take from `image` what is written, and let go of its pixels."""
        rows, columns = image.shape
        view = view_of(image, review)
        return cls(image.reference, rows, columns, image.spacing, analysis, prior, view)


def write_findings(
    out_dir: Path,
    records: Iterable[ImageRecord],
    unreadable: Iterable[Unreadable],
    program_version: str,
    created: datetime,
    volumes: Iterable[VolumeRecord] = (),
    reports: Iterable[Path] = (),
) -> Path:
    """Write ``findings.json`` and the PNG files that it names into `out_dir`.

    Records are taken one after another and not kept, so a generator that analyses as it
    goes needs the memory of one image.  `unreadable` and `reports` are read after the last record, so
    the generator may still add to them.  ``findings.json`` is written last: when it is there,
    every file that it names is there.  Files that the ``findings.json`` of an earlier run named and that
    were not written again are removed then.

    Parameters
    ----------
    out_dir : Path
        Created if need be; files of an earlier run are replaced.
    records : iterable of ImageRecord
    unreadable : iterable of Unreadable
    program_version : str
    created : datetime
        With a time zone.
    volumes : iterable of VolumeRecord
        CT series, taken one after another when the images are written.
    reports : iterable of Path
        PDF files in ``out_dir/reports``.

    Returns
    -------
    Path
        Of ``findings.json``.

    Raises
    ------
    ReportError
        If a file cannot be written; ``str()`` is a sentence for the user.
    ValueError
        If `created` has no time zone, an array is not in the image's grid, or a score is no number.
    """
    if created.tzinfo is None:
        raise ValueError("the time of the findings needs a time zone")
    make_folder(out_dir)
    path = out_dir / FILE_NAME
    earlier = named_files(path)
    images = [_image(out_dir, number, record) for number, record in enumerate(records, start=1)]
    series = [volume_entry(out_dir, number, record) for number, record in enumerate(volumes, start=1)]
    document = {
        "schema_version": SCHEMA_VERSION,
        "program": {"name": "ptx-viewer", "version": program_version, "notice": DISCLAIMER},
        "created": created.isoformat(timespec="seconds"),
        "images": images,
        "volumes": series,
        "reports": [f"reports/{report.name}" for report in reports],
        "unreadable": [
            {"file": _text(entry.display_path), "reason": _text(entry.reason)} for entry in unreadable
        ],
    }
    content = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(path, f"{content}\n".encode())
    remove_earlier(out_dir, earlier, named_files(path))
    return path


def _image(out_dir: Path, number: int, record: ImageRecord) -> dict[str, Any]:
    reference, analysis, spacing = record.reference, record.analysis, record.spacing
    stem = file_stem(number, reference)
    pictures = Pictures(out_dir, stem, (record.rows, record.columns))
    return {
        "file": _text(reference.display_path),
        "study_instance_uid": _text(reference.study_instance_uid),
        "series_instance_uid": _text(reference.series_instance_uid),
        "sop_instance_uid": _text(reference.sop_instance_uid),
        "frame": reference.frame,
        "rows": record.rows,
        "columns": record.columns,
        "spacing": None
        if spacing is None
        else {
            "row_mm": float(spacing.row_mm),
            "column_mm": float(spacing.column_mm),
            "basis": spacing.basis.value,
        },
        "view": view_entry(record.view),
        "refused": None if analysis.refused is None else _text(analysis.refused),
        "models": {
            prediction.model: _prediction(pictures, prediction, spacing)
            for prediction in analysis.predictions
        },
        "consensus": None
        if analysis.consensus is None or analysis.agreed is None
        else _prediction(pictures, analysis.agreed, spacing) | _comparison(analysis.consensus),
        "opinions": None
        if analysis.consensus is None
        else _comparison(analysis.consensus)
        | {"why_no_consensus": _text(analysis.consensus.why_none) or None},
        "suggestions": [
            {"model": suggestion.model, "instance": suggestion.number - 1}
            for suggestion in analysis.suggestions
        ],
        "measurements": [_measurement(measurement) for measurement in analysis.measurements],
        "prior": prior_entry(record.prior),
        "explanations": [
            _explanation(pictures, place, attribution)
            for place, attribution in enumerate(analysis.attributions, start=1)
        ],
    }


def _prediction(pictures: Pictures, prediction: Prediction, spacing: Spacing | None) -> dict[str, Any]:
    return {
        "score": _fraction(prediction.score, f"score of {prediction.model}"),
        "threshold": _fraction(prediction.threshold, f"threshold of {prediction.model}"),
        "present": bool(prediction.present),
        "mask": pictures.mask(prediction.mask, prediction.model),
        "probability": pictures.unit_range(prediction.probability, "probabilities", prediction.model),
        "instances": [
            {
                "side": instance.side.value,
                "box": [instance.box.left, instance.box.top, instance.box.right, instance.box.bottom],
                "score": _fraction(instance.score, "score of an instance"),
                "area_pixels": (area := int(instance.mask.sum())),
                "area_mm2": None if spacing is None else _finite(area * spacing.pixel_area_mm2),
            }
            for instance in prediction.instances
        ],
        "card_id": _text(prediction.card_id),
        "weights": None
        if prediction.weights is None
        else {
            "file": _text(prediction.weights.name),
            "sha256": prediction.weights.sha256,
            "shipped": prediction.weights.shipped,
        },
        "engine": prediction.engine,
        "device": prediction.device,
        "seconds": _finite(prediction.seconds),
    }


def _comparison(consensus: Consensus) -> dict[str, Any]:
    """Return how far the networks agree, and what each of them sees."""
    return {
        "agreement": {
            "dice": [
                {
                    "models": [overlap.first, overlap.second],
                    "value": None
                    if overlap.dice is None
                    else _fraction(overlap.dice, "Dice between two networks"),
                }
                for overlap in consensus.agreement.overlaps
            ],
            "sides": [
                {"side": each.side.value, "seen_by": list(each.seen_by), "word": each.word}
                for each in consensus.agreement.sides
            ],
        },
        "statements": [_text(statement) for statement in consensus.statements],
    }


def _measurement(measurement: Measurement) -> dict[str, Any]:
    value = None if measurement.value is None else _finite(measurement.value)
    return asdict(measurement) | {"value": value if measurement.valid else None}


def _plain(figures: dict[str, Any]) -> dict[str, Any]:
    """Return `figures` with null for every number that JSON cannot hold."""
    return {
        key: _plain(value)
        if isinstance(value, dict)
        else _finite(value)
        if isinstance(value, float)
        else value
        for key, value in figures.items()
    }


def _explanation(pictures: Pictures, place: int, attribution: Attribution) -> dict[str, Any]:
    # The place keeps two maps of one method (of two targets) apart.
    name = f"{attribution.model}_{attribution.method}_{place}"
    heatmap = (attribution.heatmap + 1.0) / 2.0 if attribution.signed else attribution.heatmap
    faithfulness = attribution.faithfulness
    return {
        "method": attribution.method,
        "model": attribution.model,
        "target": attribution.target,
        "caption": _text(map_wording.caption(attribution, attribution.model)),
        "below_cutoff": attribution.below_cutoff,
        "heatmap": pictures.unit_range(heatmap, "heatmaps", name),
        "seconds": _finite(attribution.seconds),
        "provenance": _plain(asdict(attribution.provenance))
        | {
            "signed": attribution.signed,
            "encoding": _SIGNED_ENCODING if attribution.signed else _UNSIGNED_ENCODING,
        },
        "faithfulness": None if faithfulness is None else _plain(asdict(faithfulness)),
    }


def _text(text: str) -> str:
    """Return `text` as valid Unicode: file names may hold bytes that are none."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _finite(value: float) -> float | None:
    """Return a number that JSON can hold: it knows no NaN and no infinity."""
    return float(value) if math.isfinite(value) else None


def _fraction(value: float, what: str) -> float:
    """Return a score within 0..1; float32 rounding must not push it out."""
    if not math.isfinite(value):
        raise ValueError(f"the {what} is not a number")
    return min(1.0, max(0.0, float(value)))
