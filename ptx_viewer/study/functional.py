"""Multi-frame headers: the attributes that hold for one frame, brought to the top level."""

from __future__ import annotations

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset

from .header import integer, items


def number_of_frames(dataset: Dataset) -> int:
    """Return NumberOfFrames; 1 when it is absent or makes no sense."""
    return max(integer(dataset, "NumberOfFrames") or 1, 1)


def frame_header(dataset: Dataset, frame: int) -> Dataset:
    """Return a header in which the functional groups of one frame stand at the top level.

    Enhanced objects keep spacing, position, rescale and window in the shared and
    per-frame functional groups (PS3.3 C.7.6.16); classic objects are returned as they are.

    Parameters
    ----------
    dataset : Dataset
    frame : int
        Counted from 0.
    """
    shared = items(dataset, "SharedFunctionalGroupsSequence")
    per_frame = items(dataset, "PerFrameFunctionalGroupsSequence")
    groups = shared[:1] + per_frame[frame : frame + 1]
    if not groups:
        return dataset
    # A shallow copy: the elements, pixel data included, are shared, not duplicated.
    flat = Dataset()
    flat.update({element.tag: element for element in _elements(dataset)})
    for attribute in ("file_meta", "_parent_encoding"):
        if hasattr(dataset, attribute):
            setattr(flat, attribute, getattr(dataset, attribute))
    for group in groups:
        for macro in group:
            for item in items(group, macro.keyword) if macro.keyword else []:
                flat.update({element.tag: element for element in _elements(item)})
    return flat


def _elements(dataset: Dataset) -> list[DataElement | RawDataElement]:
    return [dataset.get_item(tag) for tag in dataset.keys()]  # noqa: SIM118  (iterating would parse every value)
