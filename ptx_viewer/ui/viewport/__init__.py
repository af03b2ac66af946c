"""The film canvas and the values it takes and gives."""

from .canvas import REGION_COLOUR
from .drawings import Drawing
from .layers import HeatmapLayer, Look, MaskLayer, MaskStyle, PixelProbe, Tool
from .readout import Readout
from .viewport import FilmViewport

__all__ = [
    "REGION_COLOUR",
    "Drawing",
    "FilmViewport",
    "HeatmapLayer",
    "Look",
    "MaskLayer",
    "MaskStyle",
    "PixelProbe",
    "Readout",
    "Tool",
]
