"""All measurements of the pneumothorax masks of one film."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from models.prediction import LungFields, Side
from ptx_viewer.study.spacing import Spacing

from .area import pneumothorax_area
from .distances import measure_quantities
from .hemithorax import hemithorax_pixels, hemithorax_problem, share_of_hemithorax
from .measurement import Measurement
from .side import side_outlines
from .tension import tension_hints
from .validity import rotation_problem, view_problem
from .view import FilmView


def measure_film(
    masks: Mapping[Side, NDArray[np.bool_]],
    lungs: LungFields | None,
    spacing: Spacing | None,
    model: str,
    view: FilmView = FilmView(),  # noqa: B008  (frozen)
    probability: NDArray[np.float32] | None = None,
    mask_threshold: float | None = None,
    others: Mapping[Side, NDArray[np.bool_]] | None = None,
) -> tuple[Measurement, ...]:
    """Measure the masks of one model, or of the reader, side by side.

    Parameters
    ----------
    masks : mapping of Side to ndarray of bool, shape [H, W]
        One mask for each of the patient's sides; an empty mask gives no measurement.
    lungs : LungFields or None
        In the grid of the masks; None when they were not outlined.
    spacing : Spacing or None
        None for an uncalibrated image.
    model : str
        Whose masks these are: a name in the zoo, or ``"reader"``.
    view : FilmView
        How the film was taken, and the turn to the usual display.
    probability : ndarray of float32, shape [H, W], or None
        The model's map behind the masks; gives the interval of each value together with
        `mask_threshold`.  None for masks drawn by the reader.
    mask_threshold : float or None
        0..1, at which `probability` was cut.
    others : mapping of Side to ndarray of bool, shape [H, W], or None
        What someone else outlined on the film.  It is not measured, but a side with air is no normal side
        to compare with.

    Returns
    -------
    tuple of Measurement
        For each side with a non-empty mask, right before left before unknown: area, share of the
        hemithorax, distances, formulas, size classes, hints at tension.  What does not apply to the
        film, or cannot be measured on these outlines, is there all the same, not valid, with the
        reason.

    Raises
    ------
    ValueError
        If masks, probability and lung fields are not all of one shape.
    """
    found = {side: masks[side] for side in Side if side in masks and masks[side].any()}
    with_air = {side: mask for side, mask in (others or {}).items() if mask.any()} | found
    shapes = {mask.shape for mask in (*masks.values(), *with_air.values())}
    if lungs is not None:
        shapes |= {lungs.right.shape, lungs.left.shape}
    if probability is not None and masks:
        shapes.add(probability.shape)
    if len(shapes) > 1:
        raise ValueError(f"masks and lung fields must share one grid, got the shapes {sorted(shapes)}")

    hemithoraces = {}
    if found and lungs is not None:
        hemithoraces = {
            side: hemithorax_pixels(lungs.of(side), with_air.get(side)) for side in (Side.RIGHT, Side.LEFT)
        }
    measurements: list[Measurement] = []
    for side, mask in found.items():
        outlines = side_outlines(mask, lungs, side, spacing, view, probability, mask_threshold)
        problem = hemithorax_problem(mask, lungs, side, hemithoraces)
        blocked = view_problem(view) or problem
        measurements += [
            pneumothorax_area(mask, outlines, spacing, side, model),
            share_of_hemithorax(mask, outlines, blocked or rotation_problem(view), side, model, hemithoraces),
            *measure_quantities(None if blocked else outlines, blocked, side.value, model, spacing, view),
            *tension_hints(outlines, lungs, with_air, blocked, model, spacing, view),
        ]
    return tuple(measurements)
