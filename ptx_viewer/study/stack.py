"""A series to scroll through: frames in order, decoded when looked at, memory bounded."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass

from pydicom.dataset import Dataset

from ptx_viewer.progress import Progress, silent

from .catalogue import InstanceEntry, SeriesEntry
from .errors import StudyError, log_failure
from .functional import frame_header
from .header import numbers, quiet, read_dataset, read_header
from .image import Image2D
from .picture import is_picture
from .read import Frame, frame_from, read_frame
from .slices import Orientation6, Position3, irregularities, slice_position

#: Decoded values kept, for example 750 CT slices of 512² (0.5 MB each).
CACHE_BYTES = 400 << 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where the i-th image of a stack comes from."""

    entry: InstanceEntry
    frame: int
    orientation: Orientation6 | None
    position: Position3 | None


class Stack:
    """The images of a series in display order.

    Safe to use from several threads: reading ahead on a background thread makes the
    same image immediate on the screen's.

    Attributes
    ----------
    notices : tuple of str
        Sentences about missing, repeated, uneven or tilted slices.  Nothing is repaired.
    """

    def __init__(self, places: list[Place], notices: tuple[str, ...]) -> None:
        self.notices = notices
        self._places = places
        self._frames: OrderedDict[int, Frame] = OrderedDict()
        self._frames_bytes = 0
        # The file of the last multi-frame image: its frames are usually asked for in turn.
        self._open_file: tuple[InstanceEntry, Dataset] | None = None
        self._lock = threading.Lock()
        # Its own lock: an image that is in memory must not wait while a large file is read.
        self._file_lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._places)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where each image comes from, in display order."""
        return tuple(self._places)

    @property
    def positions(self) -> tuple[float, ...] | None:
        """Place of each slice in mm along the normal of the first; None where the files do not say."""
        places = []
        for place in self._places:
            if place.position is None or place.orientation is None:
                return None
            places.append(place.position)
        first = self._places[0].orientation
        return tuple(slice_position(first, place) for place in places) if first is not None else None

    def image(self, index: int) -> Image2D:
        """Return the image at `index` (0 .. ``len(stack) - 1``).

        Its `raw` is shared with the stack and read-only; its `pixels` are its own.

        Raises
        ------
        StudyError
            When this image cannot be decoded; the others still can.
        IndexError
        """
        if not 0 <= index < len(self._places):
            raise IndexError(f"image {index} of a stack of {len(self._places)}")
        return self._frame(index).image()

    def read(self, index: int) -> Frame:
        """Decode one image without keeping it, for whoever reads a series through once.

        Raises
        ------
        StudyError
        """
        return self._decode(self._places[index])

    def read_ahead(self, start: int, progress: Progress) -> None:
        """Decode the images nearest to `start` until the memory for them is full.

        For a background job: afterwards scrolling waits for no decoder.  An image that
        cannot be decoded is passed over; :meth:`image` says what is the matter with it.

        Parameters
        ----------
        start : int
            The image looked at.
        progress : Progress
            Called before each image; raises ``Cancelled`` to stop.
        """
        order = sorted(range(len(self._places)), key=lambda index: abs(index - start))
        for done, index in enumerate(order):
            progress(done / len(order), "Reading ahead")
            with contextlib.suppress(StudyError):
                frame = self._frame(index)
                if self._frames_bytes + frame.nbytes > CACHE_BYTES:
                    return

    def _frame(self, index: int) -> Frame:
        with self._lock:
            kept = self._frames.get(index)
            if kept is not None:
                self._frames.move_to_end(index)
                return kept
        frame = self._decode(self._places[index])
        frame.grey.raw.setflags(write=False)
        with self._lock:
            if index not in self._frames:
                self._frames[index] = frame
                self._frames_bytes += frame.nbytes
            while self._frames_bytes > CACHE_BYTES and len(self._frames) > 1:
                _, oldest = self._frames.popitem(last=False)
                self._frames_bytes -= oldest.nbytes
        return frame

    def _decode(self, place: Place) -> Frame:
        if place.entry.number_of_frames == 1:
            return read_frame(place.entry, place.frame)
        try:
            return frame_from(self._multi_frame(place.entry), place.entry, place.frame)
        except StudyError as error:
            log_failure(_log, place.entry.display_path, error)
            raise

    def _multi_frame(self, entry: InstanceEntry) -> Dataset:
        with self._file_lock:
            if self._open_file is None or self._open_file[0] != entry:
                self._open_file = None  # let go of one file before holding the next
                self._open_file = entry, read_dataset(entry.file)
            return self._open_file[1]


def open_stack(series: SeriesEntry, progress: Progress = silent) -> Stack:
    """Open a series for scrolling.

    Parameters
    ----------
    series : SeriesEntry
        Of any modality; a multi-frame file gives one image for each frame.
    progress : Progress
        Called while the headers of multi-frame files are read; raises ``Cancelled`` to stop.

    Returns
    -------
    Stack
        No pixel is decoded yet.

    Raises
    ------
    StudyError
        When the series holds no image at all.
    """
    places: list[Place] = []
    notices: list[str] = []
    for done, entry in enumerate(series.instances):
        progress(done / len(series.instances), "Opening the series")
        if entry.number_of_frames == 1:
            places.append(Place(entry, 0, entry.image_orientation, entry.image_position))
        else:
            places += _frames_of(entry)
    if not places:
        raise StudyError("The series holds no images.")
    if series.modality in {"CT", "MR", "PT"}:
        orientations = [place.orientation for place in places if place.orientation is not None]
        positions = [place.position for place in places if place.position is not None]
        if len(orientations) == len(positions) == len(places):
            notices += irregularities(orientations, positions)
        elif len(places) > 1:
            notices.append(
                "The files do not state where their slices lie; they are shown in the order of their numbers."
            )
    return Stack(places, tuple(notices))


def _frames_of(entry: InstanceEntry) -> list[Place]:
    """Return the frames of a file, by slice position where every frame states one."""
    plain = [Place(entry, frame, None, None) for frame in range(entry.number_of_frames)]
    if entry.modality not in {"CT", "MR", "PT"} or is_picture(entry.file):
        return plain
    header, _ = read_header(entry.file)
    placed: list[Place] = []
    with quiet():
        for frame in range(entry.number_of_frames):
            own = frame_header(header, frame)
            orientation, position = (
                numbers(own, "ImageOrientationPatient"),
                numbers(own, "ImagePositionPatient"),
            )
            if len(orientation) != 6 or len(position) != 3:
                return plain
            placed.append(Place(entry, frame, orientation, position))
    first = placed[0].orientation
    if first is not None and all(place.orientation == first for place in placed):
        placed.sort(key=lambda place: -slice_position(first, place.position or (0.0, 0.0, 0.0)))
    return placed
