"""The film canvas and the values it takes and gives."""

from .layers import HeatmapLayer, MaskLayer, MaskStyle, PixelProbe, Tool
from .viewport import FilmViewport

__all__ = ["FilmViewport", "HeatmapLayer", "MaskLayer", "MaskStyle", "PixelProbe", "Tool"]
