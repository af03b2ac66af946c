"""What the canvas is given to show and what it says back: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ptx_viewer.study.spacing import Spacing


class Tool(Enum):
    """What dragging with the left mouse button does."""

    WINDOW = "window/level"
    PAN = "pan"
    ZOOM = "zoom"
    SCROLL = "scroll"
    BRUSH = "brush"
    ERASER = "eraser"

    @property
    def paints(self) -> bool:
        """Whether the tool changes a mask."""
        return self in (Tool.BRUSH, Tool.ERASER)


class MaskStyle(Enum):
    """How masks are drawn."""

    OUTLINE = "outline"
    FILL = "fill"
    HIDDEN = "hidden"


@dataclass(frozen=True, eq=False)
class MaskLayer:
    """One finding's mask on the film.

    Attributes
    ----------
    finding_id : str
    mask : ndarray of bool, shape [H, W]
        In the source image's grid; treated as read-only.
    colour : str
        Anything that ``QColor`` understands, e.g. ``"#ff9f1c"``.
    label : str
        Short text beside the outline; may be empty.
    selected : bool
        Drawn with a thicker line.
    """

    finding_id: str
    mask: NDArray[np.bool_]
    colour: str
    label: str = ""
    selected: bool = False


@dataclass(frozen=True, eq=False)
class HeatmapLayer:
    """One explanation over the film.

    Attributes
    ----------
    heatmap : ndarray of float32, shape [H, W]
        In the source image's grid: 0..1, or -1..1 when `signed`.
    signed : bool
        Whether negative values mean evidence against.
    opacity : float
        0..1, the opacity of the largest magnitude; smaller ones are more transparent.
    colour_map : str
        A name of :mod:`ptx_viewer.ui.colour_maps`; ``""`` for the usual one.
    caption : str
        One line that says what the map is.
    """

    heatmap: NDArray[np.float32]
    signed: bool
    opacity: float = 0.6
    colour_map: str = ""
    caption: str = ""


@dataclass(frozen=True)
class PixelProbe:
    """What lies under the cursor, in the source image's grid.

    Attributes
    ----------
    row, column : int
    value : float or None
        The modality value; None for a colour image.
    unit : str
        Unit of `value`, e.g. ``"HU"``; may be empty.
    colour : tuple of int or None
        Red, green and blue of a colour image.
    heatmap : float or None
        Value of the heatmap shown; None without one.
    position_mm : tuple of float or None
        Distance of the pixel's centre from the image's top and left edge, in millimetres
        at the plane that `spacing` names; None when uncalibrated.
    spacing : Spacing or None
    """

    row: int
    column: int
    value: float | None
    unit: str = ""
    colour: tuple[int, int, int] | None = None
    heatmap: float | None = None
    position_mm: tuple[float, float] | None = None
    spacing: Spacing | None = None

    @property
    def text(self) -> str:
        """One line for a status bar."""
        parts = [f"row {self.row}, column {self.column}"]
        if self.position_mm is not None and self.spacing is not None:
            down, across = self.position_mm
            parts.append(f"{down:.1f}, {across:.1f} mm ({self.spacing.basis})")
        if self.value is not None:
            parts.append(f"{self.value:.6g} {self.unit}".rstrip())
        if self.colour is not None:
            parts.append("RGB {}, {}, {}".format(*self.colour))
        if self.heatmap is not None:
            parts.append(f"heatmap {self.heatmap:.2f}")
        return "  ·  ".join(parts)
