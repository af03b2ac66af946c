"""What is outlined in the planes: the lungs as segmented, and pleural air as it stands in the review."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.ct import Label, lung_label
from models.prediction import Side
from ptx_viewer.review.volume import VolumeMask
from ptx_viewer.study.planes import Cursor, Plane, Planes

_NAMES = {Label.RIGHT_LUNG: "right lung", Label.LEFT_LUNG: "left lung", Label.AIRWAYS: "airways"}


@dataclass(frozen=True, eq=False)
class Outlined:
    """One finding as it is drawn.

    Attributes
    ----------
    finding_id : str
    side : Side
    mask : VolumeMask
    colour : str
        Anything that ``QColor`` understands.
    selected : bool
        Drawn with a thicker line; what brush and eraser change.
    """

    finding_id: str
    side: Side
    mask: VolumeMask
    colour: str
    selected: bool = False


@dataclass(frozen=True, eq=False)
class Outlines:
    """Everything that is outlined in a volume.

    Attributes
    ----------
    labels : ndarray of uint8, shape [S, H, W], or None
        Of the segmentation; its lungs and airways are used.
    findings : tuple of Outlined
        Those that stand.
    """

    labels: NDArray[np.uint8] | None = None
    findings: tuple[Outlined, ...] = ()

    def find(self, finding_id: str | None) -> Outlined | None:
        """Return a finding by its id."""
        return next((one for one in self.findings if one.finding_id == finding_id), None)

    def of_side(self, side: Side) -> Outlined | None:
        """Return the first finding of a side that has any outline."""
        return next((one for one in self.findings if one.side is side and one.mask.any()), None)

    def lungs(self, planes: Planes, plane: Plane, index: int) -> tuple[NDArray[np.bool_], ...]:
        """Return both lungs on a plane as it is displayed."""
        if self.labels is None:
            return ()
        labels = planes.cut(self.labels, plane, index)
        return tuple(labels == lung_label(side) for side in (Side.RIGHT, Side.LEFT))

    def name_at(self, at: Cursor) -> str:
        """Say what a voxel belongs to; ``""`` for nothing known."""
        for finding in self.findings:
            plane = finding.mask.slices[at.slice_]
            if plane is not None and plane[at.row, at.column]:
                return f"{finding.side.value} pneumothorax"
        if self.labels is None:
            return ""
        return _NAMES.get(Label(int(self.labels[at.slice_, at.row, at.column])), "")


def section(mask: VolumeMask, planes: Planes, plane: Plane, index: int) -> NDArray[np.bool_]:
    """Return a plane through a finding as it is displayed, bool [H, W]."""
    if plane is Plane.AXIAL:
        return mask.plane(index)
    return planes.spread(across_slices(mask, plane, index)).view(np.bool_)


def across_slices(mask: VolumeMask, plane: Plane, index: int) -> NDArray[np.bool_]:
    """Return a coronal or sagittal plane through a finding, one row for each slice."""
    width = mask.columns if plane is Plane.CORONAL else mask.rows
    across = np.zeros((len(mask.slices), width), np.bool_)
    for place, slice_ in enumerate(mask.slices):
        if slice_ is not None:
            across[place] = slice_[index] if plane is Plane.CORONAL else slice_[:, index]
    return across
