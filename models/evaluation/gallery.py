"""A sheet of the worst misses and the worst false alarms: to see what the network fires on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.evaluation.answers import Answer
from models.training.films import read_grey

_EDGE = 384
#: Blue, green, red.
_REFERENCE, _NETWORK = (178, 114, 0), (0, 159, 230)


def worst(answers: Sequence[Answer], count: int) -> tuple[list[Answer], list[Answer]]:
    """Return the positives with the lowest and the negatives with the highest image score."""
    ordered = sorted(answers, key=lambda answer: answer.prediction.score)
    misses = [answer for answer in ordered if answer.film.positive][:count]
    alarms = [answer for answer in reversed(ordered) if not answer.film.positive][:count]
    return misses, alarms


def write_gallery(answers: Sequence[Answer], path: Path, count: int = 8) -> None:
    """Write one PNG: misses in the upper rows, false alarms below.

    The reference is outlined in blue, what the network's pixels say (whatever its image score) in orange.
    The sheet shows the films themselves: it stays with whoever may see them.
    """
    misses, alarms = worst(answers, count)
    tiles = [_tile(answer) for answer in (*misses, *alarms)]
    columns = 4
    while len(tiles) % columns:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    _, coded = cv2.imencode(".png", np.vstack(rows))
    path.write_bytes(coded.tobytes())


def _tile(answer: Answer) -> NDArray[np.uint8]:
    grey = read_grey(answer.film.image)
    shape = answer.prediction.probability.shape
    tile = cv2.cvtColor(
        cv2.resize(grey, (_EDGE, _EDGE), interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2BGR
    )
    found = answer.prediction.probability >= answer.prediction.mask_threshold
    truth = answer.truth if answer.truth is not None else np.zeros(shape, dtype=np.bool_)
    for mask, colour in ((truth, _REFERENCE), (found, _NETWORK)):
        small = cv2.resize(mask.astype(np.uint8), (_EDGE, _EDGE), interpolation=cv2.INTER_NEAREST)
        outlines, _ = cv2.findContours(small, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        cv2.drawContours(tile, outlines, -1, colour, 1)
    text = f"{'miss' if answer.film.positive else 'false alarm'}  {answer.prediction.score:.2f}"
    cv2.putText(tile, text, (8, _EDGE - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return np.asarray(tile, np.uint8)
