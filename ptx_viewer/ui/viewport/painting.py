"""One repaint of the canvas, from the black ground up to the frame of the focus."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen

from ptx_viewer.study.image import Window
from ptx_viewer.ui import theme

from .annotations import Annotations
from .drawing_paint import paint_drawings
from .drawings import Drawing
from .film import Film
from .geometry import Geometry
from .heatmap import Heatmap
from .layers import MaskStyle
from .masks import MaskOutline, MaskOverlay, paint_labels, paint_mask, screen_transform
from .readout import Readout, paint_readout
from .text import TextBlock, wrap

UNREADABLE = "This image cannot be shown"
EMPTY = "No image"


@dataclass(frozen=True)
class Message:
    """What stands in place of an image.

    Attributes
    ----------
    text : str
        ``""`` says that there is no image.
    problem : bool
        Whether `text` is the reason why an image cannot be shown.
    """

    text: str = ""
    problem: bool = False


@dataclass(frozen=True, eq=False)
class Scene:
    """An image and everything over it.

    Attributes
    ----------
    window : Window or None
        None shows the film as its file asks.
    brush : tuple or None
        Source point ``(x, y)`` and radius in source pixels of the brush under the cursor.
    region : MaskOutline or None
        The region being drawn.
    readout : Readout or None
        What is read at the linked cursor.
    drawings : tuple of Drawing
        Lines and shapes over the film.
    """

    film: Film
    geometry: Geometry
    window: Window | None
    inverted: bool
    heatmap: Heatmap | None
    masks: MaskOverlay
    annotations: Annotations
    brush: tuple[float, float, float] | None
    region: MaskOutline | None = None
    readout: Readout | None = None
    drawings: tuple[Drawing, ...] = ()


def paint_scene(painter: QPainter, scene: Scene, size: QSizeF, ratio: float, font: QFont) -> None:
    """Draw an image with its overlays on a canvas of `size` logical pixels."""
    geometry = scene.geometry
    left, top, _, _ = geometry.image_rectangle()
    layers = [scene.film.draw(geometry, scene.window, scene.inverted)]
    if scene.heatmap is not None and scene.heatmap.layer.shown:
        layers.append(scene.heatmap.draw(geometry))
    for layer in layers:
        _copy(painter, layer, left, top, ratio)
    scene.masks.paint(painter, geometry, ratio)
    if scene.region is not None:
        paint_mask(painter, scene.region, MaskStyle.OUTLINE, 1.0, geometry, ratio)
    taken = scene.annotations.paint(painter, size, font)
    to_screen = screen_transform(geometry, ratio)
    if scene.readout is not None:
        taken.append(paint_readout(painter, scene.readout, to_screen, size, font))
    area = QRectF(QPointF(0, 0), size)
    taken += paint_drawings(painter, scene.drawings, to_screen, font, area, taken)
    if scene.annotations.labels:
        paint_labels(painter, scene.masks.items, to_screen, font, area, taken)
    if scene.brush is not None:
        x, y, radius = scene.brush
        circle = to_screen.mapRect(QRectF(x - radius, y - radius, 2 * radius, 2 * radius))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(QColor(0, 0, 0, 160), 3), QPen(QColor("#ffffff"), 1)):
            painter.setPen(pen)
            painter.drawEllipse(circle)


def paint_message(painter: QPainter, message: Message, size: QSizeF, font: QFont) -> None:
    """Write what stands in place of an image, in the middle."""
    width = min(size.width() - 32, 480)
    heading = QFont(font)
    heading.setBold(True)
    paragraphs = [(message.text or EMPTY, font, theme.QUIET)]
    if message.problem:
        paragraphs.insert(0, (UNREADABLE, heading, theme.PROBLEM))
    blocks = [
        TextBlock(wrap(text, used, width), used, colour=colour, centred=True)
        for text, used, colour in paragraphs
    ]
    top = (size.height() - sum(block.height for block in blocks)) / 2
    for block in blocks:
        block.paint(painter, (size.width() - block.width) / 2, top)
        top += block.height


def paint_frame(painter: QPainter, size: QSizeF) -> None:
    """Draw the frame of the viewport that keys and commands go to."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    colour = QColor(theme.ACCENT)
    width, height = size.width(), size.height()
    for edge in (
        QRectF(0, 0, width, 1),
        QRectF(0, height - 1, width, 1),
        QRectF(0, 0, 1, height),
        QRectF(width - 1, 0, 1, height),
    ):
        painter.fillRect(edge, colour)


def to_device_grid(painter: QPainter, ratio: float) -> QPointF:
    """Return the shift that puts the canvas' corner on a whole device pixel.

    At fractional scales (125 %) a canvas inside a window may begin between two device pixels;
    without the shift every film pixel would be interpolated.
    """
    transform = painter.deviceTransform()
    across, down = transform.dx(), transform.dy()
    return QPointF((round(across) - across) / ratio, (round(down) - down) / ratio)


def _copy(painter: QPainter, picture: QImage, left: int, top: int, ratio: float) -> None:
    """Copy device pixels at a device pixel: nothing may be interpolated a second time."""
    picture.setDevicePixelRatio(ratio)
    painter.drawImage(QPointF(left / ratio, top / ratio), picture)
