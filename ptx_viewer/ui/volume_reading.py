"""One CT series being read: what was segmented, what the reader decided, and the way back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from models.prediction import Side
from ptx_viewer.results import VolumeAnalysis
from ptx_viewer.review.edits import Action
from ptx_viewer.review.history import EditHistory
from ptx_viewer.review.volume import VolumeReview
from ptx_viewer.review.volume_edits import (
    add_volume_finding,
    review_from_volume_analysis,
    update_from_volume_analysis,
)
from ptx_viewer.review.volume_painting import fill_between, repaint_section, repaint_slice
from ptx_viewer.study.planes import Plane, Planes
from ptx_viewer.study.volume import Volume

from .reading import AnalysisState
from .reviewing import Reviewing
from .volume_measuring import VolumeMeasuring


class VolumeReading(Reviewing):
    """The state of one CT series under review; knows no widget."""

    #: Networks score films: there is no refusal that a reader could override.
    refused = None

    def __init__(self, series_instance_uid: str, parent: QObject | None = None) -> None:
        super().__init__(VolumeReview(series_instance_uid), parent)
        self.series_instance_uid = series_instance_uid
        self.state = AnalysisState.RESTORING
        self.analysis: VolumeAnalysis | None = None
        self.volume: Volume | None = None
        #: Whether the numbers shown are of outlines that have changed since.
        self.measures_wait = False
        self.measuring = VolumeMeasuring(self)

    @property
    def key(self) -> str:
        """Identity of the series in the store."""
        return self.review.key

    @property
    def can_draw(self) -> bool:
        """Whether findings can be added and painted: the lungs are needed to measure them."""
        return self.volume is not None and self.analysis is not None and self.analysis.refused is None

    def set_volume(self, volume: Volume) -> None:
        """Take the slices, once they are read."""
        self.volume = volume
        self.measuring.set_planes(Planes(volume))
        self.analysisChanged.emit()

    def restore(self, analysis: VolumeAnalysis | None, review: VolumeReview | None) -> None:
        """Take what the store had: nothing is run and nothing is saved."""
        if not self._fits(analysis, review):
            self.problem.emit("What was saved belongs to a series of another size, so it is not shown.")
            analysis, review = None, None
        self.analysis = analysis
        if review is None and analysis is not None:
            review = review_from_volume_analysis(analysis)
        elif review is not None and analysis is not None and not review.signed_by and not _knows(review):
            # The reader began before the series was segmented.
            review = update_from_volume_analysis(review, analysis)
        if review is not None:
            self._history = EditHistory(review)
        self.measurements = analysis.measurements if analysis is not None else ()
        self._end(analysis is not None)

    def take_analysis(self, analysis: VolumeAnalysis) -> None:
        """Take a new segmentation, keeping whatever the reader has touched."""
        self.analysis = analysis
        if not self.locked:
            self._history = EditHistory(update_from_volume_analysis(self.review, analysis))
        self.measurements = analysis.measurements
        self._end(True)

    def repaint(self, finding_id: str, plane: Plane, index: int, mask: NDArray[np.bool_]) -> None:
        """Replace one plane of a finding's outline."""
        if plane is Plane.AXIAL:
            self.edit(lambda review: repaint_slice(review, finding_id, index, mask))
        else:
            self.edit(lambda review: repaint_section(review, finding_id, plane, index, mask))

    def fill_between(self, finding_id: str) -> int:
        """Fill the empty slices between those that a finding is outlined on; return how many were filled."""
        volume, before = self.volume, self.finding(finding_id)
        if volume is None or before is None:
            return 0
        _, *pixel_mm = volume.spacing_mm
        self.edit(
            lambda review: fill_between(review, finding_id, volume.positions_mm, (pixel_mm[0], pixel_mm[1]))
        )
        after = self.finding(finding_id)
        assert after is not None  # filling removes nothing
        pairs = zip(before.mask.slices, after.mask.slices, strict=True)
        return sum(old is not new for old, new in pairs)

    def add_finding(self, side: Side) -> str | None:
        """Add a finding on one side for the reader to draw; return its id."""
        if self.volume is None:
            return None
        before = {finding.finding_id for finding in self.review.findings}
        slices, rows, columns = self.volume.hounsfield.shape
        self.edit(lambda review: add_volume_finding(review, side, (slices, rows, columns)))
        return next((f.finding_id for f in self.review.findings if f.finding_id not in before), None)

    def _end(self, analysed: bool) -> None:
        self.state = AnalysisState.DONE if analysed else AnalysisState.NOT_ANALYSED
        self.analysisChanged.emit()
        self.reviewChanged.emit()
        self.measurementsChanged.emit()
        self.stateChanged.emit()

    def _fits(self, analysis: VolumeAnalysis | None, review: VolumeReview | None) -> bool:
        shapes = [finding.mask.shape for finding in review.findings] if review is not None else []
        if analysis is not None and analysis.segmentation is not None:
            shapes.append(analysis.segmentation.labels.shape)
        return all(self.volume is not None and shape == self.volume.hounsfield.shape for shape in shapes)


def _knows(review: VolumeReview) -> bool:
    return any(event.action == Action.ANALYSED for event in review.audit)
