"""The film canvas and the values it takes and gives."""

from .drawings import Drawing
from .layers import HeatmapLayer, Look, MaskLayer, MaskStyle, PixelProbe, Tool
from .readout import Readout
from .viewport import FilmViewport

__all__ = [
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
