"""Which images of a series make up its volume, and what is left out of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .errors import StudyError
from .header import read_header, text
from .slices import SAME_POSITION_MM, Orientation6, same_direction, slice_position
from .stack import Place

#: A volume has an inside: below three slices there is none.
FEWEST_SLICES = 3

#: Attributes in which two reconstructions, or two scans, of one region differ (PS3.3 C.8.2.1, C.7.3.1).
_RECONSTRUCTION = ("AcquisitionNumber", "ConvolutionKernel", "SliceThickness", "ImageType")


def chosen_slices(places: Sequence[Place]) -> tuple[list[int], tuple[str, ...]]:
    """Choose the slices of the largest set of parallel slices of one size, one for each position.

    Parameters
    ----------
    places : sequence of Place
        Of a :class:`~ptx_viewer.study.stack.Stack`, in display order.

    Returns
    -------
    list of int
        Indices of the chosen slices, in display order along the slices' normal.
    tuple of str
        What was left out, and why.

    Raises
    ------
    StudyError
        If fewer than three slices state where they lie.
    """
    groups: list[list[int]] = []
    for index, place in enumerate(places):
        if place.orientation is None or place.position is None:
            continue
        for members in groups:
            if _belong_together(places[members[0]], place):
                members.append(index)
                break
        else:
            groups.append([index])
    chosen = max(groups, key=len, default=[])
    if len(chosen) < FEWEST_SLICES:
        raise StudyError(
            f"The series holds {len(chosen)} parallel slice(s) that state where they lie; "
            f"a volume needs at least {FEWEST_SLICES}."
        )
    notices = []
    if len(chosen) < len(places):
        notices.append(
            f"{len(places) - len(chosen)} image(s) of another plane or size, or without a position, "
            "are not part of the volume."
        )
    plane = places[chosen[0]].orientation
    assert plane is not None  # such places were left out above
    heights = {index: _height(plane, places[index]) for index in chosen}
    chosen.sort(key=lambda index: -heights[index])
    if _repeats(chosen, heights):
        chosen, notice = _without_repeats(chosen, heights, places)
        notices.append(notice)
        if len(chosen) < FEWEST_SLICES:
            raise StudyError("The slices of the series all lie at the same one or two positions.")
    return chosen, tuple(notices)


def _without_repeats(
    chosen: list[int], heights: dict[int, float], places: Sequence[Place]
) -> tuple[list[int], str]:
    """Keep one slice for each position: those of one reconstruction where two are interleaved."""
    stacks: dict[tuple[str, ...], list[int]] = {}
    for index in chosen:
        stacks.setdefault(_reconstruction(places[index]), []).append(index)
    whole = [
        (name, members)
        for name, members in stacks.items()
        if len(members) >= FEWEST_SLICES and not _repeats(members, heights)
    ]
    if len(whole) > 1 and sum(len(members) for _, members in whole) == len(chosen):
        # The one with most slices; of equal ones the first by name, which is the same on every day.
        name, members = min(whole, key=lambda stack: (-len(stack[1]), stack[0]))
        others = " and ".join(_named(other) for other, _ in whole if other != name)
        return members, (
            f"The series holds {len(whole)} interleaved stacks; the one used is {_named(name)}, not {others}."
        )
    kept: list[int] = []
    for index in chosen:
        if not kept or abs(heights[index] - heights[kept[-1]]) >= SAME_POSITION_MM:
            kept.append(index)
    return kept, (
        f"{len(chosen) - len(kept)} slice(s) at the position of another slice are not part of the volume; "
        "the first of each was used."
    )


def _repeats(indices: Sequence[int], heights: dict[int, float]) -> bool:
    return any(abs(heights[one] - heights[other]) < SAME_POSITION_MM for one, other in pairwise(indices))


def _belong_together(one: Place, other: Place) -> bool:
    assert one.orientation is not None and other.orientation is not None  # the caller's
    return same_direction(one.orientation, other.orientation) and (
        (one.entry.rows, one.entry.columns) == (other.entry.rows, other.entry.columns)
    )


def _height(plane: Orientation6, place: Place) -> float:
    assert place.position is not None  # the caller's
    return slice_position(plane, place.position)


def _reconstruction(place: Place) -> tuple[str, ...]:
    try:
        header, _ = read_header(place.entry.file, list(_RECONSTRUCTION))
    except StudyError:
        return ()
    return tuple(text(header, keyword) for keyword in _RECONSTRUCTION)


def _named(reconstruction: tuple[str, ...]) -> str:
    parts = dict(zip(_RECONSTRUCTION, reconstruction, strict=True))
    words = [
        f"{label} {parts[keyword]}"
        for label, keyword in (("acquisition", "AcquisitionNumber"), ("kernel", "ConvolutionKernel"))
        if parts[keyword]
    ]
    if parts["SliceThickness"]:
        words.append(f"slice thickness {parts['SliceThickness']}")
    return ", ".join(words) or "one that does not name itself"
