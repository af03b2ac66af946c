"""How a film was taken, by its header and its reader, as report and ``findings.json`` state it."""

from __future__ import annotations

from typing import Any

from ptx_viewer.measure.view import FilmView, film_view
from ptx_viewer.review.measured import reviewed_view
from ptx_viewer.review.review import ImageReview
from ptx_viewer.study.image import Image2D


def view_of(image: Image2D, review: ImageReview | None) -> FilmView:
    """Return what the header of `image` says, with what its reader says where there is one."""
    view = film_view(image)
    return view if review is None else reviewed_view(view, review)


def view_entry(view: FilmView) -> dict[str, Any]:
    """Return a view as ``findings.json`` holds it."""
    return {
        "projection": view.projection.value,
        "posture": view.posture.value,
        "respiration": view.respiration.value,
        "oblique": view.oblique or None,
        "patient_rotated": view.rotated,
    }
