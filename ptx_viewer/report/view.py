"""How a film was taken, as ``findings.json`` states it."""

from __future__ import annotations

from typing import Any

from ptx_viewer.measure.view import FilmView


def view_entry(view: FilmView) -> dict[str, Any]:
    """Return a view as ``findings.json`` holds it."""
    return {
        "projection": view.projection.value,
        "posture": view.posture.value,
        "respiration": view.respiration.value,
        "oblique": view.oblique or None,
        "patient_rotated": view.rotated,
    }
