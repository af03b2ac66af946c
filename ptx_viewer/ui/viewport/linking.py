"""Looking at one film as at another one of other size and other values."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ptx_viewer.study.image import Window

from .layers import Look


@dataclass(frozen=True)
class Frame:
    """What a view and a window of one canvas relate to.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns of its image.
    fit_zoom : float
        Zoom at which the whole image is on the canvas.
    window : Window
        That the image's file asks for.
    """

    shape: tuple[int, int]
    fit_zoom: float
    window: Window


def transferred(look: Look, source: Frame, target: Frame) -> Look:
    """Return the look that shows of the target what `look` shows of the source.

    Zoom counts from the fitted film and places are shares of its height and width, so that the same
    part of the chest is in view; the window moves and widens by the same share of the image's own.
    """
    view, window = look.view, look.window
    if view.zoom is not None:
        view = replace(view, zoom=view.zoom / source.fit_zoom * target.fit_zoom)
    if view.centre is not None:
        across, down = target.shape[1] / source.shape[1], target.shape[0] / source.shape[0]
        view = replace(view, centre=(view.centre[0] * across, view.centre[1] * down))
    if window is not None:
        share = target.window.width / max(source.window.width, 1e-9)
        middle = target.window.center + (window.center - source.window.center) * share
        window = Window(middle, max(window.width * share, 1.0))
    return replace(look, view=view, window=window)
