"""A multi-frame image as a stack of its frames."""

from __future__ import annotations

from ptx_viewer.study.catalogue import InstanceEntry
from ptx_viewer.study.image import Image2D
from ptx_viewer.study.read import read_image


class FrameStack:
    """Frames of one instance, decoded when they are asked for.

    Offers the same face as :class:`ptx_viewer.study.stack.Stack`.
    """

    notices: tuple[str, ...] = ()

    def __init__(self, entry: InstanceEntry) -> None:
        self._entry = entry

    def __len__(self) -> int:
        return self._entry.number_of_frames

    def image(self, index: int) -> Image2D:
        """Return frame `index`, counted from 0."""
        return read_image(self._entry, index)
