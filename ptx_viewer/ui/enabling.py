"""Which actions make sense now."""

from __future__ import annotations

from ptx_viewer.review.edits import READER
from ptx_viewer.review.review import Decision

from .keys import Act
from .reading import Reading

#: Actions that need nothing but an image in the active viewport.
_VIEW = (
    Act.FIT,
    Act.ONE_TO_ONE,
    Act.ZOOM_IN,
    Act.ZOOM_OUT,
    Act.RESET,
    Act.ROTATE_LEFT,
    Act.ROTATE_RIGHT,
    Act.FLIP_HORIZONTAL,
    Act.FLIP_VERTICAL,
    Act.INVERT,
)


def enabled_actions(
    reading: Reading | None, *, has_image: bool, has_items: bool, exporting: bool
) -> dict[Act, bool]:
    """Return, for every action that depends on it, whether it can be used.

    Parameters
    ----------
    reading : Reading or None
        Of the active viewport.
    has_image, has_items : bool
        Whether the viewport shows an image, and anything is open.
    exporting : bool
        Whether a report is being written.
    """
    free = reading is not None and not reading.locked
    selected = reading.selected if reading is not None and free else None
    decision = selected.decision if selected is not None else None
    drawn = selected is not None and selected.source == READER
    rows = reading.measuring.rows() if reading is not None else ()
    own = free and reading is not None and reading.measuring.own_selected
    return {
        **dict.fromkeys(_VIEW, has_image),
        Act.EXPORT: reading is not None and not exporting,
        Act.EXPORT_FINDINGS: reading is not None and not exporting,
        Act.ANALYSE: free,
        Act.ANALYSE_ALL: has_items,
        Act.SCORE_ANYWAY: free and reading is not None and reading.refused is not None,
        Act.UNDO: reading is not None and reading.can_undo,
        Act.REDO: reading is not None and reading.can_redo,
        Act.ADD_FINDING: free,
        Act.FILL_BETWEEN: False,
        Act.ACCEPT: decision in (Decision.SUGGESTED, Decision.REJECTED),
        Act.REJECT: decision in (Decision.SUGGESTED, Decision.ACCEPTED) and not drawn,
        Act.REOPEN: decision in (Decision.ACCEPTED, Decision.REJECTED) and not drawn,
        Act.REMOVE_FINDING: drawn or own,
        Act.NEXT_MEASUREMENT: bool(rows),
        Act.PREVIOUS_MEASUREMENT: bool(rows),
        Act.ROTATED: free and isinstance(reading, Reading),
        Act.PUT_BACK: free and reading is not None and reading.measuring.can_put_back,
    }
