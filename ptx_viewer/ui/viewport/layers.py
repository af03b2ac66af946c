"""What the canvas is given to show and what it says back: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ptx_viewer.measure.annotation import AnnotationKind
from ptx_viewer.study.image import Window
from ptx_viewer.study.spacing import Spacing

from .geometry import ViewState


class Tool(Enum):
    """What dragging with the left mouse button does."""

    WINDOW = "window/level"
    PAN = "pan"
    ZOOM = "zoom"
    SCROLL = "scroll"
    BRUSH = "brush"
    ERASER = "eraser"
    REGION_BOX = "region as a box"
    REGION_STROKE = "region as a stroke"
    SELECT = "select"
    RULER = "ruler"
    ANGLE = "angle"
    ELLIPSE = "ellipse"
    RECTANGLE = "rectangle"

    @property
    def paints(self) -> bool:
        """Whether the tool changes a mask."""
        return self in (Tool.BRUSH, Tool.ERASER)

    @property
    def measures(self) -> AnnotationKind | None:
        """What the tool draws to measure with."""
        return AnnotationKind(self.value) if self.value in set(AnnotationKind) else None

    @property
    def grips(self) -> bool:
        """Whether the tool takes hold of drawings that lie under the mouse."""
        return not self.paints and self not in (Tool.REGION_BOX, Tool.REGION_STROKE)


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
    dashed : bool
        Always drawn as a dashed outline: it marks a question, not a finding.
    context : bool
        Always drawn as a thin outline: a network's own opinion beside the findings.
    """

    finding_id: str
    mask: NDArray[np.bool_]
    colour: str
    label: str = ""
    selected: bool = False
    dashed: bool = False
    context: bool = False


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
        A name of :data:`ptx_viewer.rendering.SEQUENTIAL_COLOUR_MAPS`; ``""`` for the usual one.
    caption : str
        What the map is, in one sentence.
    title : str
        The method's name, before the value under the cursor.
    regions : ndarray of int32, shape [H, W], or None
        Superpixels whose borders are drawn.
    shown : bool
        False for a map that must not be taken for a finding: only its caption is written.
    """

    heatmap: NDArray[np.float32]
    signed: bool
    opacity: float = 0.6
    colour_map: str = ""
    caption: str = ""
    title: str = ""
    regions: NDArray[np.int32] | None = None
    shown: bool = True


@dataclass(frozen=True)
class Look:
    """How an image is looked at; two canvases with the same look show the same pixels.

    Attributes
    ----------
    view : ViewState
    inverted : bool
    window : Window or None
        None shows the image as its file asks.
    """

    view: ViewState
    inverted: bool
    window: Window | None


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
    heatmap_text : str
        The same in words, with the method's name.
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
    heatmap_text: str = ""
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
        if self.heatmap_text:
            parts.append(self.heatmap_text)
        return "  ·  ".join(parts)
