"""What a reader decided about one CT series: values only, every change makes a new value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from models.prediction import Side
from ptx_viewer.measure.annotation import Annotation
from ptx_viewer.study.planes import Plane

from .review import AuditEvent, Decision, Verdict


@dataclass(frozen=True, eq=False)
class VolumeMask:
    """Voxels of a volume, slice by slice, so that versions share every slice that did not change.

    Attributes
    ----------
    rows, columns : int
        Of every slice.
    slices : tuple of (ndarray of bool, shape [H, W]) or None
        None for a slice without any voxel.
    """

    rows: int
    columns: int
    slices: tuple[NDArray[np.bool_] | None, ...]

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> VolumeMask:
        """Take over the voxels of an array of shape [S, H, W]."""
        count, rows, columns = mask.shape
        return cls(rows, columns, tuple(_kept(mask[index]) for index in range(count)))

    @classmethod
    def empty(cls, shape: tuple[int, int, int]) -> VolumeMask:
        """Return no voxel of a volume of `shape`."""
        count, rows, columns = shape
        return cls(rows, columns, (None,) * count)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows and columns."""
        return len(self.slices), self.rows, self.columns

    @property
    def voxels(self) -> int:
        """How many voxels it holds."""
        return sum(int(np.count_nonzero(plane)) for plane in self.slices if plane is not None)

    def any(self) -> bool:
        """Whether it holds any voxel."""
        return any(plane is not None for plane in self.slices)

    def plane(self, index: int) -> NDArray[np.bool_]:
        """Return one slice, bool [H, W]."""
        plane = self.slices[index]
        return np.zeros((self.rows, self.columns), np.bool_) if plane is None else plane

    def with_plane(self, index: int, plane: NDArray[np.bool_]) -> VolumeMask:
        """Return the voxels with one slice exchanged; the array is copied."""
        slices = (*self.slices[:index], _kept(plane), *self.slices[index + 1 :])
        return replace(self, slices=slices)

    def same_as(self, other: VolumeMask) -> bool:
        """Whether both hold the same voxels."""
        if self.shape != other.shape:
            return False
        pairs = ((a, b) for a, b in zip(self.slices, other.slices, strict=True) if a is not b)
        return all(a is not None and b is not None and np.array_equal(a, b) for a, b in pairs)

    def dense(self) -> NDArray[np.bool_]:
        """Return the voxels as an array of shape [S, H, W]."""
        mask = np.zeros(self.shape, np.bool_)
        for index, plane in enumerate(self.slices):
            if plane is not None:
                mask[index] = plane
        return mask


@dataclass(frozen=True, eq=False)
class VolumeFinding:
    """Pleural air on one side of a CT series.

    Attributes
    ----------
    finding_id : str
        Unique within the series, e.g. ``"ct-threshold-right"`` or ``"reader-1"``.
    source : str
        The method that suggested it, or ``"reader"``.
    side : Side
    suggested : VolumeMask or None
        As it was suggested; None for a finding that the reader drew.
    mask : VolumeMask
        As it stands now.
    decision : Decision
    """

    finding_id: str
    source: str
    side: Side
    suggested: VolumeMask | None
    mask: VolumeMask
    decision: Decision = Decision.SUGGESTED

    @property
    def edited(self) -> bool:
        """Whether the outline differs from what was suggested."""
        return self.suggested is None or not self.suggested.same_as(self.mask)

    @property
    def arrays(self) -> tuple[NDArray[np.bool_], ...]:
        """What takes memory: the slices of the mask and of the suggested one."""
        suggested = () if self.suggested is None else self.suggested.slices
        return tuple(plane for plane in (*self.mask.slices, *suggested) if plane is not None)


@dataclass(frozen=True)
class PlaneAnnotation(Annotation):
    """One measurement that the reader drew on a plane of a volume.

    Attributes
    ----------
    plane : Plane
    index : int
        Number of the plane, from 0.
    """

    plane: Plane = Plane.AXIAL
    index: int = 0


@dataclass(frozen=True, eq=False)
class VolumeReview:
    """The review of one CT series.

    Attributes
    ----------
    series_instance_uid : str
    findings : tuple of VolumeFinding
    verdict : Verdict
    impression : str
        Free text.
    signed_by : str
        Name of the reader; ``""`` while unsigned.
    signed_at : datetime or None
    audit : tuple of AuditEvent
        Oldest first.
    annotations : tuple of PlaneAnnotation
        What the reader measured in the planes, in the order of drawing.
    """

    series_instance_uid: str
    findings: tuple[VolumeFinding, ...] = ()
    verdict: Verdict = Verdict.OPEN
    impression: str = ""
    signed_by: str = ""
    signed_at: datetime | None = None
    audit: tuple[AuditEvent, ...] = ()
    annotations: tuple[PlaneAnnotation, ...] = ()

    @property
    def key(self) -> str:
        """What tells this review from others."""
        return series_key(self.series_instance_uid)

    @property
    def content(self) -> tuple[object, ...]:
        """What can be undone beside the findings."""
        return self.verdict, self.impression, self.annotations


def series_key(series_instance_uid: str) -> str:
    """Return under which key a series is kept: never that of an image, which is a UID and a frame."""
    return f"series:{series_instance_uid}"


def _kept(plane: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    if not plane.any():
        return None
    # A brush goes on painting in its own array: a stored version must not change with it.
    kept = plane.copy()
    kept.flags.writeable = False
    return kept
