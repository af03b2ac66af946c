"""Painting a finding of a CT series: in a slice, in a plane across the slices, and between slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from ptx_viewer.study.planes import Plane

from .edits import Action, Clock, check_unsigned, find_finding, utc_now, with_event
from .review import Decision
from .volume import VolumeFinding, VolumeMask, VolumeReview


def repaint_slice(
    review: VolumeReview, finding_id: str, index: int, plane: NDArray[np.bool_], *, clock: Clock = utc_now
) -> VolumeReview:
    """Replace one slice of a finding's outline; what was suggested is kept beside it.

    Parameters
    ----------
    index : int
        Number of the slice, from 0.
    plane : ndarray of bool, shape [H, W]
        Copied; may be empty.  Voxels of the other findings that stand are left to them.

    Raises
    ------
    ReviewLocked
        If the review is signed.
    UnknownFinding
        If there is no such finding.
    ValueError
        If `plane` is not boolean, not of the shape of the slices, or there is no such slice.
    """
    before = _paintable(review, finding_id)
    count, *shape = before.mask.shape
    if plane.dtype != np.bool_ or plane.shape != tuple(shape):
        raise ValueError(f"a slice must be boolean and of {tuple(shape)}, got {plane.dtype}, {plane.shape}")
    if not 0 <= index < count:
        raise ValueError(f"there is no slice {index} among {count}")
    return _painted(review, before, {index: plane}, f"slice {index + 1}", clock)


def repaint_section(
    review: VolumeReview,
    finding_id: str,
    plane: Plane,
    index: int,
    section: NDArray[np.bool_],
    *,
    clock: Clock = utc_now,
) -> VolumeReview:
    """Replace a coronal or sagittal plane of a finding's outline.

    Parameters
    ----------
    plane : Plane
        Coronal or sagittal.
    index : int
        Number of the plane: a row (coronal) or a column (sagittal) of every slice.
    section : ndarray of bool, shape [S, W] or [S, H]
        One row for each slice.

    Raises
    ------
    ReviewLocked, UnknownFinding
        As :func:`repaint_slice`.
    ValueError
        If `section` is not boolean or of another shape, or there is no such plane across the slices.
    """
    before = _paintable(review, finding_id)
    count, rows, columns = before.mask.shape
    planes, width = {Plane.CORONAL: (rows, columns), Plane.SAGITTAL: (columns, rows)}.get(plane, (0, 0))
    if not 0 <= index < planes:
        raise ValueError(f"there is no {plane.lower()} plane {index} across the slices")
    if section.dtype != np.bool_ or section.shape != (count, width):
        raise ValueError(
            f"a section must be boolean and of {(count, width)}, got {section.dtype}, {section.shape}"
        )
    line = np.s_[index, :] if plane is Plane.CORONAL else np.s_[:, index]
    changed = {}
    for at, values in enumerate(section):
        old = before.mask.plane(at)
        if not np.array_equal(old[line], values):
            changed[at] = old.copy()
            changed[at][line] = values
    return _painted(review, before, changed, f"{plane.lower()} plane {index + 1}", clock)


def fill_between(
    review: VolumeReview,
    finding_id: str,
    positions_mm: NDArray[np.float64],
    pixel_mm: tuple[float, float],
    *,
    clock: Clock = utc_now,
) -> VolumeReview:
    """Outline the empty slices between those on which a finding is outlined.

    Shape-based interpolation (Raya and Udupa, IEEE Trans Med Imaging 9:32, 1990): the signed distance to
    the outline runs linearly from slice to slice.

    Parameters
    ----------
    positions_mm : ndarray of float64, shape [S]
        Of the slices along their normal.
    pixel_mm : tuple of float
        Distance of rows and of columns.

    Returns
    -------
    VolumeReview
        The same one where nothing lies between.

    Raises
    ------
    ReviewLocked, UnknownFinding
        As :func:`repaint_slice`.
    """
    before = _paintable(review, finding_id)
    outlined = [index for index, plane in enumerate(before.mask.slices) if plane is not None]
    filled = {}
    for first, last in pairwise(outlined):
        if last - first < 2:
            continue
        start, end = (_inside_mm(before.mask.plane(index), pixel_mm) for index in (first, last))
        for index in range(first + 1, last):
            way = (positions_mm[index] - positions_mm[first]) / (positions_mm[last] - positions_mm[first])
            filled[index] = (1.0 - way) * start + way * end > 0.0
    return _painted(review, before, filled, "filled between slices", clock)


def _paintable(review: VolumeReview, finding_id: str) -> VolumeFinding:
    check_unsigned(review)
    return find_finding(review, finding_id)


def _painted(
    review: VolumeReview,
    before: VolumeFinding,
    planes: Mapping[int, NDArray[np.bool_]],
    where: str,
    clock: Clock,
) -> VolumeReview:
    """Return the review with some slices of a finding exchanged, other findings' voxels left to them."""
    others = [f.mask for f in review.findings if f is not before and f.decision is not Decision.REJECTED]
    mask: VolumeMask = before.mask
    old = new = 0
    for index, plane in planes.items():
        kept = plane
        for other in others:
            kept = kept & ~other.plane(index)
        if not np.array_equal(kept, before.mask.plane(index)):
            old += int(np.count_nonzero(before.mask.plane(index)))
            new += int(np.count_nonzero(kept))
            mask = mask.with_plane(index, kept)
    if mask is before.mask:
        return review
    after = replace(before, mask=mask)
    findings = tuple(after if finding is before else finding for finding in review.findings)
    detail = f"{before.finding_id}, {where}: {old} to {new} voxels"
    return with_event(replace(review, findings=findings), Action.REPAINTED, detail, clock)


def _inside_mm(mask: NDArray[np.bool_], pixel_mm: tuple[float, float]) -> NDArray[np.float64]:
    """Return the distance to the outline (mm), positive inside."""
    inside: NDArray[np.float64] = distance_transform_edt(mask, sampling=pixel_mm)
    outside: NDArray[np.float64] = distance_transform_edt(~mask, sampling=pixel_mm)
    return inside - outside
