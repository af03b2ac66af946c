"""Where on its side a pneumothorax lies, in the words of a report."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.geometry import Turn
from models.prediction import LungFields, Side

#: A third of the lung's height counts when at least this share of the outline lies in it.
_SHARE = 0.2
_WORDS = {
    (True, False, False): "apical",
    (True, True, False): "apicolateral",
    (False, True, False): "lateral",
    (False, True, True): "basolateral",
    (False, False, True): "basal",
    (True, True, True): "apex-to-base",
    (True, False, True): "apical and basal",
}
#: The same for what lies nearer to the mediastinum than to the chest wall.
_MEDIAL_WORDS = {**_WORDS, (True, True, False): "apicomedial", (False, True, False): "medial"} | {
    (False, True, True): "basomedial"
}


def location(
    mask: NDArray[np.bool_],
    lungs: LungFields | None,
    side: Side,
    turn: Turn = Turn(),  # noqa: B008  (frozen)
) -> str:
    """Return where an outline lies: ``"apical"``, ``"lateral"``, ``"basal"`` and what lies between.

    Lung field and outline together are cut into thirds of their height, head up; a third
    counts when a fifth of the outline's pixels lie in it.  In the middle third "lateral" gives way to
    "medial" where the outline's mean column lies on the mediastinal half.

    Parameters
    ----------
    mask : ndarray of bool, shape [H, W]
    lungs : LungFields or None
    side : Side
    turn : Turn
        Brings the source grid to the usual display: head up, the patient's left at the right.

    Returns
    -------
    str
        ``""`` for an empty mask, an unknown side, or without a lung field on that side.
    """
    if lungs is None or side is Side.UNKNOWN or not mask.any():
        return ""
    field = lungs.of(side)
    if not field.any():
        return ""
    # A coarse grid is enough for thirds.
    step = max(1, min(mask.shape) // 256)
    outline, chest = turn.apply(mask[::step, ::step]), turn.apply((field | mask)[::step, ::step])
    if not outline.any():
        return ""
    rows = np.flatnonzero(chest.any(axis=1))
    edges = np.linspace(rows[0], rows[-1] + 1, 4)
    places = np.argwhere(outline)
    shares = np.histogram(places[:, 0], bins=edges)[0] / len(places)
    upper, middle, lower = (bool(share >= _SHARE) for share in shares)
    columns = np.flatnonzero(chest.any(axis=0))
    across = places[:, 1].mean() - (columns[0] + columns[-1]) / 2
    # On the usual display the patient's right chest wall is at the left edge.
    medial = across > 0 if side is Side.RIGHT else across < 0
    return (_MEDIAL_WORDS if medial else _WORDS)[upper, middle, lower]
