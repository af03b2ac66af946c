"""From dragging the mouse to a window; the grey levels themselves are `study.luts`' work."""

from __future__ import annotations

from ptx_viewer.study.image import Window

#: Logical pixels of dragging that move the window by its own width.
DRAG_PIXELS = 300


def dragged(start: Window, default: Window, across: float, down: float) -> Window:
    """Return the window after dragging by logical pixels: rightwards widens, downwards raises.

    The step is proportional to the span between black and white (the width less 1, DICOM PS3.3
    C.11.2.1.2.1) at the start, so that narrow windows are set finely and wide ones quickly; a share
    of the image's own span keeps a very narrow window from sticking.
    """
    own = max(default.width - 1, 1e-6)
    span = max(start.width - 1, 0.0)
    step = max(span, own / 20) / DRAG_PIXELS
    return Window(start.center + down * step, 1 + max(span + across * step, own / 1000))
