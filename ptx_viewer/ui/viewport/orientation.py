"""Orientation letters at the edges of the canvas."""

from __future__ import annotations

from ptx_viewer.study.image import Orientation

from .geometry import ViewState

_OPPOSITE = str.maketrans("LRAPHF", "RLPAFH")


def edge_letters(orientation: Orientation, view: ViewState) -> tuple[str, str, str, str]:
    """Return the patient direction at the left, top, right and bottom edge of the screen.

    A direction that the file does not state but that is assumed carries a question mark: a
    letter without one is a statement about the patient's side.
    """
    (a, b), (c, d) = view.symmetry
    across, down = orientation.row_direction, orientation.column_direction
    right = _towards(across, a) if a else _towards(down, b)
    bottom = _towards(across, c) if c else _towards(down, d)
    letters = (_towards(right, -1), _towards(bottom, -1), right, bottom)
    doubt = "" if orientation.stated else "?"
    left, top, right, bottom = (letter + doubt if letter else "" for letter in letters)
    return left, top, right, bottom


def _towards(direction: str, sign: int) -> str:
    return direction if sign > 0 else direction.translate(_OPPOSITE)
