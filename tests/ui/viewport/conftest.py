"""Images built by hand and canvases rendered to arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from ptx_viewer.study.image import (
    Acquisition,
    Image2D,
    ImageReference,
    Orientation,
    PatientIdentity,
    Window,
)
from ptx_viewer.study.luts import to_display
from ptx_viewer.study.spacing import Spacing
from ptx_viewer.ui.viewport import FilmViewport

PATIENT = PatientIdentity(
    name="Doe, Jane",
    patient_id="ID-4711",
    birth_date="19610304",
    sex="F",
    study_date="20240115",
    study_description="Thorax",
    series_description="PA erect",
)
WINDOW = Window(100.0, 201.0)
UPRIGHT = Orientation("L", "F", stated=True)


def build_image(
    raw: np.ndarray,
    window: Window = WINDOW,
    *,
    inverted: bool = False,
    pixels: np.ndarray | None = None,
    colour: np.ndarray | None = None,
    spacing: Spacing | None = None,
    orientation: Orientation = UPRIGHT,
    unit: str = "",
    patient: PatientIdentity = PATIENT,
) -> Image2D:
    return Image2D(
        pixels=to_display(raw, window, inverted) if pixels is None else pixels,
        raw=raw,
        raw_unit=unit,
        window=window,
        inverted=inverted,
        spacing=spacing,
        orientation=orientation,
        reference=ImageReference(Path("film.dcm"), "film.dcm", "1", "1.1", "1.1.1", "1.2"),
        acquisition=Acquisition("DX", "CHEST", "PA"),
        patient=patient,
        colour=colour,
    )


def render(widget: QWidget) -> np.ndarray:
    """Return what the widget paints, uint8 [H, W, 3]."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def grey(image: Image2D) -> np.ndarray:
    return np.rint(image.pixels * 255).astype(np.uint8)


def noise(rows: int = 60, columns: int = 90, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 200, (rows, columns)).astype(np.int16)


@pytest.fixture(scope="session")
def films() -> SimpleNamespace:
    """Functions that build images and render canvases."""
    return SimpleNamespace(image=build_image, render=render, grey=grey, noise=noise)


@pytest.fixture
def viewport(qtbot) -> FilmViewport:
    """A bare canvas of 200 x 160, without corner labels."""
    widget = FilmViewport()
    widget.resize(200, 160)
    widget.set_corner_labels_visible(False)
    qtbot.addWidget(widget)
    return widget


@pytest.fixture
def show(viewport) -> Callable[..., FilmViewport]:
    """Show raw values in the canvas at one screen pixel a film pixel."""

    def show(raw: np.ndarray, *args, zoom: float = 1.0, **kwargs) -> FilmViewport:
        viewport.show_image(build_image(raw, *args, **kwargs))
        viewport.one_to_one()
        viewport.zoom_by(zoom)
        return viewport

    return show


@pytest.fixture
def drag(qtbot) -> Callable[..., None]:
    """Press at the first point, move through the others, release at the last."""

    def move(widget, place, button) -> None:
        # QTest.mouseMove carries no pressed button.
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(place),
            widget.mapToGlobal(QPointF(place)),
            Qt.MouseButton.NoButton,
            button,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(widget, event)

    def drag(widget, points, button=Qt.MouseButton.LeftButton, release=True) -> None:
        places = [QPointF(*point).toPoint() for point in points]
        qtbot.mousePress(widget, button, pos=places[0])
        for place in places[1:]:
            move(widget, place, button)
        if release:
            qtbot.mouseRelease(widget, button, pos=places[-1])

    return drag
