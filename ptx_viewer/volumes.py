"""The whole pass over one CT series: volume -> lungs and pleural air -> measurements."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
from numpy.typing import NDArray

from models.ct import SIDES, CtSegmentation, NoLungsError, air_label, lung_label, segment
from ptx_viewer.eligibility import volume_refusal
from ptx_viewer.measure.volume import measure_volume
from ptx_viewer.progress import Progress, silent
from ptx_viewer.results import VolumeAnalysis
from ptx_viewer.study.volume import Volume

#: Name under which the outlines are listed, as a model's.
METHOD = "ct-threshold"
TITLE = "Hounsfield units on CT"
#: What the outlines rest on, where a network's would name its card.
BASIS = (
    "No network: air below a Hounsfield level taken from this scan's own trachea and lungs, inside the chest "
    "cavity, outside lung, airways and bowel. Measured on a digital thorax and one normal series only."
)


def analyse_volume(volume: Volume, progress: Progress = silent) -> VolumeAnalysis:
    """Segment and measure one CT series.

    Parameters
    ----------
    volume : Volume
    progress : Progress
        Called for every slice; raises ``Cancelled`` to stop.

    Returns
    -------
    VolumeAnalysis
        With ``refused`` set if it is no axial chest CT.
    """
    started = time.monotonic()
    series = volume.references[0].series_instance_uid
    refused = volume_refusal(volume)
    if refused:
        return VolumeAnalysis(series, refused=refused, notices=volume.notices)
    turn = _Turn(volume.directions)
    spacing = volume.spacing_mm
    if turn.transpose:
        spacing = (spacing[0], spacing[2], spacing[1])
    try:
        found = segment(turn.apply(volume.hounsfield), spacing, progress)
    except NoLungsError as error:
        return VolumeAnalysis(series, refused=str(error), notices=volume.notices)
    found = dataclasses.replace(found, labels=turn.undo(found.labels))
    progress(1.0, "Measuring")
    return VolumeAnalysis(
        series_instance_uid=series,
        segmentation=found,
        measurements=_measure(volume, found),
        notices=(*volume.notices, *found.notices),
        seconds=time.monotonic() - started,
    )


def _measure(volume: Volume, found: CtSegmentation) -> tuple:
    _, row_mm, column_mm = volume.spacing_mm
    return measure_volume(
        volume.hounsfield,
        {side: found.of(air_label(side)) for side in SIDES},
        {side: found.of(lung_label(side)) for side in SIDES},
        volume.positions_mm,
        (row_mm, column_mm),
        found.air_hounsfield,
        METHOD,
    )


class _Turn:
    """From the slices as stored to head first, rows to the back, columns to the patient's left.

    Views, never copies of the values' order in space: labels come back to where they were.
    """

    def __init__(self, directions: tuple[str, str, str]) -> None:
        slices, down, across = (way[:1] for way in directions)
        self.transpose = down in "LR" and across in "AP"
        down, across = (across, down) if self.transpose else (down, across)
        self._flip = (slices == "H", down == "A", across == "R")

    def apply(self, stored: NDArray[np.int16]) -> NDArray[np.int16]:
        """Return the slices in the order in which they are segmented."""
        turned = stored.transpose(0, 2, 1) if self.transpose else stored
        return turned[tuple(slice(None, None, -1) if flip else slice(None) for flip in self._flip)]

    def undo(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return labels in the order of the stored slices."""
        back = labels[tuple(slice(None, None, -1) if flip else slice(None) for flip in self._flip)]
        return np.ascontiguousarray(back.transpose(0, 2, 1) if self.transpose else back)
