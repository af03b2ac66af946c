"""A sheet of films before and after an insertion, beside films whose pneumothorax nobody inserted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

_EDGE = 280
_HEAD = 26
_COLUMNS = ("before", "inserted", "inserted, outlined", "not inserted", "not inserted, outlined")
#: Blue, green, red.
_OUTLINE = (0, 159, 230)


class Insertion(NamedTuple):
    """A film before and after an insertion, uint8 [S, S], and where the air was put, bool [S, S]."""

    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    mask: NDArray[np.bool_]


def write_sheet(
    inserted: Sequence[Insertion],
    others: Sequence[tuple[NDArray[np.uint8], NDArray[np.bool_]]],
    path: Path,
) -> None:
    """Write one PNG, a row for each insertion beside one of the other films.

    Parameters
    ----------
    inserted : sequence of Insertion
    others : sequence of (image, mask)
        Films with a pneumothorax that is their own; as many rows are drawn as there are of both.
    path : Path

    Raises
    ------
    ValueError
        If there is nothing to show.
    """
    pairs = list(zip(inserted, others, strict=False))
    if not pairs:
        raise ValueError("no film takes an insertion: there is nothing to show")
    head = np.full((_HEAD, _EDGE * len(_COLUMNS), 3), 24, np.uint8)
    for column, text in enumerate(_COLUMNS):
        place = (column * _EDGE + 6, _HEAD - 8)
        cv2.putText(head, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (235, 235, 235), 1, cv2.LINE_AA)
    rows = [
        np.hstack(
            [
                _tile(own.before), _tile(own.after), _tile(own.after, own.mask), _tile(image),
                _tile(image, mask),
            ]
        )
        for own, (image, mask) in pairs
    ]  # fmt: skip
    _, coded = cv2.imencode(".png", np.vstack([head, *rows]))
    path.write_bytes(coded.tobytes())


def _tile(image: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    small = cv2.resize(image, (_EDGE, _EDGE), interpolation=cv2.INTER_AREA)
    tile = cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)
    if mask is not None:
        drawn = cv2.resize(mask.astype(np.uint8), (_EDGE, _EDGE), interpolation=cv2.INTER_NEAREST)
        outlines, _ = cv2.findContours(drawn, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        cv2.drawContours(tile, outlines, -1, _OUTLINE, 1)
    return np.asarray(tile, np.uint8)
