"""The measurements of a review as it stands now.

How the reader's decisions combine, side by side:

========================  =============================  =================================
finding                   in its model's measurement     in the reader's measurement
========================  =============================  =================================
suggested, as outlined    yes                            no
accepted, as outlined     yes                            yes, where the reader has edited or
                                                         drawn something on the same side
edited (any decision      no                             yes
but rejected)
drawn by the reader       no                             yes
rejected                  no                             no
========================  =============================  =================================

So a model's line says what is left of the model's own outline, and the reader's line, on each
side where the reader changed or drew an outline, is the whole of what the reader stands behind on
that side.  Overlapping findings are counted once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.prediction import Instance, Side
from ptx_viewer.measure.film import measure_film
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.view import FilmView, film_view
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.study.image import Image2D
from ptx_viewer.study.spacing import Spacing

from .edits import READER
from .review import Decision, Finding, ImageReview
from .segments import with_moved_segments


def current_measurements(
    review: ImageReview,
    analysis: ImageAnalysis | None,
    spacing: Spacing | None,
    view: FilmView = FilmView(),  # noqa: B008  (frozen)
) -> tuple[Measurement, ...]:
    """Measure the findings of a review that are not rejected.

    Parameters
    ----------
    review : ImageReview
    analysis : ImageAnalysis or None
        Gives the lung fields; None when the image was not analysed.
    spacing : Spacing or None
        None for an uncalibrated image.
    view : FilmView
        How the film was taken, as far as its header tells; what the reader says is added.

    Returns
    -------
    tuple of Measurement
        Model by model in the order of the findings, the reader last; the same arithmetic as
        :func:`~ptx_viewer.measure.film.measure_film`, with the lines where the reader put them.
    """
    view = _with_reader(view, review)
    lungs = analysis.lung_fields if analysis is not None else None
    standing = [finding for finding in review.findings if finding.decision is not Decision.REJECTED]
    by_reader = [finding for finding in standing if finding.edited]
    as_outlined = [finding for finding in standing if not finding.edited]

    # One source's outline leaves the other side as it is, not free of the air that another one found.
    air = union_by_side(standing)
    measurements: list[Measurement] = []
    for model in dict.fromkeys(finding.source for finding in as_outlined):
        masks = union_by_side(finding for finding in as_outlined if finding.source == model)
        measurements += measure_film(masks, lungs, spacing, model, view, *_probability(analysis, model), air)

    sides = {finding.side for finding in by_reader}
    accepted = [f for f in as_outlined if f.decision is Decision.ACCEPTED and f.side in sides]
    masks = union_by_side([*by_reader, *accepted])
    measurements += measure_film(masks, lungs, spacing, READER, view, others=air)
    return with_moved_segments(tuple(measurements), review, spacing)


def _with_reader(view: FilmView, review: ImageReview) -> FilmView:
    """Return what a header says about a film together with what its reader says."""
    return replace(view, rotated=review.patient_rotated)


def view_of(image: Image2D, review: ImageReview | None) -> FilmView:
    """Return what the header of `image` says, with what its reader says where there is one."""
    view = film_view(image)
    return view if review is None else _with_reader(view, review)


def _probability(
    analysis: ImageAnalysis | None, model: str
) -> tuple[NDArray[np.float32] | None, float | None]:
    made = analysis.answer(model) if analysis is not None else None
    return (None, None) if made is None else (made.probability, made.mask_threshold)


def union_by_side(findings: Iterable[Finding | Instance]) -> dict[Side, NDArray[np.bool_]]:
    """Return the masks of some findings, or of a network's outlines, united for each side."""
    masks: dict[Side, NDArray[np.bool_]] = {}
    for finding in findings:
        mask = masks.get(finding.side)
        masks[finding.side] = finding.mask if mask is None else mask | finding.mask
    return masks
