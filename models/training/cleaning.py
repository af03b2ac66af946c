"""Leave out films that would teach something wrong, and say of each one why."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.training.films import Film, read_grey
from models.training.perceptual_hash import LookAlikes
from models.training.readers.reading import LeftOut, Reading
from models.view_gate import blank_reason

UNREADABLE = "the film cannot be read"
BLANK = "the film shows nothing"
REPEATED = "the film repeats another one"
OTHER_VIEW = "the film is not a frontal chest film"
UNREADABLE_MASK = "the mask cannot be read"
EMPTY_MASK = "the film is called positive but its mask is empty"
OTHER_SHAPE = "the mask has other proportions than the film"
#: How much the proportions of a film and of its mask may differ: rounding of a resized film.
_SHAPE_TOLERANCE = 0.02

#: Says of displayed pixels (float32 [H, W], 0..1) why they are no frontal chest film, or None.
ViewGate = Callable[[NDArray[np.float32]], str | None]


def clean(
    films: Sequence[Film],
    view_gate: ViewGate | None = None,
    earlier: Iterable[Film] = (),
    progress: Callable[[float], None] = lambda _: None,
) -> Reading:
    """Return the films that can be used, in their order, and those that cannot.

    Of several films that look alike one is kept: one with a drawn mask if there is one, else the
    first.  A film without an earlier likeness is never left out for a later one.

    Parameters
    ----------
    films : sequence of Film
    view_gate : callable or None
        Asked of each film; None does not look at views.
    earlier : iterable of Film
        Films of other collections that these must not repeat.
    progress : callable
        Given the share done, 0..1.
    """
    seen, names = LookAlikes(), []
    for film in earlier:
        seen.add(read_grey(film.image))
        names.append(f"{film.source} {film.film_id}")
    kept: set[int] = set()
    left_out: dict[int, LeftOut] = {}
    # Outlined films first: of two that look alike the one with more knowledge is kept.
    order = sorted(range(len(films)), key=lambda number: films[number].mask is None)
    for done, number in enumerate(order):
        film = films[number]
        try:
            grey = read_grey(film.image)
        except ValueError:
            left_out[number] = LeftOut(film.film_id, UNREADABLE)
            continue
        problem = _problem(film, grey, view_gate)
        if problem is None:
            twin = seen.find(grey)
            problem = None if twin is None else (REPEATED, f"the same as {names[twin]}")
        if problem is None:
            kept.add(number)
            seen.add(grey)
            names.append(f"{film.source} {film.film_id}")
        else:
            left_out[number] = LeftOut(film.film_id, *problem)
        progress((done + 1) / len(films))
    return Reading(
        tuple(film for number, film in enumerate(films) if number in kept),
        tuple(left_out[number] for number in sorted(left_out)),
    )


def _problem(film: Film, grey: NDArray[np.uint8], view_gate: ViewGate | None) -> tuple[str, str] | None:
    pixels = grey.astype(np.float32) / 255.0
    blank = blank_reason(pixels)
    if blank is not None:
        return BLANK, blank
    if film.mask is not None:
        try:
            mask = read_grey(film.mask)
        except ValueError:
            return UNREADABLE_MASK, film.mask.name
        if not mask.any():
            return EMPTY_MASK, film.mask.name
        proportions = [rows / columns for rows, columns in (grey.shape, mask.shape)]
        if abs(proportions[0] / proportions[1] - 1) > _SHAPE_TOLERANCE:
            rows, columns = mask.shape
            return OTHER_SHAPE, f"film {grey.shape[1]} x {grey.shape[0]}, mask {columns} x {rows}"
    reason = view_gate(pixels) if view_gate is not None else None
    return None if reason is None else (OTHER_VIEW, reason)


def write_left_out(left_out: Iterable[LeftOut], path: Path) -> None:
    """Write one row per film or label that was left out: name, reason, detail."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["name", "reason", "detail"])
        writer.writerows((item.name, item.reason, item.detail) for item in left_out)
    temporary.replace(path)


def summary(reading: Reading) -> list[str]:
    """Return lines that say how many films there are, how many were left out, and why."""
    films = reading.films
    positive = sum(film.positive for film in films)
    outlined = sum(film.mask is not None for film in films)
    lines = [
        f"{len(films)} films of {len({film.patient for film in films})} patients: "
        f"{positive} with pneumothorax ({outlined} outlined), {len(films) - positive} without"
    ]
    for reason, count in Counter(item.reason for item in reading.left_out).most_common():
        lines.append(f"{count} left out: {reason}")
    return lines
