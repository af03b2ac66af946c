"""A CT series as one block of Hounsfield units, its slices exactly where the files say they lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ptx_viewer.progress import Progress, silent

from .catalogue import SeriesEntry
from .errors import StudyError
from .image import Acquisition, ImageReference, PatientIdentity, Window
from .orientation import direction
from .read import Frame
from .slices import irregularities
from .stack import open_stack
from .stacking import chosen_slices

_INT16 = (-32768, 32767)
#: The axis of a plane is said to be straight when it leaves the patient's axis by less than this (degrees).
_STRAIGHT_DEGREES = 30.0


@dataclass(frozen=True, eq=False)
class Volume:
    """A stack of parallel CT slices in Hounsfield units.

    Attributes
    ----------
    hounsfield : ndarray of int16, shape [S, H, W]
        As stored: nothing is interpolated, turned or filled in.  Slices run as they are displayed,
        axial ones from the head to the feet.
    affine : ndarray of float64, shape [4, 4]
        From (slice, row, column, 1) to the patient's x, y, z in mm (to the left, to the back, to the
        head; PS3.3 C.7.6.2.1.1), through the first slice with the usual step.  Exact where
        slices are evenly spaced; `positions_mm` is exact everywhere.
    positions_mm : ndarray of float64, shape [S]
        Distance of each slice from the first along the normal of the slices, strictly rising.
    references : tuple of ImageReference
        The image that each slice came from.
    acquisition : Acquisition
    patient : PatientIdentity
    window : Window
        The window that the first slice asks for.
    notices : tuple of str
        Sentences about missing, repeated, interleaved, uneven or tilted slices, and what was left out.
    gaps : tuple of int
        Index of each slice after which slices are missing.
    """

    hounsfield: NDArray[np.int16]
    affine: NDArray[np.float64]
    positions_mm: NDArray[np.float64]
    references: tuple[ImageReference, ...]
    acquisition: Acquisition
    patient: PatientIdentity
    window: Window
    notices: tuple[str, ...] = ()
    gaps: tuple[int, ...] = ()

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Usual distance of slices along their normal, of rows and of columns, in mm."""
        row = float(np.linalg.norm(self.affine[:3, 1]))
        column = float(np.linalg.norm(self.affine[:3, 2]))
        return float(np.median(np.diff(self.positions_mm))), row, column

    @property
    def directions(self) -> tuple[str, str, str]:
        """Patient directions (``"F"``, ``"P"``, ``"L"``...) in which slice, row and column indices rise.

        The first is that of the slices' normal: the way a tilted gantry's slices face.
        """
        columns, rows = self.affine[:3, 2], self.affine[:3, 1]
        normal = np.cross(columns, rows)
        if normal @ self.affine[:3, 0] < 0:
            normal = -normal
        slices, down, across = (
            direction(tuple(float(part) for part in way)) for way in (normal, rows, columns)
        )
        return slices, down, across

    @property
    def tilt_degrees(self) -> float:
        """Angle between the slices' normal and the way from slice to slice; 0 for an upright gantry."""
        normal = np.cross(self.affine[:3, 2], self.affine[:3, 1])
        normal = normal / max(float(np.linalg.norm(normal)), 1e-12)
        step = self.affine[:3, 0]
        along = abs(float(step @ normal))
        return float(np.degrees(np.arctan2(float(np.linalg.norm(step - (step @ normal) * normal)), along)))

    @property
    def is_axial(self) -> bool:
        """Whether the slices lie across the body, within 30 degrees."""
        normal = np.cross(self.affine[:3, 2], self.affine[:3, 1])
        lean = abs(normal[2]) / max(float(np.linalg.norm(normal)), 1e-12)
        return bool(lean >= np.cos(np.radians(_STRAIGHT_DEGREES)))


def open_volume(series: SeriesEntry, progress: Progress = silent) -> Volume:
    """Read a CT series as a volume.

    Slices of another plane or size (a localiser), and repeated positions, are left out and named;
    gaps, uneven distances and a tilted gantry are named.  One slice is decoded at a time.

    Parameters
    ----------
    series : SeriesEntry
        From :func:`ptx_viewer.study.scan.scan`.
    progress : Progress
        Called for every slice; raises ``Cancelled`` to stop.

    Returns
    -------
    Volume

    Raises
    ------
    StudyError
        With a sentence: when it is no CT, the slices do not state where they lie, there are fewer
        than three, they hold no Hounsfield units, or one of them cannot be decoded.
    """
    if series.modality != "CT":
        raise StudyError("Volumes are read from CT series only.")
    stack = open_stack(series, progress)
    chosen, notices = chosen_slices(stack.places)
    orientations = [o for index in chosen if (o := stack.places[index].orientation) is not None]
    corners = [p for index in chosen if (p := stack.places[index].position) is not None]
    normal = np.cross(orientations[0][:3], orientations[0][3:])
    places = np.asarray(corners, np.float64) @ (normal / np.linalg.norm(normal))
    positions = np.abs(places - places[0])
    gaps = np.diff(positions)
    usual = float(np.median(gaps))

    hounsfield: NDArray[np.int16] | None = None
    references: list[ImageReference] = []
    own: dict[str, None] = {}
    first: Frame | None = None
    for place, index in enumerate(chosen):
        progress(place / len(chosen), f"Reading slices: {place + 1} of {len(chosen)}")
        frame = stack.read(index)
        if first is None or hounsfield is None:
            first = frame
            hounsfield = np.empty((len(chosen), *frame.grey.raw.shape), np.int16)
        hounsfield[place] = _hounsfield_of(frame, first)
        references.append(frame.reference)
        own |= dict.fromkeys(frame.notices)
    assert first is not None and hounsfield is not None and first.spacing is not None

    affine = np.eye(4)
    even = gaps <= 1.5 * usual
    affine[:3, 0] = np.median(np.diff(np.asarray(corners, np.float64), axis=0)[even], axis=0)
    affine[:3, 1] = np.asarray(orientations[0][3:]) * first.spacing.row_mm
    affine[:3, 2] = np.asarray(orientations[0][:3]) * first.spacing.column_mm
    affine[:3, 3] = corners[0]
    return Volume(
        hounsfield=hounsfield,
        affine=affine,
        positions_mm=positions,
        references=tuple(references),
        acquisition=first.acquisition,
        patient=first.patient,
        window=first.grey.window,
        # What every slice says is said once.
        notices=(*notices, *irregularities(orientations, corners), *own),
        gaps=tuple(int(index) for index in np.flatnonzero(~even)),
    )


def _hounsfield_of(frame: Frame, first: Frame) -> NDArray[np.int16]:
    if frame.grey.raw_unit != "HU":
        raise StudyError("The slices are not in Hounsfield units; air cannot be told from tissue.")
    if frame.spacing is None or frame.spacing != first.spacing:
        raise StudyError("The slices do not state one and the same pixel spacing; nothing can be measured.")
    raw = frame.grey.raw
    if raw.dtype == np.int16:
        return raw.astype(np.int16, copy=False)
    whole = np.rint(np.clip(raw, *_INT16))
    return whole.astype(np.int16)
