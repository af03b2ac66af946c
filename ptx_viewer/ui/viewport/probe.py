"""What lies at a point of the source grid."""

from __future__ import annotations

import math

from ptx_viewer.study.image import Image2D

from .layers import HeatmapLayer, PixelProbe


def probe_pixel(image: Image2D, heatmap: HeatmapLayer | None, x: float, y: float) -> PixelProbe | None:
    """Return what the pixel around the source point ``(x, y)`` holds; None beside the image."""
    row, column = math.floor(y), math.floor(x)
    if not (0 <= row < image.shape[0] and 0 <= column < image.shape[1]):
        return None
    value, colour, position = None, None, None
    if image.colour is not None:
        red, green, blue = (int(part) for part in image.colour[row, column])
        colour = (red, green, blue)
    else:
        value = float(image.raw[row, column].item())
    if image.spacing is not None:
        position = ((row + 0.5) * image.spacing.row_mm, (column + 0.5) * image.spacing.column_mm)
    evidence = float(heatmap.heatmap[row, column]) if heatmap is not None and heatmap.shown else None
    return PixelProbe(
        row=row,
        column=column,
        value=value,
        unit=image.raw_unit if value is not None else "",
        colour=colour,
        heatmap=evidence,
        heatmap_text=_evidence_text(heatmap, evidence) if heatmap is not None else "",
        position_mm=position,
        spacing=image.spacing,
    )


def _evidence_text(heatmap: HeatmapLayer, evidence: float | None) -> str:
    title = heatmap.title or "heatmap"
    if evidence is None:
        return f"{title}: no evidence"
    number = f"{evidence:+.2f}".replace("-", "−") if heatmap.signed else f"{evidence:.2f}"
    return f"{title} {number}"
