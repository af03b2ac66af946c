"""The truth beside a synthetic study: masks as pictures, numbers as JSON (docs/phantom-truth.md)."""

from __future__ import annotations

import dataclasses
import io
import json
import os
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synthesis.anatomy import SIDES, sign
from models.synthesis.ct import CtVolume
from models.synthesis.geometry import Projection
from models.synthesis.synthesis import SyntheticFilm
from models.synthesis.thorax import Thorax
from models.synthesis.truth import SideTruth

SCHEMA: Final = "ptx-viewer/phantom-truth/1"


def film_record(film: SyntheticFilm) -> dict[str, Any]:
    """Return what is known about a film."""
    return {
        **_thorax_record(film.thorax),
        "view": _view(film.projection, film.thorax.anatomy.supine),
        "film": {side: _side(film.truth.sides[side]) for side in SIDES},
    }


def ct_record(thorax: Thorax, volume: CtVolume) -> dict[str, Any]:
    """Return what is known about a CT series."""
    slices, rows, columns = volume.grid.shape
    return {
        **_thorax_record(thorax),
        "ct": {
            "spacing_mm": [round(v, 6) for v in volume.grid.spacing_mm],
            "first_voxel_mm": [round(v, 6) for v in volume.grid.first_voxel_mm],
            "gantry_tilt_degrees": volume.grid.tilt_degrees,
            "slices": slices,
            "rows": rows,
            "columns": columns,
        },
    }


def write_film_truth(folder: Path, name: str, film: SyntheticFilm) -> None:
    """Write masks and numbers of a film."""
    truth = film.truth
    lungs = truth.lung_fields["right"] * np.uint8(127) + truth.lung_fields["left"] * np.uint8(255)
    _write_png(folder / f"{name}-pneumothorax.png", truth.pneumothorax * np.uint8(255))
    _write_png(folder / f"{name}-lungs.png", lungs)
    _write_json(folder / f"{name}.json", film_record(film))


def write_ct_truth(folder: Path, name: str, thorax: Thorax, volume: CtVolume) -> None:
    """Write masks and numbers of a CT series."""
    packed = io.BytesIO()
    np.savez_compressed(
        packed,
        pneumothorax=volume.pneumothorax,
        right_lung=volume.right_lung,
        left_lung=volume.left_lung,
    )
    write_whole(folder / f"{name}-masks.npz", packed.getvalue())
    _write_json(folder / f"{name}.json", ct_record(thorax, volume))


def write_whole(path: Path, content: bytes) -> None:
    """Write `path` whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _thorax_record(thorax: Thorax) -> dict[str, Any]:
    anatomy = thorax.anatomy
    under_tension = [request.side for request in thorax.pneumothoraces if request.kind == "tension"]
    return {
        "schema": SCHEMA,
        "seed": thorax.seed,
        "person": {
            "sex": anatomy.sex,
            "age_years": anatomy.age,
            "rotation_degrees": round(anatomy.rotation_degrees, 3),
            "inspiration_mm": round(anatomy.inspiration_mm, 3),
        },
        "request": [dataclasses.asdict(request) for request in thorax.pneumothoraces] or None,
        "volumes": {
            side: {
                "pneumothorax_ml": round(volumes.pneumothorax_ml, 1),
                "lung_ml": round(volumes.lung_ml, 1),
                "hemithorax_ml": round(volumes.pneumothorax_ml + volumes.lung_ml, 1),
                "percent": round(volumes.percent, 2),
            }
            for side, volumes in thorax.volumes.items()
        },
        "tension": {
            "side": under_tension[0],
            "mediastinal_shift_mm": round(-sign(under_tension[0]) * anatomy.shift_mm, 2),
            "diaphragm_depression_mm": round(anatomy.depression_mm[SIDES.index(under_tension[0])], 2),
        }
        if under_tension
        else None,
        "devices": list(thorax.devices),
    }


def _view(projection: Projection, supine: bool) -> dict[str, Any]:
    plane = projection.pixel_mm / projection.magnification
    return {
        "projection": projection.view,
        "position": "SUPINE" if supine else "ERECT",
        "source_to_detector_mm": projection.source_to_detector_mm,
        "source_to_object_mm": projection.source_to_object_mm,
        "magnification": round(projection.magnification, 6),
        "imager_pixel_spacing_mm": [round(projection.pixel_mm, 8)] * 2,
        "patient_plane_spacing_mm": [round(plane, 8)] * 2,
    }


def _side(truth: SideTruth) -> dict[str, Any]:
    record = {"percent": round(truth.percent, 3)}
    for name, value in dataclasses.asdict(truth).items():
        record[name] = _rounded(value)
    return record


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_rounded(each) for each in value]
    return value if value is None else round(float(value), 3)


def _write_json(path: Path, record: dict[str, Any]) -> None:
    write_whole(path, (json.dumps(record, indent=1) + "\n").encode())


def _write_png(path: Path, image: NDArray[np.uint8]) -> None:
    _, encoded = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    write_whole(path, encoded.tobytes())
