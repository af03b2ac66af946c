"""What a CT series shows with the reader's decisions and edits: outlines and numbers as they stand now.

On each side every finding that is not rejected counts, overlapping ones once.  Where one of them was
edited or drawn, the numbers of that side are the reader's; otherwise they are those of the method
that suggested it.  What a reader rejects or erases is neither pleural air nor lung; what a reader
paints over lung is no longer lung.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.ct import SIDES, CtSegmentation, air_label, lung_label
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.volume import LUNG, measure_volume
from ptx_viewer.results import VolumeAnalysis
from ptx_viewer.study.volume import Volume

from .edits import READER
from .review import Decision
from .volume import VolumeFinding, VolumeReview


def standing(review: VolumeReview) -> tuple[VolumeFinding, ...]:
    """Return the findings that count: not rejected, and with an outline."""
    return tuple(f for f in review.findings if f.decision is not Decision.REJECTED and f.mask.any())


def reviewed_labels(review: VolumeReview, found: CtSegmentation) -> NDArray[np.uint8]:
    """Return the labels of a segmentation with the findings of a review in place of its own.

    Parameters
    ----------
    review : VolumeReview
    found : CtSegmentation

    Returns
    -------
    ndarray of uint8, shape [S, H, W]
        The segmentation's own array where the review leaves it as it is.
    """
    labels = found.labels
    own = {side for side in SIDES if np.any(labels == air_label(side))}
    kept = {f.side for f in standing(review) if not f.edited}
    if own == kept and not any(f.edited for f in standing(review)):
        return labels
    labels = labels.copy()
    for side in SIDES:
        labels[labels == air_label(side)] = 0
    for finding in standing(review):
        for index, plane in enumerate(finding.mask.slices):
            if plane is not None:
                labels[index][plane] = air_label(finding.side)
    return labels


def current_volume_measurements(
    review: VolumeReview, analysis: VolumeAnalysis, volume: Volume
) -> tuple[Measurement, ...]:
    """Measure the findings of a review that stand.

    Parameters
    ----------
    review : VolumeReview
    analysis : VolumeAnalysis
        Of the same series; its segmentation gives the lungs.
    volume : Volume

    Returns
    -------
    tuple of Measurement
        As :func:`~ptx_viewer.measure.volume.measure_volume` gives them, and those of the analysis
        as they are while the reader has changed nothing.  Edited sides carry the model ``"reader"``.
    """
    found = analysis.segmentation
    if found is None:
        return ()
    sides = _owners(review)
    labels = reviewed_labels(review, found)
    if labels is found.labels:
        return analysis.measurements
    _, row_mm, column_mm = volume.spacing_mm
    measured = measure_volume(
        volume.hounsfield,
        # The reader waits for this after every stroke: comparing is ten times faster than looking up.
        {side: labels == air_label(side) for side in SIDES},
        {side: labels == lung_label(side) for side in SIDES},
        volume.positions_mm,
        (row_mm, column_mm),
        found.air_hounsfield,
        _method(analysis),
    )
    return tuple(m if m.name == LUNG else replace(m, model=sides.get(m.side, m.model)) for m in measured)


def with_review(
    analysis: VolumeAnalysis, review: VolumeReview, measurements: tuple[Measurement, ...]
) -> VolumeAnalysis:
    """Return an analysis with the outlines and numbers of a review in place of its own."""
    found = analysis.segmentation
    if found is None:
        return analysis
    labels = reviewed_labels(review, found)
    return replace(analysis, segmentation=replace(found, labels=labels), measurements=measurements)


def _owners(review: VolumeReview) -> dict[str, str]:
    """Return whose the outline of each side is."""
    owners: dict[str, str] = {}
    for finding in standing(review):
        owner = READER if finding.edited else finding.source
        if owners.get(finding.side.value) != READER:
            owners[finding.side.value] = owner
    return owners


def _method(analysis: VolumeAnalysis) -> str:
    return next((measurement.model for measurement in analysis.measurements), READER)
