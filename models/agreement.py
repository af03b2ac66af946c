"""How far several networks agree about one film: Dice of their outlines, and who outlines which side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from models.prediction import Prediction, Side


@dataclass(frozen=True)
class Overlap:
    """Dice between the outlines of two networks.

    Attributes
    ----------
    first, second : str
        Names in the zoo.
    dice : float or None
        ``2 |A and B| / (|A| + |B|)`` of everything that each outlined; None where neither outlined
        anything: two empty outlines are no measure of agreement.
    """

    first: str
    second: str
    dice: float | None


@dataclass(frozen=True)
class SideAgreement:
    """Which networks outlined something on one side of the patient.

    Attributes
    ----------
    side : Side
    seen_by : tuple of str
        Names of the networks, in the order in which they were asked.
    asked : int
        How many were asked.
    """

    side: Side
    seen_by: tuple[str, ...]
    asked: int

    @property
    def word(self) -> str:
        """``"none"``, ``"both"`` or ``"all"``, or how many of them, e.g. ``"one"``, ``"2 of 3"``."""
        seen = len(self.seen_by)
        if seen == 0:
            return "none"
        if seen == self.asked:
            return "both" if seen == 2 else "all"
        return "one" if self.asked == 2 else f"{seen} of {self.asked}"


@dataclass(frozen=True)
class Agreement:
    """How far the networks agree about one film.

    Attributes
    ----------
    overlaps : tuple of Overlap
        One for each pair of networks.
    sides : tuple of SideAgreement
        Right and left; the unknown side only where a network outlined something there.
    """

    overlaps: tuple[Overlap, ...]
    sides: tuple[SideAgreement, ...]

    @property
    def unanimous(self) -> bool:
        """Whether on each side either every network outlines something or none does."""
        return all(len(each.seen_by) in (0, each.asked) for each in self.sides)


def agreement_of(predictions: Sequence[Prediction]) -> Agreement:
    """Compare the answers of two networks or more, as gated by their own image scores.

    Parameters
    ----------
    predictions : sequence of Prediction
        In one grid.
    """
    masks = {made.model: made.mask for made in predictions}
    areas = {model: int(np.count_nonzero(mask)) for model, mask in masks.items()}
    overlaps = []
    for first, second in combinations(masks, 2):
        total = areas[first] + areas[second]
        shared = int(np.count_nonzero(masks[first] & masks[second])) if total else 0
        overlaps.append(Overlap(first, second, 2 * shared / total if total else None))
    sides = []
    for side in (Side.RIGHT, Side.LEFT, Side.UNKNOWN):
        seen_by = tuple(
            made.model for made in predictions if any(found.side is side for found in made.instances)
        )
        if seen_by or side is not Side.UNKNOWN:
            sides.append(SideAgreement(side, seen_by, len(predictions)))
    return Agreement(tuple(overlaps), tuple(sides))
