"""How fast the film canvas follows the hand: a frame is one mouse move and its repaint.

Run with ``pytest benchmarks/test_viewport.py``; 30 frames/s are 33 ms a frame.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytest_benchmark.fixture import BenchmarkFixture

from ptx_viewer.study.image import Acquisition, Image2D, ImageReference, Orientation, PatientIdentity, Window
from ptx_viewer.study.luts import to_display
from ptx_viewer.study.spacing import Spacing, SpacingBasis
from ptx_viewer.ui.viewport import FilmViewport, HeatmapLayer, MaskLayer, Tool

CANVAS = (1000, 720)  # what is left for the film in a window of 1366 x 768


def image(raw: np.ndarray, window: Window) -> Image2D:
    return Image2D(
        pixels=to_display(raw, window, False),
        raw=raw,
        raw_unit="",
        window=window,
        inverted=False,
        spacing=Spacing(0.14, 0.14, SpacingBasis.DETECTOR_PLANE),
        orientation=Orientation(stated=True),
        reference=ImageReference(Path("film.dcm"), "film.dcm", "1", "1.1", "1.1.1", "1.2"),
        acquisition=Acquisition("DX", "CHEST", "PA"),
        patient=PatientIdentity(name="Doe, Jane", patient_id="4711"),
    )


@pytest.fixture(scope="module")
def film() -> Image2D:
    """A 3,000 x 3,000 film that uses the whole of 16 bits."""
    rows, columns = np.mgrid[:3000, :3000].astype(np.float32) / 3000
    values = 32767 * (1 + np.sin(9 * rows) * np.cos(7 * columns))
    values += np.random.default_rng(0).normal(0, 300, values.shape)
    return image(np.clip(values, 0, 65535).astype(np.int32), Window(32768.0, 65536.0))


@pytest.fixture(scope="module")
def crescent() -> np.ndarray:
    """A pneumothorax of 1,400 rows with a long outline."""
    rows, columns = np.mgrid[:3000, :3000].astype(np.float32)
    outer = ((columns - 900) / 600) ** 2 + ((rows - 1200) / 900) ** 2 < 1
    return outer & (((columns - 980) / 560) ** 2 + ((rows - 1280) / 860) ** 2 > 1)


@pytest.fixture
def viewport(qtbot) -> FilmViewport:
    widget = FilmViewport()
    qtbot.addWidget(widget)
    widget.resize(*CANVAS)
    widget.show()
    return widget


def rate(benchmark: BenchmarkFixture) -> float:
    """Frames in a second, from the median; not a number when benchmarks are disabled."""
    return 1 / benchmark.stats.stats.median if benchmark.enabled else float("nan")


class Hand:
    """Moves the mouse with the left button down and waits for the repaint."""

    def __init__(self, viewport: FilmViewport) -> None:
        self._viewport = viewport
        self._path = itertools.cycle([*range(200, 600, 7), *range(600, 200, -7)])
        self._send(QEvent.Type.MouseButtonPress, next(self._path))

    def move(self) -> None:
        self._send(QEvent.Type.MouseMove, next(self._path))
        self._viewport.repaint()

    def _send(self, kind: QEvent.Type, place: int) -> None:
        point = QPointF(place, 0.8 * place)
        left = Qt.MouseButton.LeftButton
        QApplication.sendEvent(
            self._viewport,
            QMouseEvent(kind, point, point, left, left, Qt.KeyboardModifier.NoModifier),
        )


@pytest.mark.parametrize("zoom", ["fitted", "1:1"])
@pytest.mark.parametrize("overlays", ["bare", "with masks and heatmap"])
def test_window_drag_on_a_3000_film(benchmark, figure, viewport, film, crescent, zoom, overlays):
    viewport.show_image(film)
    if zoom == "1:1":
        viewport.one_to_one()
    if overlays != "bare":
        viewport.set_masks([MaskLayer("a", crescent, "#ff9f1c", "right 0.93", True)])
        viewport.set_heatmap(HeatmapLayer(crescent.astype(np.float32), signed=False))
    benchmark(Hand(viewport).move)
    figure(f"window drag on a 3,000² film, {zoom}, {overlays}", rate(benchmark), "frames/s", at_least=30)


def test_pan_on_a_3000_film(benchmark, viewport, film):
    viewport.show_image(film)
    viewport.one_to_one()
    viewport.set_tool(Tool.PAN)
    benchmark(Hand(viewport).move)


def test_brush_on_a_3000_film(benchmark, viewport, film, crescent):
    viewport.show_image(film)
    viewport.set_masks([MaskLayer("a", crescent, "#ff9f1c", "right 0.93", True)])
    viewport.set_edit_target("a")
    viewport.set_tool(Tool.BRUSH)
    viewport.set_brush_radius(60)
    benchmark(Hand(viewport).move)


def test_first_paint_of_a_3000_film(benchmark, viewport, film):
    def show() -> None:
        viewport.show_image(film)
        viewport.repaint()

    benchmark(show)


def test_ct_scroll_at_512(benchmark, figure, viewport):
    rng = np.random.default_rng(0)
    slices = [
        image(rng.integers(-1024, 1500, (512, 512)).astype(np.int16), Window(-600.0, 1500.0))
        for _ in range(20)
    ]

    class Stack:
        def __len__(self) -> int:
            return len(slices)

        def image(self, index: int) -> Image2D:
            return slices[index]

    viewport.show_stack(Stack())
    viewport.set_window(40.0, 400.0)
    order = itertools.cycle([*range(20), *range(18, 0, -1)])

    def scroll() -> None:
        viewport.set_slice(next(order))
        viewport.repaint()

    benchmark(scroll)
    figure("CT scroll at 512²", rate(benchmark), "frames/s", at_least=30)
