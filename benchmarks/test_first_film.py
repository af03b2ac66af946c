"""From choosing a film of 2,048² to seeing it."""

from __future__ import annotations

import time

from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan
from ptx_viewer.ui.viewport import FilmViewport

RUNS = 5


def test_first_film(film, stored, figure, qtbot):
    (entry,) = scan([film]).instances()
    viewport = FilmViewport()
    qtbot.addWidget(viewport)
    viewport.resize(1000, 720)
    viewport.show()
    seconds = []
    for _ in range(RUNS):
        viewport.clear()
        viewport.repaint()
        began = time.perf_counter()
        viewport.show_image(read_image(entry))
        viewport.repaint()
        seconds.append(time.perf_counter() - began)
    name = f"first film on screen, 2,048², 12 bits, {stored}"
    figure(name, sorted(seconds)[RUNS // 2], "s", at_most=0.5)
