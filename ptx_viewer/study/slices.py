"""Order of the images of a series, and what is irregular about it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .catalogue import InstanceEntry

#: Directions that differ by less than this are the same plane (ImageOrientationPatient is rounded).
_SAME_DIRECTION = 1e-3
#: Slices closer than this, in mm, lie at the same position.
SAME_POSITION_MM = 1e-2
#: Distances that differ by more than this part of the usual distance are irregular.
_IRREGULAR = 0.05

Orientation6 = tuple[float, float, float, float, float, float]
Position3 = tuple[float, float, float]


def slice_position(orientation: Orientation6, position: Position3) -> float:
    """Return a slice's place in mm along the normal of its plane (PS3.3 C.7.6.2.1.1)."""
    normal = np.cross(orientation[:3], orientation[3:])
    return float(normal @ np.asarray(position) / max(float(np.linalg.norm(normal)), 1e-12))


def in_display_order(instances: Sequence[InstanceEntry]) -> tuple[InstanceEntry, ...]:
    """Sort a series: by slice position where it is a set of slices, else by InstanceNumber.

    Slices run against the normal of their plane: axial ones from the head to the feet, as
    they are read.  Where a series holds several planes each stays together; a localiser
    must not fall between the slices.
    """
    ordered = sorted(instances, key=_by_number)
    if len(ordered) < 2 or not all(_is_slice(entry) for entry in ordered):
        return tuple(ordered)
    planes: list[tuple[Orientation6, list[InstanceEntry]]] = []
    for entry in ordered:
        orientation = entry.image_orientation
        assert orientation is not None  # `_is_slice`
        for known, members in planes:
            if same_direction(known, orientation):
                members.append(entry)
                break
        else:
            planes.append((orientation, [entry]))
    return tuple(
        entry
        for plane, members in planes
        for entry in sorted(members, key=lambda member: -_position(plane, member))
    )


def irregularities(orientations: Sequence[Orientation6], positions: Sequence[Position3]) -> tuple[str, ...]:
    """Say what keeps slices, given in display order, from being an even stack.

    Parameters
    ----------
    orientations, positions : sequence
        ImageOrientationPatient and ImagePositionPatient (mm) of each slice.

    Returns
    -------
    tuple of str
        Sentences; empty for an even stack.  Nothing is repaired or interpolated.
    """
    if len(positions) < 2:
        return ()
    if not all(same_direction(orientations[0], other) for other in orientations[1:]):
        return ("The series holds slices of different planes; distances between slices are not defined.",)
    normal = np.cross(orientations[0][:3], orientations[0][3:])
    normal = normal / max(float(np.linalg.norm(normal)), 1e-12)
    points = np.asarray(positions, dtype=np.float64)
    gaps = np.abs(np.diff(points @ normal))
    notices = []
    duplicates = int(np.count_nonzero(gaps < SAME_POSITION_MM))
    if duplicates:
        notices.append(f"{duplicates} slice(s) lie at the position of another slice.")
    distinct = gaps[gaps >= SAME_POSITION_MM]
    if distinct.size == 0:
        return tuple(notices)
    usual = float(np.median(distinct))
    missing = int(sum(round(gap / usual) - 1 for gap in distinct if gap > 1.5 * usual))
    if missing:
        notices.append(
            f"About {missing} slice(s) are missing: the usual distance is {usual:.2f} mm, "
            f"the largest gap {distinct.max():.2f} mm."
        )
    uneven = int(
        np.count_nonzero((np.abs(distinct - usual) > _IRREGULAR * usual) & (distinct <= 1.5 * usual))
    )
    if uneven:
        notices.append(
            f"The distance between slices is uneven: {distinct.min():.2f} to {distinct.max():.2f} mm."
        )
    steps = np.diff(points, axis=0)
    sideways = np.linalg.norm(steps - np.outer(steps @ normal, normal), axis=1)
    # The slices' corners step along the table, not along the normal: the gantry was tilted.
    along = np.abs(steps @ normal)
    tilted = (along >= SAME_POSITION_MM) & (sideways > 0.02 * along)
    if tilted.any():
        angle = float(np.degrees(np.arctan2(np.median(sideways[tilted]), np.median(along[tilted]))))
        notices.append(
            f"The slices are tilted by {angle:.1f}° against their stacking direction (gantry tilt)."
        )
    return tuple(notices)


def _is_slice(entry: InstanceEntry) -> bool:
    return (
        entry.modality in {"CT", "MR", "PT"}
        and entry.image_position is not None
        and entry.image_orientation is not None
    )


def _position(plane: Orientation6, entry: InstanceEntry) -> float:
    assert entry.image_position is not None  # `_is_slice`
    return slice_position(plane, entry.image_position)


def same_direction(one: Orientation6, other: Orientation6) -> bool:
    """Whether two ImageOrientationPatient are the same plane, but for rounding."""
    return all(abs(a - b) < _SAME_DIRECTION for a, b in zip(one, other, strict=True))


def _by_number(entry: InstanceEntry) -> tuple[bool, int, str]:
    return entry.instance_number is None, entry.instance_number or 0, entry.display_path
