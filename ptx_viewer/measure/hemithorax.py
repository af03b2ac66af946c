"""Share of the hemithorax that a pneumothorax mask covers, as projected area."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.prediction import LungFields, Side

from .measurement import Measurement
from .side import SideOutlines
from .uncertainty import interval

NAME = "share of hemithorax, projected area"
METHOD = (
    "projected area %, not volume: mask pixels / pixels of the union of the mask "
    "and the lung field of the same side"
)

#: A lung field below this share of the image is a fragment, not a lung.  On 200 films of the JSRT
#: set the smaller lung covers at least 7.9 % (SCR outlines); a lung collapsed to the hilum less,
#: but not eight times less.
SMALLEST_FIELD = 0.01
#: A hemithorax below this share of the opposite one means that part of its field was missed: on
#: the same films the smaller field is 58 % of the larger one or more, 81 % in the median.
SMALLEST_RATIO = 0.4

SIDE_UNKNOWN = "the patient's side of this finding is not known"
NO_LUNG_FIELDS = "the lung fields were not outlined"


def share_of_hemithorax(
    mask: NDArray[np.bool_],
    outlines: SideOutlines,
    problem: str | None,
    side: Side,
    model: str,
    hemithoraces: dict[Side, int],
) -> Measurement:
    """Measure which part of its hemithorax one side's mask covers.

    Share = 100 × |mask| / |mask ∪ lung field of the same side|: the pneumothorax belongs to the
    hemithorax whether or not the lung-field outline includes it.  This is Kircher and Swartz's
    ratio (1954) with outlined areas in place of length × width, and like it a ratio of *projected
    areas*; it is not a volume (r = .71 against CT volume, Chest 1993;103:26).  It has no unit of
    length, so it is valid on uncalibrated films as well.

    Parameters
    ----------
    mask : ndarray of bool, shape [H, W]
        Not empty.
    outlines : SideOutlines
        Gives the interval.
    problem : str or None
        Why there is no hemithorax to compare with, from :func:`hemithorax_problem` or the film's view.
    side : Side
    model : str
        Whose mask this is.
    hemithoraces : dict of Side to int
        Pixels of each side's hemithorax as given by :func:`hemithorax_pixels`.

    Returns
    -------
    Measurement
        In percent; not valid, with the reason, when the side is unknown, or its lung field is
        missing or implausibly small.
    """
    if problem is not None:
        return Measurement(NAME, None, "%", METHOD, side.value, model, valid=False, why_not=problem)
    value = 100.0 * int(np.count_nonzero(mask)) / hemithoraces[side]
    others = [min(100.0, value * ratio) for ratio in outlines.share_ratios]
    return Measurement(
        NAME,
        value,
        "%",
        METHOD,
        side.value,
        model,
        interval=interval(value, others) if others else None,
        interval_basis=outlines.words or None,
    )


def hemithorax_pixels(field: NDArray[np.bool_], mask: NDArray[np.bool_] | None) -> int:
    """Count the pixels of the union of a lung field and the mask of its side (or no mask)."""
    pixels = int(np.count_nonzero(field))
    if mask is not None:
        # |A ∪ B| = |A| + |B \ A|: `greater` on booleans is "and not", without a second temporary.
        pixels += int(np.count_nonzero(np.greater(mask, field)))
    return pixels


def hemithorax_problem(
    mask: NDArray[np.bool_], lungs: LungFields | None, side: Side, hemithoraces: dict[Side, int]
) -> str | None:
    """Return why the hemithorax of one side is not known, or None.

    Parameters
    ----------
    mask : ndarray of bool, shape [H, W]
        Not empty.
    lungs : LungFields or None
        In the grid of `mask`.
    side : Side
    hemithoraces : dict of Side to int
        As given by :func:`hemithorax_pixels`.
    """
    if side is Side.UNKNOWN:
        return SIDE_UNKNOWN
    if lungs is None:
        return NO_LUNG_FIELDS
    field_pixels = int(np.count_nonzero(lungs.of(side)))
    if field_pixels == 0:
        return f"no lung field was found on the {side.value}"
    share = field_pixels / mask.size
    if share < SMALLEST_FIELD:
        return f"the {side.value} lung field is implausibly small ({100 * share:.1f} % of the image)"
    opposite = Side.LEFT if side is Side.RIGHT else Side.RIGHT
    if 2 * int(np.count_nonzero(mask & lungs.of(opposite))) > int(np.count_nonzero(mask)):
        return f"most of the outline lies over the {opposite.value} lung field"
    ratio = hemithoraces[side] / max(hemithoraces[opposite], 1)
    if ratio < SMALLEST_RATIO:
        return (
            f"the {side.value} hemithorax is implausibly small ({100 * ratio:.0f} % of the "
            f"{opposite.value} one): part of its lung field was probably missed"
        )
    return None
