"""Planes of a CT series on paper: outlines as they stand, and what the reader measured on them."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.ct import SIDES, air_label, lung_label
from ptx_viewer.measure.annotation import drawn_line
from ptx_viewer.rendering import ANNOTATION_COLOUR, MODEL_COLOUR
from ptx_viewer.results import VolumeAnalysis
from ptx_viewer.review.volume import PlaneAnnotation
from ptx_viewer.study.image import Window
from ptx_viewer.study.luts import apply_window
from ptx_viewer.study.planes import Cursor, Plane, Planes

from .page import MUTED, SMALL, TINY, Page

_LUNG_WINDOW = Window(-600, 1500)
_LUNG_COLOUR = (150, 190, 225)
_HEIGHT_MM, _GAP_MM, _ROW_MM = 58.0, 4.0, 66.0
_PIXELS_PER_MM = 10
_LINE, _HALO, _LABEL_HEIGHT = 0.3, 0.45, 3.0
#: More planes than this are in the table only: a report is read, not leafed through.
_MOST_PLANES = 9


def write_planes(page: Page, planes: Planes, analysis: VolumeAnalysis) -> None:
    """Print three planes through the middle of the largest pleural air, or of the volume."""
    cursor = _middle(planes, analysis)
    _row(page, planes, analysis, [(plane, planes.index(plane, cursor)) for plane in Plane], ())
    page.write_line(
        "Lung window. Orange: pleural air; pale blue: lungs. Nothing is interpolated between slices.", SMALL
    )


def write_measured_planes(
    page: Page, planes: Planes, analysis: VolumeAnalysis, annotations: Sequence[PlaneAnnotation]
) -> None:
    """Print every plane that the reader measured on, with what was drawn there."""
    shown = list(dict.fromkeys((one.plane, one.index) for one in annotations))
    for start in range(0, min(len(shown), _MOST_PLANES), 3):
        page.keep_together(_ROW_MM)
        _row(page, planes, analysis, shown[start : start + 3], annotations)
    if len(shown) > _MOST_PLANES:
        page.write_line(f"{len(shown) - _MOST_PLANES} more planes are in the table only.", SMALL)


def _row(
    page: Page,
    planes: Planes,
    analysis: VolumeAnalysis,
    wanted: Sequence[tuple[Plane, int]],
    annotations: Sequence[PlaneAnnotation],
) -> None:
    top, left = page.get_y(), page.l_margin
    column = (page.epw - 2 * _GAP_MM) / 3
    for plane, index in wanted:
        height, width = planes.size_mm(plane)
        scale = min(_HEIGHT_MM / height, column / width)
        page.image(_picture(planes, plane, index, analysis), left, top, width * scale, height * scale)
        for one in annotations:
            if (one.plane, one.index) == (plane, index):
                _draw(page, one, planes.grid(plane), (left, top, width * scale, height * scale))
        page.set_xy(left, top + _HEIGHT_MM + 1)
        before, above, behind, below = planes.letters(plane)
        page.write_line(
            f"{plane.value} {index + 1} of {planes.count(plane)}; "
            f"left {before}, right {behind}, top {above}, bottom {below}",
            TINY, colour=MUTED, width=column,
        )  # fmt: skip
        left += column + _GAP_MM
    page.set_y(top + _HEIGHT_MM + 9)


def _draw(
    page: Page,
    annotation: PlaneAnnotation,
    grid: tuple[int, int],
    place: tuple[float, float, float, float],
) -> None:
    """Draw a shape, dark-edged so that it stands out from bone as well as from air, and name it."""
    (rows, columns), (left, top, width, height) = grid, place
    points = [
        (left + (column + 0.5) / columns * width, top + (row + 0.5) / rows * height)
        for row, column in drawn_line(annotation.kind, annotation.points)
    ]
    for colour, line in (((0, 0, 0), _LINE + _HALO), (ANNOTATION_COLOUR, _LINE)):
        page.set_draw_color(*colour)
        page.set_line_width(line)
        for start, end in pairwise(points):
            page.line(*start, *end)
    x, y = max(points, key=lambda point: point[1])
    page.set_font_size(TINY)
    text = page.get_string_width(annotation.title) + 1.6
    label_left = min(max(x - text / 2, left), left + width - text)
    label_top = min(y + 0.8, top + height - _LABEL_HEIGHT)
    page.set_fill_color(0, 0, 0)
    page.rect(label_left, label_top, text, _LABEL_HEIGHT, style="F")
    page.set_xy(label_left, label_top)
    page.set_text_color(*ANNOTATION_COLOUR)
    page.cell(text, _LABEL_HEIGHT, page.printable(annotation.title), align="C")


def _middle(planes: Planes, analysis: VolumeAnalysis) -> Cursor:
    slices, rows, columns = planes.volume.hounsfield.shape
    found = analysis.segmentation
    masks = [found.of(air_label(side)) for side in analysis.sides] if found is not None else []
    if not masks:
        return Cursor(slices // 2, rows // 2, columns // 2)
    mask = max(masks, key=np.count_nonzero)
    at = int(np.argmax(mask.sum(axis=(1, 2))))
    down, across = np.nonzero(mask[at])
    nearest = int(np.argmin((down - down.mean()) ** 2 + (across - across.mean()) ** 2))
    return Cursor(at, int(down[nearest]), int(across[nearest]))


def _picture(planes: Planes, plane: Plane, index: int, analysis: VolumeAnalysis) -> BytesIO:
    values = planes.cut(planes.volume.hounsfield, plane, index)
    grey = np.rint(apply_window(values.astype(np.int16), _LUNG_WINDOW) * 255).astype(np.uint8)
    colour = np.repeat(grey[..., None], 3, axis=2)
    gaps = planes.gaps(plane)
    if gaps is not None:
        colour[gaps] = 0
    if analysis.segmentation is not None:
        labels = planes.cut(analysis.segmentation.labels, plane, index)
        for side in SIDES:
            _outline(colour, labels == lung_label(side), _LUNG_COLOUR)
            air: NDArray[np.bool_] = labels == air_label(side)
            colour[air] = (0.55 * colour[air] + 0.45 * np.array(MODEL_COLOUR)).astype(np.uint8)
            _outline(colour, air, MODEL_COLOUR)
    height, width = planes.size_mm(plane)
    scale = _HEIGHT_MM * _PIXELS_PER_MM / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    stream = BytesIO()
    Image.fromarray(cv2.resize(colour, size, interpolation=cv2.INTER_AREA)).save(stream, "JPEG", quality=90)
    stream.seek(0)
    return stream


def _outline(colour: NDArray[np.uint8], mask: NDArray[np.bool_], tint: tuple[int, int, int]) -> None:
    if mask.any():
        inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
        colour[mask & (inner == 0)] = tint
