"""Masks as run lengths: SIIM-ACR's relative runs, and COCO's counts, plain and compressed.

All run down the columns, from the first column to the last.  SIIM-ACR gives pairs "how many pixels
to skip since the last run, how many are in the mask"; COCO gives counts of pixels outside, inside,
outside, ... that cover the whole image.  COCO's compressed form writes each count from the third on as
its difference to the count two before, in base 32 with a continuation bit, as ASCII characters from
``"0"`` on (``rleToString`` in the COCO API's maskApi.c).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: How SIIM-ACR says that there is nothing to outline.
NOTHING = "-1"


def decode_relative(text: str, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask of a SIIM-ACR run-length text, bool [H, W].

    Parameters
    ----------
    text : str
        Pairs of numbers separated by blanks, or ``"-1"`` for an empty mask.
    shape : tuple of int
        Rows and columns; the challenge's own are 1024 by 1024.

    Raises
    ------
    ValueError
        If the text is not made of pairs of counts, or runs beyond the image.
    """
    if text.strip() == NOTHING:
        return np.zeros(shape, np.bool_)
    try:
        numbers = [int(word) for word in text.split()]
    except ValueError as error:
        raise ValueError(f"run lengths must be whole numbers, found {str(error).split(': ')[-1]}") from None
    if len(numbers) % 2 or not numbers or min(numbers) < 0:
        raise ValueError("run lengths must be pairs of counts, or -1 for none")
    return decode_counts([*numbers, shape[0] * shape[1] - sum(numbers)], shape)


def encode_relative(mask: NDArray[np.bool_]) -> str:
    """Return a mask [H, W] as SIIM-ACR writes it; ``"-1"`` where it is empty."""
    if not mask.any():
        return NOTHING
    counts = encode_counts(mask)
    pairs = counts[: len(counts) // 2 * 2]
    return " ".join(str(count) for count in pairs)


def decode_counts(counts: Sequence[int], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask of COCO's uncompressed counts, bool [H, W].

    Raises
    ------
    ValueError
        If the counts do not add up to the image's pixels.
    """
    pixels = shape[0] * shape[1]
    if sum(counts) != pixels or min(counts) < 0:
        raise ValueError(f"run lengths do not fit an image of {shape[0]} rows and {shape[1]} columns")
    inside = np.arange(len(counts)) % 2 == 1
    return np.ascontiguousarray(np.repeat(inside, counts).reshape(shape[1], shape[0]).T)


def encode_counts(mask: NDArray[np.bool_]) -> list[int]:
    """Return a mask [H, W] as COCO's uncompressed counts; the first counts pixels outside."""
    flat = mask.T.ravel().astype(np.bool_)
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = np.concatenate([[0], changes, [flat.size]])
    counts = [int(count) for count in np.diff(edges)]
    return [0, *counts] if flat.size and flat[0] else counts


def compress(counts: Sequence[int]) -> str:
    """Return COCO's compressed text of uncompressed counts."""
    text = []
    for place, count in enumerate(counts):
        rest = count - counts[place - 2] if place > 2 else count
        more = True
        while more:
            digit = rest & 0x1F
            rest >>= 5
            more = rest != (-1 if digit & 0x10 else 0)
            text.append(chr(48 + (digit | (0x20 if more else 0))))
    return "".join(text)


def decompress(text: str) -> list[int]:
    """Return the uncompressed counts of COCO's compressed text.

    Raises
    ------
    ValueError
        If the text ends within a number or holds other characters.
    """
    counts: list[int] = []
    value = place = 0
    for character in text:
        digit = ord(character) - 48
        if not 0 <= digit < 64:
            raise ValueError(f"compressed run lengths cannot hold the character {character!r}")
        value |= (digit & 0x1F) << (5 * place)
        place += 1
        if digit & 0x20:
            continue
        if digit & 0x10:
            value -= 1 << (5 * place)
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = place = 0
    if place:
        raise ValueError("compressed run lengths end within a number")
    return counts
