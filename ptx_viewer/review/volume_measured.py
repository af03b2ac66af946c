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
from models.prediction import Side
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.volume import LUNG, count_pixels, volume_of_slices
from ptx_viewer.results import VolumeAnalysis
from ptx_viewer.study.volume import Volume

from .edits import READER
from .review import Decision
from .volume import VolumeFinding, VolumeReview

#: One finding in one slice: its side and its pixels, None without any.
_Outline = tuple[Side, NDArray[np.bool_] | None]


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


class VolumeMeter:
    """Measures one CT series as its review changes: only slices that changed are counted anew.

    Parameters
    ----------
    analysis : VolumeAnalysis
        Its segmentation gives the lungs.
    volume : Volume
        Of the same series.
    """

    def __init__(self, analysis: VolumeAnalysis, volume: Volume) -> None:
        self.analysis, self.volume = analysis, volume
        labels = analysis.segmentation.labels if analysis.segmentation else np.zeros((0, 0, 0), np.uint8)
        self._own = {side for side in SIDES if np.any(labels == air_label(side))}
        self._counts = {side: np.zeros((len(labels), 4)) for side in SIDES}
        self._outlines: list[tuple[_Outline, ...] | None] = [None] * len(labels)

    def measure(self, review: VolumeReview) -> tuple[Measurement, ...]:
        """Measure the findings of a review that stand.

        Returns
        -------
        tuple of Measurement
            As :func:`~ptx_viewer.measure.volume.measure_volume` gives them, and those of the analysis
            as they are while the reader has changed nothing.  Edited sides carry the model ``"reader"``.
        """
        found = self.analysis.segmentation
        if found is None:
            return ()
        findings = standing(review)
        if not any(f.edited for f in findings) and {f.side for f in findings} == self._own:
            return self.analysis.measurements
        for index in range(len(found.labels)):
            outlines = tuple((f.side, f.mask.slices[index]) for f in findings)
            if not _same(outlines, self._outlines[index]):
                self._count(found, index, outlines)
        _, row_mm, column_mm = self.volume.spacing_mm
        measured = volume_of_slices(
            self._counts, self.volume.positions_mm, (row_mm, column_mm), _method(self.analysis)
        )
        owners = _owners(review)
        return tuple(m if m.name == LUNG else replace(m, model=owners.get(m.side, m.model)) for m in measured)

    def _count(self, found: CtSegmentation, index: int, outlines: tuple[_Outline, ...]) -> None:
        labels = found.labels[index]
        painted = np.zeros(labels.shape, np.uint8)
        for side, plane in outlines:
            if plane is not None:
                painted[plane] = air_label(side)
        for side in SIDES:
            self._counts[side][index] = count_pixels(
                self.volume.hounsfield[index],
                painted == air_label(side),
                (labels == lung_label(side)) & (painted == 0),
                found.air_hounsfield,
            )
        self._outlines[index] = outlines


def _same(outlines: tuple[_Outline, ...], before: tuple[_Outline, ...] | None) -> bool:
    """Whether these are the very arrays counted before: versions of a mask share what did not change."""
    return (
        before is not None
        and len(before) == len(outlines)
        and all(a[0] is b[0] and a[1] is b[1] for a, b in zip(outlines, before, strict=True))
    )


def current_volume_measurements(
    review: VolumeReview, analysis: VolumeAnalysis, volume: Volume
) -> tuple[Measurement, ...]:
    """Measure the findings of a review that stand, once (:class:`VolumeMeter`)."""
    return VolumeMeter(analysis, volume).measure(review)


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
